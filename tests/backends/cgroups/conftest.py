"""Groups made by every manager for which this machine has hierarchies; gone when the tests are."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from backends.cgroups.folder import Folder
from backends.cgroups.hybrid import HybridCgroups
from backends.cgroups.manager import HierarchyManager
from backends.cgroups.v1 import V1Cgroups
from backends.cgroups.v2 import V2Cgroups
from tests.backends.cgroups.living import LAYOUT, V2_CONTROLLERS


def mounts() -> set[str]:
    return {*LAYOUT.v1.values(), LAYOUT.v2} - {""}


@pytest.fixture(scope="session")
def top() -> Iterator[str]:
    """The cgroup of this test run, above all that it makes."""
    name = f"/runtime-test-{os.getpid()}"
    yield name
    for mount in mounts():
        Folder(mount + name).remove(5.0)
        assert not os.path.exists(mount + name)


def managers() -> list[type[HierarchyManager]]:
    """Those for which this machine has all that the tests limit."""
    v1 = set(LAYOUT.v1)
    v2 = {*V2_CONTROLLERS, "freezer", "devices"} if LAYOUT.v2 else set()
    needed = {"memory", "cpu", "pids", "freezer", "devices"}
    offered: list[tuple[type[HierarchyManager], set[str]]] = [(V1Cgroups, v1), (V2Cgroups, v2)]
    if v1 and v2:
        offered.append((HybridCgroups, v1 | v2))
    return [kind for kind, controllers in offered if needed <= controllers]


@pytest.fixture(params=managers(), ids=lambda kind: kind.name)
def groups(request: pytest.FixtureRequest) -> HierarchyManager:
    made: HierarchyManager = request.param(LAYOUT)
    return made


@pytest.fixture
def path(request: pytest.FixtureRequest, top: str) -> Iterator[str]:
    name = f"{top}/{abs(hash(request.node.nodeid))}"
    yield name
    for mount in mounts():
        for member in Folder(mount + name).members():
            os.kill(member, signal.SIGKILL)
        Folder(mount + name).remove(5.0)
