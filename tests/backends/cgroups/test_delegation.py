"""A cgroup given to a container's root."""

from __future__ import annotations

import os
from typing import Any

import pytest

from backends.cgroups.delegation import hand_over, owner
from tests.backends.cgroups.living import LAYOUT, needs_v2

MAPPING = [{"containerID": 0, "hostID": 100000, "size": 10}]


def config(**changes: Any) -> dict[str, Any]:
    linux = {"namespaces": [{"type": "user"}, {"type": "cgroup"}], "uidMappings": MAPPING}
    mounts = [{"destination": "/sys/fs/cgroup", "type": "cgroup", "options": ["rw", "nosuid"]}]
    return {"process": {"user": {"uid": 3}}, "linux": linux, "mounts": mounts, **changes}


def test_it_goes_to_the_one_whose_program_runs() -> None:
    assert owner(config()) == 100003


@pytest.mark.parametrize(
    "changes",
    [
        {"mounts": []},
        {"mounts": [{"destination": "/sys/fs/cgroup", "type": "cgroup", "options": ["ro"]}]},
        {"linux": {"namespaces": [{"type": "user"}], "uidMappings": MAPPING}},
        {"linux": {"namespaces": [{"type": "cgroup"}]}},
        {"linux": {"namespaces": [{"type": "user", "path": "/proc/1/ns/user"}, {"type": "cgroup"}]}},
        {"process": {"user": {"uid": 99}}},
    ],
    ids=["no mount", "read-only", "no cgroup namespace", "no user namespace", "a joined one", "not mapped"],
)
def test_else_it_stays_with_root(changes: dict[str, Any]) -> None:
    assert owner(config(**changes)) is None


@pytest.mark.live
@needs_v2
def test_members_are_given_and_limits_are_not() -> None:
    folder = f"{LAYOUT.v2}/runtime-delegation-{os.getpid()}"
    os.mkdir(folder)
    try:
        hand_over(folder, 100000)
        owners = {name: os.stat(f"{folder}/{name}").st_uid for name in ("", "cgroup.procs", "cgroup.max.depth")}
    finally:
        os.rmdir(folder)
    assert owners == {"": 100000, "cgroup.procs": 100000, "cgroup.max.depth": 0}
