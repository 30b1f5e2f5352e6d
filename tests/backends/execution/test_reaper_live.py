"""--init: a first process of our own."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.live

INIT = {"init": True}


def test_the_program_is_not_process_one_and_its_status_is_the_containers(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.shell("echo $$; exit 9"), options=INIT)
    assert int(result.stdout) > 1
    assert result.status == 9


def test_a_signal_that_ends_the_program_shows_in_the_status(run: Any, bundles: ModuleType) -> None:
    assert run(bundles.shell("kill -9 $$"), options=INIT).status == 137


def test_a_signal_is_passed_on(run: Any, bundles: ModuleType) -> None:
    bundle = bundles.make_bundle("/bin/sleep", "20")
    assert run(bundle, options=INIT, signals=[15]).status == 143


def test_orphans_are_reaped(run: Any, bundles: ModuleType) -> None:
    script = "(sleep 0.05 & ) ; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; " \
             "grep -l sleep /proc/[0-9]*/comm 2> /dev/null | grep -v self > /tmp/seen || break; done; " \
             "cat /proc/[0-9]*/stat | grep -c ') Z '"  # fmt: skip
    assert run(bundles.shell(script), options=INIT).stdout == "0\n"


def test_it_hides_what_it_is(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.shell("cat /proc/1/environ; cat /proc/1/exe > /dev/null; readlink /proc/1/exe"), options=INIT)
    assert result.stdout == ""
    assert result.stderr.count("Permission denied") == 2, result


def test_its_command_line_tells_nothing_of_the_host(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.shell("tr -d '\\0' < /proc/1/cmdline; echo; cat /proc/1/comm"), options=INIT)
    assert result.stdout == "init\ninit\n"


def test_a_terminal_is_the_programs(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.shell("tty; sh -c 'cut -d\" \" -f5,8 /proc/self/stat'", process__terminal=True), options=INIT)
    name, group, foreground = result.console.split()
    assert name == "/dev/pts/0"
    assert group == foreground


def test_a_missing_program_is_said_to_be_missing(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.make_bundle("nonesuch"), options=INIT)
    assert result.error == "ProgramNotFound"


def test_a_program_that_cannot_be_executed_fails_the_start(run: Any, bundles: ModuleType, rootfs: str) -> None:
    with open(f"{rootfs}/odd", "w", encoding="utf-8") as stream:
        stream.write("no program\n")
    os.chmod(f"{rootfs}/odd", 0o755)
    result = run(bundles.make_bundle("/odd"), options=INIT)
    assert result.error == "ProgramNotExecutable"
    assert not result.answer["children"]
