"""Whole containers of a user who has neither privileges nor user namespaces: by proot."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator

import pytest

from tests.live.people import Ordinary, ordinary

PROMISES = (
    "own-root", "mount-namespace", "pid-namespace", "uts-namespace", "ipc-namespace", "network-namespace", "seccomp",
    "masked-paths", "kill-all",
)  # fmt: skip
GIVEN_UP = ("--prefer", ",".join(PROMISES))

pytestmark = pytest.mark.skipif(shutil.which("proot") is None, reason="program.proot: not installed")


@pytest.fixture(scope="module")
def user() -> Iterator[Ordinary]:
    with ordinary(ranges=False, namespaces=False) as someone:
        yield someone
        assert someone.left() == []


def test_it_is_never_chosen_in_silence(user: Ordinary) -> None:
    told = user.refused("run", "--rm", "@host", "true")
    assert "user.max_*_namespaces" in told
    assert f"without these promises: --prefer {','.join(sorted(set(PROMISES) - {'network-namespace'}))}" in told


def test_a_program_has_a_root_of_its_own_and_seems_to_be_root(user: Ordinary) -> None:
    script = "id -u; touch /made; ls -ld /etc | cut -d' ' -f3; stat -c %u /usr; cat /proc/self/environ >/dev/null"
    done = user("run", "--rm", *GIVEN_UP, "@host", "sh", "-c", script)
    assert done.stdout.split() == ["0", "root", "0"]
    assert not os.path.exists("/made")
    assert all(f"Notice: {promise} (" in done.stderr for promise in PROMISES)


def test_files_of_the_host_are_out_of_the_way_of_newer_calls_too(user: Ordinary) -> None:
    """statx(2) and renameat2(2) are unknown to proot 5.1: as they are they would act on the host."""
    with open(f"{user.person.home}/hosts", "w") as file:
        file.write("the host's")
    os.chown(f"{user.person.home}/hosts", user.person.uid, user.person.uid)
    script = f"stat {user.person.home}/hosts || echo unseen; mv {user.person.home}/hosts /taken || echo unmoved"
    assert user("run", "--rm", *GIVEN_UP, "@host", "sh", "-c", script).stdout == "unseen\nunmoved\n"


@pytest.mark.parametrize(
    ("script", "status"),
    [("exit 7", 7), ("kill -KILL $$", 137), ("kill -SEGV $$", 139), ("setsid sleep 1000 & exit 3", 3)],
)
def test_its_end_is_that_of_its_program_whatever_else_runs(user: Ordinary, script: str, status: int) -> None:
    user("run", "--rm", *GIVEN_UP, "@host", "sh", "-c", script, status=status)
    assert user.left() == []


@pytest.mark.parametrize(("program", "status"), [("no-such-program", 127), ("/etc", 126)])
def test_a_program_that_cannot_be_executed_is_told_apart(user: Ordinary, program: str, status: int) -> None:
    user("run", "--rm", *GIVEN_UP, "@host", program, status=status)


def test_it_lives_its_whole_life(user: Ordinary) -> None:
    script = "trap 'echo ending; exit 4' TERM; echo ready; while :; do sleep 0.05; done"
    user("run", "-d", "--name", "living", *GIVEN_UP, "@host", "sh", "-c", script)
    deadline = time.monotonic() + 20
    while user("logs", "living").stdout != "ready\n" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert user("exec", "-u", "33:34", "living", "sh", "-c", "echo >/by-exec; id -u; id -g").stdout == "33\n34\n"
    assert user("exec", "living", "sh", "-c", "exit 9", status=9).stdout == ""
    assert user("exec", "-t", "living", "tty").stdout.startswith("/dev/pts/")
    assert "/by-exec" in user("diff", "living").stdout
    user("stop", "living")
    assert user("inspect", "--format", "{{.State.ExitCode}}", "living").stdout == "4\n"
    assert user("logs", "living").stdout == "ready\nending\n"
    user("rm", "living")


def test_what_it_cannot_do_is_refused_by_name(user: Ordinary) -> None:
    told = user.refused("run", "--rm", *GIVEN_UP, "-v", f"{user.person.home}:/there:ro", "@host", "true")
    assert "nothing can be made read-only" in told
    assert "no tmpfs can be mounted" in user.refused("run", "--rm", *GIVEN_UP, "--tmpfs", "/t", "@host", "true")


def test_a_volume_is_seen_in_its_place(user: Ordinary) -> None:
    place = ["-v", f"{user.person.home}:/there"]
    user("run", "--rm", *GIVEN_UP, *place, "@host", "sh", "-c", "echo kept >/there/kept")
    with open(f"{user.person.home}/kept") as file:
        assert file.read() == "kept\n"


def test_the_kernel_can_be_told_to_be_another(user: Ordinary) -> None:
    flags = ["--annotation", "runtime.kernel-release=4.19.0"]
    assert user("run", "--rm", *GIVEN_UP, *flags, "@host", "busybox", "uname", "-r").stdout == "4.19.0\n"
