from __future__ import annotations

import json

import pytest

from runtime.containers.request import (
    Device,
    ExecRequest,
    Mount,
    Request,
    Resources,
    RestartPolicy,
    Throttle,
    Ulimit,
)
from runtime.errors import InvalidInput

FULL = Request(
    image="debian",
    command=("sh", "-c", "true"),
    entrypoint=(),
    environment=("A=b", "C"),
    labels={"a": "b"},
    mounts=(Mount("bind", "/a", "/b", read_only=True, options=("rshared",), create_source=True),),
    devices=(Device("/dev/null", "/dev/nothing", "r"),),
    ulimits=(Ulimit("nofile", 1, -1),),
    resources=Resources(memory=1 << 29, device_read_bps=(Throttle("/dev/sda", 5),)),
    restart=RestartPolicy("on-failure", 3),
    seccomp_profile={"defaultAction": "SCMP_ACT_ALLOW"},
    backends={"storage": "copy"},
    require=("seccomp",),
)


@pytest.mark.parametrize("request_", [Request(), FULL], ids=["empty", "full"])
def test_a_request_survives_its_record(request_: Request) -> None:
    assert Request.from_dict(json.loads(json.dumps(request_.to_dict()))) == request_


def test_an_exec_request_survives_its_record() -> None:
    wish = ExecRequest(("id",), ("A=b",), "/", "1:2", True, True, True, True, "ctrl-x", (24, 80))
    assert ExecRequest.from_dict(json.loads(json.dumps(wish.to_dict()))) == wish


def test_what_was_not_said_is_left_out_of_the_record() -> None:
    assert Request(image="debian").to_dict() == {"image": "debian"}


def test_an_empty_entrypoint_is_not_an_unsaid_one() -> None:
    assert Request.from_dict(Request(entrypoint=()).to_dict()).entrypoint == ()
    assert Request.from_dict(Request().to_dict()).entrypoint is None


def test_a_field_of_the_future_is_refused() -> None:
    with pytest.raises(InvalidInput, match="teleport"):
        Request.from_dict({"teleport": True})


def test_changed_resources_keep_what_was_not_mentioned() -> None:
    before = Request(resources=Resources(memory=1, cpuset_cpus="0"))
    after = before.with_resources(Resources(memory=2, pids_limit=3))
    assert after.resources == Resources(memory=2, cpuset_cpus="0", pids_limit=3)
