"""The first process and the others: orphans, zombies, signals, ends, freezes."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.live.conftest import Runtime

Eventually = Callable[[Callable[[], object]], None]

# A child that leaves a child behind when it ends: ten times over.
ORPHANS = "for i in 1 2 3 4 5 6 7 8 9 10; do (sleep 0.01 & exec true) & done; exec sleep 1000"


def states(runtime: Runtime, name: str) -> list[str]:
    """The letters of the states of all processes in a container."""
    said = runtime("exec", name, "sh", "-c", "cat /proc/[0-9]*/stat 2>/dev/null").stdout
    return [line.rpartition(")")[2].split()[0] for line in said.splitlines()]


def state(runtime: Runtime, name: str) -> dict[str, object]:
    return dict(runtime.engine.inspect(name)["State"])


def test_without_an_init_a_program_keeps_the_zombies_it_does_not_reap(runtime: Runtime, eventually: Eventually) -> None:
    name = runtime.detached("@host", "sh", "-c", ORPHANS)
    eventually(lambda: states(runtime, name).count("Z") == 20)


def test_an_init_reaps_orphans(runtime: Runtime, eventually: Eventually) -> None:
    name = runtime.detached("--init", "@host", "sh", "-c", f"touch /begun; {ORPHANS}")
    runtime("exec", name, "sh", "-c", "until test -e /begun; do sleep 0.01; done")
    # Those whose parent is the shell, become `sleep`, stay; those that came to the init are gone.
    eventually(lambda: states(runtime, name).count("Z") == 10)


def test_an_init_passes_signals_on_and_gives_the_status_back(runtime: Runtime) -> None:
    name = runtime.detached(
        "--init", "@host", "sh", "-c", "trap 'exit 6' USR1; touch /ready; while :; do sleep 0.02; done"
    )
    runtime("exec", name, "sh", "-c", "until test -e /ready; do sleep 0.01; done")
    assert runtime("exec", name, "sh", "-c", "tr '\\0' ' ' </proc/1/cmdline").stdout.split()[0] != "sh"
    runtime("kill", "-s", "USR1", name)
    assert runtime("wait", name).stdout.strip() == "6"


def test_the_end_of_the_first_process_ends_all(runtime: Runtime, eventually: Eventually) -> None:
    name = runtime.detached("@host", "sh", "-c", "setsid sleep 987654 & until test -e /end; do sleep 0.01; done")
    assert "987654" in runtime("top", name).stdout
    group = [line.split()[1] for line in runtime("top", name).stdout.splitlines() if "987654" in line]
    runtime("exec", name, "touch", "/end", status=None)  # may be ended with the rest
    assert runtime("wait", name).stdout.strip() == "0"
    with pytest.raises(FileNotFoundError), open(f"/proc/{group[0]}/cmdline") as file:
        file.read()


def test_stopping_asks_first(runtime: Runtime) -> None:
    name = runtime.detached("@host", "sh", "-c", "trap 'exit 8' TERM; touch /ready; while :; do sleep 0.02; done")
    runtime("exec", name, "sh", "-c", "until test -e /ready; do sleep 0.01; done")
    runtime("stop", name)
    assert state(runtime, name)["ExitCode"] == 8


def test_stopping_kills_what_does_not_listen(runtime: Runtime) -> None:
    name = runtime.detached("@host", "sleep", "1000")  # a first process without a handler is not hurt by SIGTERM
    begun = time.monotonic()
    runtime("stop", "-t", "1", name)
    assert time.monotonic() - begun >= 1
    assert state(runtime, name)["ExitCode"] == 137


def test_the_image_says_which_signal_stops_it(runtime: Runtime) -> None:
    made = runtime.detached("@host", "true")
    runtime("wait", made)
    runtime("commit", "-c", "STOPSIGNAL SIGUSR2", made, "stopped-by:usr2")
    name = runtime.detached(
        "stopped-by:usr2", "sh", "-c", "trap 'exit 12' USR2; touch /ready; while :; do sleep 0.02; done"
    )
    runtime("exec", name, "sh", "-c", "until test -e /ready; do sleep 0.01; done")
    runtime("stop", name)
    assert state(runtime, name)["ExitCode"] == 12
    runtime("rm", name)
    runtime("rmi", "stopped-by:usr2")


@pytest.mark.parametrize("signal", ["USR1", "SIGUSR1", "10"])
def test_a_signal_goes_by_name_and_by_number(runtime: Runtime, signal: str) -> None:
    name = runtime.detached("@host", "sh", "-c", "trap 'exit 5' USR1; touch /ready; while :; do sleep 0.02; done")
    runtime("exec", name, "sh", "-c", "until test -e /ready; do sleep 0.01; done")
    runtime("kill", "-s", signal, name)
    assert runtime("wait", name).stdout.strip() == "5"


def test_failures_are_tried_again_as_often_as_was_said(runtime: Runtime, eventually: Eventually) -> None:
    name = runtime.detached("--restart", "on-failure:2", "@host", "sh", "-c", "echo again; exit 3")
    eventually(lambda: runtime("logs", name).stdout.count("again") == 3)
    assert runtime("wait", name).stdout.strip() == "3"
    assert runtime.engine.inspect(name)["RestartCount"] == 2


def test_success_is_no_failure(runtime: Runtime) -> None:
    name = runtime.detached("--restart", "on-failure", "@host", "echo", "once")
    assert runtime("wait", name).stdout.strip() == "0"
    assert runtime("logs", name).stdout == "once\n"


def test_what_always_restarts_ends_by_stop(runtime: Runtime, eventually: Eventually) -> None:
    name = runtime.detached("--restart", "always", "@host", "echo", "again")
    eventually(lambda: runtime("logs", name).stdout.count("again") >= 3)
    runtime("stop", name)
    said = runtime("logs", name).stdout
    assert state(runtime, name)["Status"] == "exited"
    assert runtime("logs", name).stdout == said


def test_pausing_freezes_and_unpausing_thaws(runtime: Runtime, eventually: Eventually) -> None:
    name = runtime.detached("@host", "sh", "-c", "while :; do date +%N; sleep 0.01; done")
    eventually(lambda: runtime("logs", name).stdout.count("\n") > 3)
    runtime("pause", name)
    assert state(runtime, name)["Status"] == "paused"
    before = runtime("logs", name).stdout
    time.sleep(0.3)  # thirty lines, were it not frozen
    assert runtime("logs", name).stdout == before
    assert "is paused" in runtime.refused("exec", name, "true")
    runtime("unpause", name)
    eventually(lambda: len(runtime("logs", name).stdout) > len(before))


def test_what_is_paused_can_be_killed_and_removed(runtime: Runtime) -> None:
    name = runtime.detached("@host", "sleep", "1000")
    runtime("pause", name)
    runtime("rm", "-f", name)
    assert runtime.names() == set()


def test_the_exit_status_of_the_program_is_that_of_the_command(runtime: Runtime) -> None:
    runtime("run", "--rm", "--network", "none", "@host", "sh", "-c", "exit 42", status=42)
    runtime("run", "--rm", "--network", "none", "@host", "sh", "-c", "kill -9 $$; sleep 0.1", status=0, timeout=30)


def test_a_program_ended_by_a_signal_gives_128_and_its_number(runtime: Runtime) -> None:
    name = runtime.detached("--init", "@host", "sleep", "1000")
    runtime("kill", "-s", "TERM", name)
    assert runtime("wait", name).stdout.strip() == "143"
