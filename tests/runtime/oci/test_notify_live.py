"""linux.seccomp's SCMP_ACT_NOTIFY: an agent is handed the listener, and answers the container's system calls."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.oci.agent import Agent
from tests.runtime.oci.conftest import Oci

pytestmark = pytest.mark.live

MKDIR = "mkdir /tmp/made"


@pytest.fixture
def start_agent(tmp_path: Path) -> Iterator[Callable[..., Agent]]:
    agents: list[Agent] = []

    def start(**more: Any) -> Agent:
        agents.append(Agent(str(tmp_path / "agent"), **more))
        return agents[-1]

    yield start
    for agent in agents:
        agent.close()


def _profile(oci: Oci, *names: str, **more: Any) -> dict[str, Any]:
    rule = {"names": list(names or ("mkdir", "mkdirat")), "action": "SCMP_ACT_NOTIFY"}
    path = str(oci.folder / "agent")
    return {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": path, "syscalls": [rule], **more}


@pytest.mark.parametrize("quiet", [True, False], ids=["no-new-privileges", "with-privileges"])
def test_an_agent_refuses_a_call(oci: Oci, start_agent: Callable[..., Agent], quiet: bool) -> None:
    start_agent(errno=errno.EXDEV)
    done = oci.run(MKDIR, status=1, linux__seccomp=_profile(oci), process__noNewPrivileges=quiet)
    assert os.strerror(errno.EXDEV).lower() in done.stderr.lower()


@pytest.mark.parametrize("quiet", [True, False], ids=["no-new-privileges", "with-privileges"])
def test_an_agent_lets_calls_happen_that_the_runtime_makes_too(
    oci: Oci, start_agent: Callable[..., Agent], quiet: bool
) -> None:
    agent = start_agent()
    names = ("execve", "openat", "open", "read", "close", "prctl", "recvmsg")
    oci.run("true", linux__seccomp=_profile(oci, *names), process__noNewPrivileges=quiet)
    assert agent.calls


def test_the_agent_is_told_whose_calls_they_are(oci: Oci, start_agent: Callable[..., Agent]) -> None:
    agent = start_agent()
    profile = _profile(oci, listenerMetadata="for=test")
    bundle = oci.shell("sleep 1000", linux__seccomp=profile, process__noNewPrivileges=False, annotations={"a": "b"})
    oci("create", "-b", bundle, oci.name)
    pid = oci.state()["pid"]
    (told,) = agent.hear(1)
    assert told == {
        "ociVersion": "1.2.0",
        "fds": ["seccompFd"],
        "pid": pid,
        "metadata": "for=test",
        "state": {
            "ociVersion": "1.2.0",
            "id": oci.name,
            "status": "creating",
            "pid": pid,
            "bundle": bundle,
            "annotations": {"a": "b"},
        },
    }
    oci("delete", "--force", oci.name)


def test_a_filter_of_the_last_moment_is_handed_over_by_start(oci: Oci, start_agent: Callable[..., Agent]) -> None:
    agent = start_agent()
    oci("create", "-b", oci.shell(f"{MKDIR} && sleep 1000", linux__seccomp=_profile(oci)), oci.name)
    pid = oci.state()["pid"]
    assert agent.told == []
    oci("start", oci.name)
    assert [(told["pid"], told["state"]["id"], told["state"]["status"]) for told in agent.hear(1)] == [
        (pid, oci.name, "created")
    ]
    oci("delete", "--force", oci.name)


def test_a_later_process_has_a_listener_of_its_own(oci: Oci, start_agent: Callable[..., Agent]) -> None:
    agent = start_agent(errno=errno.EXDEV)
    bundle = oci.shell("sleep 1000", linux__seccomp=_profile(oci, listenerMetadata="m"))
    oci("run", "--detach", "-b", bundle, oci.name)
    first = oci.state()["pid"]
    done = oci("exec", oci.name, "/bin/sh", "-c", MKDIR, status=1)
    assert os.strerror(errno.EXDEV).lower() in done.stderr.lower()
    assert [told["metadata"] for told in agent.hear(2)] == ["m", "m"]
    later = agent.told[1]
    assert later["pid"] != first
    assert (later["state"]["pid"], later["state"]["status"]) == (first, "running")
    oci("delete", "--force", oci.name)


def test_nobody_listening_is_an_error_and_nothing_is_left(oci: Oci) -> None:
    done = oci.run("true", status=1, linux__seccomp=_profile(oci))
    assert "failed to connect with seccomp agent" in done.stderr
    assert os.listdir(oci.root) == []


def test_a_listener_that_nothing_is_notified_to_is_not_looked_for(oci: Oci) -> None:
    oci.run("true", linux__seccomp=_profile(oci, syscalls=[]))


def test_waiting_that_only_a_fatal_signal_ends_can_be_asked_for(oci: Oci, start_agent: Callable[..., Agent]) -> None:
    agent = start_agent(errno=errno.EXDEV)
    profile = _profile(oci, flags=["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", "SECCOMP_FILTER_FLAG_LOG"])
    oci.run(MKDIR, status=1, linux__seccomp=profile)
    assert agent.calls


@pytest.mark.parametrize(
    "flag", ["TSYNC", "LOG", "SPEC_ALLOW", "WAIT_KILLABLE_RECV"], ids=lambda name: str(name).lower()
)
def test_every_flag_of_the_specification_is_taken(oci: Oci, flag: str) -> None:
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "flags": [f"SECCOMP_FILTER_FLAG_{flag}"]}
    assert oci.run("grep Seccomp: /proc/self/status", linux__seccomp=profile).stdout.split() == ["Seccomp:", "2"]


@pytest.mark.parametrize("name", ["write", "sendmsg"])
def test_what_the_handing_over_needs_cannot_be_notified(oci: Oci, name: str) -> None:
    done = oci.run("true", status=1, linux__seccomp=_profile(oci, "mkdir", name))
    assert f"SCMP_ACT_NOTIFY cannot be used for the {name} syscall" in done.stderr


def test_all_calls_cannot_be_notified(oci: Oci) -> None:
    done = oci.run("true", status=1, linux__seccomp=_profile(oci, defaultAction="SCMP_ACT_NOTIFY"))
    assert "SCMP_ACT_NOTIFY cannot be used as default action" in done.stderr


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("linux.seccomp.syscalls[0].action", {"listenerPath": ""}),
        ("linux.seccomp.listenerMetadata", {"listenerPath": "", "listenerMetadata": "x", "syscalls": []}),
        ("linux.seccomp.flags[0]", {"flags": ["SECCOMP_FILTER_FLAG_LUCK"]}),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_path(oci: Oci, path: str, more: dict[str, Any]) -> None:
    assert f"{path}: " in oci.run("true", status=1, linux__seccomp=_profile(oci, **more)).stderr
