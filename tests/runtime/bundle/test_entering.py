from __future__ import annotations

from typing import Any

import pytest

from runtime.bundle.entering import exec_process
from runtime.containers.request import ExecRequest
from runtime.errors import InvalidInput

PASSWD = "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n"
BUNDLE: dict[str, Any] = {
    "process": {
        "terminal": True,
        "user": {"uid": 0, "gid": 0, "additionalGids": [4]},
        "args": ["serve"],
        "env": ["PATH=/bin", "HOME=/root", "A=1"],
        "cwd": "/srv",
        "capabilities": {"bounding": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"], "permitted": ["CAP_CHOWN"]},
        "noNewPrivileges": True,
        "rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}],
    }
}


def entered(**said: Any) -> dict[str, Any]:
    return exec_process(ExecRequest(**{"command": ("id",), **said}), BUNDLE, PASSWD, "")


def test_it_is_the_containers_own_but_for_the_command() -> None:
    process = entered()
    for key in ("user", "env", "cwd", "noNewPrivileges", "rlimits"):
        assert process[key] == BUNDLE["process"][key]
    assert process["args"] == ["id"]
    assert process["terminal"] is False
    assert process["capabilities"]["effective"] == ["CAP_CHOWN"]


def test_another_user_has_another_home_and_no_capabilities() -> None:
    process = entered(user="app")
    assert process["user"] == {"uid": 1000, "gid": 1000}
    assert "HOME=/home/app" in process["env"]
    assert process["capabilities"]["effective"] == []
    assert process["capabilities"]["bounding"] == ["CAP_CHOWN"]


def test_privileged_holds_every_capability() -> None:
    assert "CAP_SYS_ADMIN" in entered(privileged=True)["capabilities"]["effective"]


def test_the_environment_is_added_to() -> None:
    assert entered(environment=("A=2", "PATH", "B=3"))["env"] == ["HOME=/root", "A=2", "B=3"]


def test_a_terminal_has_a_size() -> None:
    assert entered(tty=True, console_size=(24, 80))["consoleSize"] == {"height": 24, "width": 80}


@pytest.mark.parametrize("said", [{"command": ("",)}, {"working_folder": "a"}, {"user": "nobody"}])
def test_what_makes_no_sense_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        entered(**said)


def test_the_containers_bundle_is_left_as_it_is() -> None:
    before = repr(BUNDLE)
    entered(user="app", environment=("A=9",), privileged=True)
    assert repr(BUNDLE) == before
