"""A backend that the findings like and that breaks all the same: passed over and the next one taken."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arch import kernel
from arch.native import numbers
from tests.live.conftest import REPOSITORY, Runtime

_LOAD, _EQUAL, _SET, _RETURN = 0x20, 0x15, 0x45, 0x06  # linux/bpf_common.h
_ALLOW, _ENOSYS, _EPERM = 0x7FFF0000, 0x00050000 | 38, 0x00050000 | 1
_FLAGS = 16  # offset of the first argument's lower half in struct seccomp_data
FALLBACK = ("--network", "none", "--prefer", "pid-namespace")


def _filter() -> bytes:
    """What a security module may do that judges by all of a call: clone(2) may make a mount namespace or a PID
    namespace, and not both at once. The trials behind the findings do one thing at a time."""
    instructions = (
        (_LOAD, 0, 0, 0),
        (_EQUAL, 0, 1, numbers()["clone3"]),
        (_RETURN, 0, 0, _ENOSYS),
        (_EQUAL, 0, 4, numbers()["clone"]),
        (_LOAD, 0, 0, _FLAGS),
        (_SET, 0, 2, kernel.CLONE_NEWNS),
        (_SET, 0, 1, kernel.CLONE_NEWPID),
        (_RETURN, 0, 0, _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    )
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


@pytest.fixture
def hampered(runtime: Runtime) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """The command line below such a filter."""

    def forbid() -> None:
        kernel.seccomp_filter(_filter())

    def do(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            runtime.command(*words), cwd=REPOSITORY, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=60, check=False, preexec_fn=forbid,
        )  # fmt: skip

    yield do


def test_the_next_backend_is_taken_if_it_promises_enough(
    hampered: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = hampered("run", "--rm", *FALLBACK, "@host", "sh", "-c", "echo runs; exit 3")
    assert (done.returncode, done.stdout) == (3, "runs\n"), done.stderr
    explained = hampered("run", "--explain", *FALLBACK, "@host", "true").stdout
    assert "execution: chroot (the first that works here; before it: namespaces" in explained
    assert "not namespaces: broke when it was tried here, although it seems to work: cannot clone a child" in explained
    assert "Operation not permitted" in explained


def test_the_error_has_both_reasons_if_it_does_not(hampered: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = hampered("run", "--rm", "--network", "none", "@host", "true")
    assert done.returncode == 125
    assert "namespaces: broke when it was tried here" in done.stderr
    assert "chroot: does not give pid-namespace" in done.stderr


def test_the_doctor_tells_of_it(hampered: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    said = " ".join(hampered("doctor").stdout.split())
    assert "broke when it was tried here" in said


def test_a_backend_that_was_asked_for_by_name_is_not_replaced(
    hampered: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = hampered("run", "--rm", *FALLBACK, "--backend", "execution=namespaces", "@host", "true")
    assert done.returncode == 125
    assert "no other is tried" in done.stderr
    assert "broke when it was tried here" in done.stderr


@pytest.mark.parametrize("backend", ["namespaces", "chroot"])
def test_a_backend_that_works_is_found_to_work_and_leaves_nothing(runtime: Runtime, backend: str) -> None:
    script = (
        "import sys; from runtime.engine import Engine; from runtime.settings import settle\n"
        "from runtime.containers import health\n"
        "engine = Engine(settle(*sys.argv[1:3]))\n"
        "print(repr(health.examine(engine.paths, engine.report(), sys.argv[3])))"
    )
    command = [sys.executable, "-c", script, runtime.root, runtime.state, backend]  # it begets with one thread only
    assert subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout == "''\n"
    assert [name for name in os.listdir(runtime.state) if name.startswith("health")] == []
    assert runtime.state not in Path("/proc/self/mountinfo").read_text()


def test_what_came_of_it_is_kept_so_that_it_is_tried_once_a_boot(runtime: Runtime) -> None:
    runtime.said("@host", "true")
    assert runtime.engine.report().health["execution/namespaces"] == ""
