"""What is peculiar to containers that the lxc tools execute."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LXC = ("--network", "none", "--backend", "execution=lxc")

Eventually = Callable[[Callable[[], object]], None]


@pytest.fixture(autouse=True)
def _tools(runtime: Any) -> None:
    finding = runtime.engine.report()["lxc.tools"]
    if not finding.present:
        pytest.skip(finding.reason)


def _detached(runtime: Any, *words: str) -> str:
    name: str = runtime("run", "-d", *LXC, *words).stdout.strip()
    return name


def _tool(runtime: Any, name: str, container: str, *words: str) -> str:
    place = f"{runtime.state}/containers/{container}/lxc"
    done = subprocess.run([name, "-n", container, "-P", place, *words], capture_output=True, text=True, check=True)
    return done.stdout


def _keeper(runtime: Any, container: str) -> int:
    status = Path(f"/proc/{runtime.engine.target(container).status.pid}/status").read_text()
    return int(status.split("PPid:\t")[1].split()[0])


def test_lxcs_own_tools_know_it(runtime: Any) -> None:
    name = _detached(runtime, "@host", "sleep", "1000")
    said = _tool(runtime, "lxc-info", name, "-s", "-p")
    assert "RUNNING" in said
    assert str(runtime.engine.target(name).status.pid) in said


def test_frozen_by_lxc_it_is_paused_and_by_us_it_is_frozen(runtime: Any) -> None:
    name = _detached(runtime, "@host", "sleep", "1000")
    _tool(runtime, "lxc-freeze", name)
    assert [row["State"] for row in runtime.engine.containers()] == ["paused"]
    runtime("unpause", name)
    assert [row["State"] for row in runtime.engine.containers()] == ["running"]


def test_stopped_by_lxc_it_is_told_as_killed(runtime: Any) -> None:
    name = _detached(runtime, "@host", "sleep", "1000")
    _tool(runtime, "lxc-stop", name, "-k")
    assert runtime("wait", name).stdout == "137\n"


def test_it_ends_with_lxc_start(runtime: Any, eventually: Eventually) -> None:
    name = _detached(runtime, "@host", "sleep", "1000")
    first = runtime.engine.target(name).status.pid
    os.kill(_keeper(runtime, name), signal.SIGKILL)
    assert runtime("wait", name).stdout == "137\n"
    eventually(lambda: not os.path.exists(f"/proc/{first}"))


def test_what_stands_in_no_configuration_of_lxcs_is_refused(runtime: Any) -> None:
    assert "two" in runtime.refused("run", "--rm", *LXC, "-e", "WORD=one\ntwo", "@host", "true", status=125)


def test_an_lxc_that_fails_says_why_and_leaves_nothing(runtime: Any, tmp_path: Path) -> None:
    told = runtime.refused("run", "--rm", *LXC, "-v", f"{tmp_path}:/etc/passwd", "@host", "true", status=125)
    assert "lxc" in told
    assert runtime.state not in Path("/proc/self/mountinfo").read_text()


def test_a_terminal_passes_everything_on_as_it_is(runtime: Any) -> None:
    script = "stty -a | tr ' ' '\\n' | grep onlcr; printf 'a\\tb'"
    with runtime.start("run", "--rm", "-t", *LXC, "@host", "sh", "-c", script) as process:
        assert process.communicate()[0] == b"onlcr\r\na\tb"
    name = _detached(runtime, "-t", "@host", "sh", "-c", "echo line")
    runtime("wait", name)
    assert "line" in runtime("logs", name).stdout


def test_its_programs_are_given_no_descriptor_of_ours(runtime: Any) -> None:
    script = "ls /proc/self/fd | wc -l"
    for terminal in ([], ["-t"]):
        assert runtime("run", "--rm", *terminal, *LXC, "@host", "sh", "-c", script).stdout.split() == ["4"]
