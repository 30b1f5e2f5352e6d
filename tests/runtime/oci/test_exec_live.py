"""exec, ps, pause, resume, update, events: what is done to a container that runs."""

from __future__ import annotations

import array
import json
import os
import socket
from pathlib import Path

import pytest

from tests.runtime.oci.conftest import Oci

pytestmark = pytest.mark.live


def test_exec_runs_in_the_container_and_returns_the_status(sleeping: Oci) -> None:
    done = sleeping("exec", sleeping.name, "sh", "-c", "hostname; cat; exit 9", status=9, stdin="in\n")
    assert done.stdout == "box\nin\n"


def test_options_of_exec_describe_the_process(sleeping: Oci) -> None:
    script = "id -u; id -g; pwd; echo $X; grep CapBnd /proc/self/status"
    done = sleeping("exec", "-u", "5:6", "--cwd", "/tmp", "-e", "X=y", sleeping.name, "sh", "-c", script)
    assert done.stdout.split()[:4] == ["5", "6", "/tmp", "y"]


def test_capabilities_are_added_to_those_of_the_container(sleeping: Oci) -> None:
    said = sleeping("exec", "--cap", "CAP_SYS_ADMIN", sleeping.name, "grep", "CapEff", "/proc/self/status").stdout
    assert int(said.split()[1], 16) >> 21 & 1


def test_options_behind_the_name_belong_to_the_program(sleeping: Oci) -> None:
    assert sleeping("exec", sleeping.name, "echo", "--cwd", "-t").stdout == "--cwd -t\n"


def test_a_process_is_described_by_a_file(sleeping: Oci, tmp_path: Path) -> None:
    file = tmp_path / "process.json"
    process = {"args": ["sh", "-c", "echo $A"], "env": ["PATH=/bin", "A=b"], "cwd": "/", "user": {"uid": 0, "gid": 0}}
    file.write_text(json.dumps(process))
    assert sleeping("exec", "--process", str(file), sleeping.name).stdout == "b\n"


def test_a_detached_process_goes_on_and_its_pid_is_told(sleeping: Oci, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    sleeping("exec", "--detach", "--pid-file", str(file), sleeping.name, "sleep", "500")
    pid = int(file.read_text())
    assert Path(f"/proc/{pid}/cmdline").read_bytes() == b"sleep\x00500\x00"
    assert sorted(json.loads(sleeping("ps", "-f", "json", sleeping.name).stdout)) == sorted(
        [pid, sleeping.state()["pid"]]
    )


def test_an_exec_that_fails_has_a_status_of_its_own(sleeping: Oci) -> None:
    done = sleeping("exec", sleeping.name, "nosuch", status=255)
    assert "exec failed: unable to start container process" in done.stderr
    assert "executable file not found in $PATH" in done.stderr


def test_a_paused_container_stands_still(sleeping: Oci) -> None:
    sleeping("pause", sleeping.name)
    assert sleeping.state()["status"] == "paused"
    assert "paused container" in sleeping("exec", sleeping.name, "true", status=255).stderr
    sleeping("resume", sleeping.name)
    assert sleeping.state()["status"] == "running"
    assert "container not paused" in sleeping("resume", sleeping.name, status=1).stderr


def test_a_paused_container_can_be_deleted(sleeping: Oci) -> None:
    sleeping("pause", sleeping.name)
    sleeping("delete", "--force", sleeping.name)
    assert sleeping("list", "-q").stdout == ""


def test_limits_are_changed_by_options_and_by_a_document(sleeping: Oci) -> None:
    sleeping("update", "--pids-limit", "33", sleeping.name)
    assert _stats(sleeping)["pids"]["limit"] == 33
    sleeping("update", "--resources", "-", sleeping.name, stdin='{"pids": {"limit": 44}}')
    assert _stats(sleeping)["pids"]["limit"] == 44


def _stats(oci: Oci) -> dict[str, dict[str, int]]:
    event = json.loads(oci("events", "--stats", oci.name).stdout)
    assert (event["type"], event["id"]) == ("stats", oci.name)
    data: dict[str, dict[str, int]] = event["data"]
    return data


def test_statistics_count_what_the_container_uses(sleeping: Oci) -> None:
    data = _stats(sleeping)
    assert data["pids"]["current"] == 1
    assert data["memory"]["usage"]["usage"] > 0  # type: ignore[index]
    assert data["memory"]["usage"]["limit"] > 0  # type: ignore[index]


@pytest.mark.parametrize("command", ["create", "exec"])
def test_the_master_of_a_terminal_goes_to_the_console_socket(oci: Oci, command: str, tmp_path: Path) -> None:
    path = str(tmp_path / "console")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(path)
        server.listen(1)
        if command == "create":
            size = {"width": 91, "height": 37}
            bundle = oci.shell("stty size", process__terminal=True, process__consoleSize=size)
            oci("create", "-b", bundle, "--console-socket", path, oci.name)
            oci("start", oci.name)
        else:
            oci("run", "-d", "-b", oci.bundle("sleep", "1000"), oci.name)
            words = ["sh", "-c", "stty rows 37 cols 91; stty size; sleep 1000"]
            oci("exec", "-t", "-d", "--console-socket", path, oci.name, *words)
        connection, _ = server.accept()
        with connection:
            data, rights, _, _ = connection.recvmsg(64, 64)
    assert data == b"/dev/ptmx"
    (master,) = array.array("i", rights[0][2])
    said = b""
    while b"\n" not in said:
        said += os.read(master, 100)
    os.close(master)
    assert said == b"37 91\r\n"


def test_a_terminal_that_nobody_would_have_is_refused(oci: Oci) -> None:
    bundle = oci.bundle("true", process__terminal=True)
    assert "console socket" in oci("create", "-b", bundle, oci.name, status=1).stderr
    assert "console socket" in oci("run", "-d", "-b", bundle, oci.name, status=1).stderr


def test_what_exec_itself_does_not_manage_is_255(sleeping: Oci) -> None:
    sleeping("exec", "--pid-file", "/nonexistent/pid", sleeping.name, "true", status=255)
    sleeping("exec", "no-such-container", "true", status=255)


def test_home_is_the_containers_own_where_nothing_says_it(oci: Oci) -> None:
    Path(oci.rootfs, "etc/passwd").unlink(missing_ok=True)
    Path(oci.rootfs, "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nsomeone:x:7:7::/home/someone:/bin/sh\n")
    oci("run", "-d", "-b", oci.bundle("sleep", "1000", process__env=["PATH=/bin", "HOME="]), oci.name)
    assert oci("exec", oci.name, "sh", "-c", "echo $HOME").stdout == "/root\n"
    assert oci("exec", "--user", "7", oci.name, "sh", "-c", "echo $HOME").stdout == "/home/someone\n"
    assert oci("exec", "--user", "8", oci.name, "sh", "-c", "echo $HOME").stdout == "/\n"
