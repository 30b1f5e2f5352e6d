"""Every execution backend under the one suite for all of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.execution import Containers, ExecutionContract, Member

MEMBERS = (
    Member("namespaces"),
    Member("lxc"),
    Member("chroot", without=("pid-namespace", "own-root")),
    Member(
        "chroot",
        without=("pid-namespace", "own-root", "uts-namespace", "ipc-namespace"),
        forbidden=("mount-namespace",),
    ),
)


@pytest.fixture(params=MEMBERS, ids=str)
def containers(request: pytest.FixtureRequest, runtime: Any) -> Containers:
    tools = runtime.engine.report()["lxc.tools"]
    if request.param.backend == "lxc" and not tools.present:
        pytest.skip(tools.reason)
    return Containers(runtime, request.param)


class TestExecution(ExecutionContract):
    pass
