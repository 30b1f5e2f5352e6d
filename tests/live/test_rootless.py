"""Whole containers as an ordinary user: under the suite of all execution backends, and what is a user's own."""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.execution import Containers, Eventually, ExecutionContract, Member
from tests.live.people import Ordinary, ordinary


@pytest.fixture(scope="module")
def user() -> Iterator[Ordinary]:
    with ordinary() as someone:
        yield someone


@pytest.fixture(scope="module")
def alone() -> Iterator[Ordinary]:
    """A user without ids but his own."""
    with ordinary(ranges=False) as someone:
        yield someone


@pytest.fixture
def tmp_path(user: Ordinary) -> Path:
    """One that the user may enter: pytest's own is root's alone."""
    folder = Path(user.person.home, f"folder-{time.monotonic_ns()}")
    folder.mkdir()
    os.chown(folder, user.person.uid, user.person.uid)
    return folder


@pytest.fixture
def containers(user: Ordinary) -> Iterator[Containers]:
    yield Containers(user, Member("namespaces"))
    for name in user("ps", "-aq", "--no-trunc").stdout.split():
        user("rm", "-f", name)


class TestRootless(ExecutionContract):
    """Without a cgroup of the user's nothing is limited or paused, and that is said."""

    def test_it_can_be_paused(self, containers: Containers, eventually: Eventually) -> None:
        name = containers.detached("@host", "sleep", "1000")
        assert "cannot be paused" in containers.runtime.refused("pause", name)

    def test_memory_is_limited(self, containers: Containers) -> None:
        told = containers.runtime.refused("run", *containers.known, "-m", "32m", "@host", "true")
        assert "memory-limit" in told
        assert "blocked by: privilege" in told

    def test_processes_are_limited(self, containers: Containers) -> None:
        assert "pids-limit" in containers.runtime.refused(
            "run", *containers.known, "--pids-limit", "5", "@host", "true"
        )


def test_what_is_kept_lies_with_the_user_and_is_taken_away_as_he_made_it(user: Ordinary) -> None:
    assert user.root == f"{user.person.home}/.local/share/runtime"
    script = "mkdir /made && chown 7:8 /made && chmod 700 /made && touch /made/file"
    user("run", "--network", "none", "--name", "owning", "@host", "sh", "-c", script)
    with tarfile.open(fileobj=io.BytesIO(_bytes(user, "export", "owning"))) as tar:
        assert (tar.getmember("made").uid, tar.getmember("made").gid) == (7, 8)
    user("rm", "owning")
    assert os.listdir(f"{user.root}/containers") == []


def test_commands_share_one_user_namespace_that_nobody_keeps(user: Ordinary) -> None:
    name = user.detached("@host", "sleep", "1000")
    one = user("exec", name, "readlink", "/proc/self/ns/user").stdout
    assert user.said("@host", "readlink", "/proc/self/ns/user") == one
    joining = user("run", "--rm", "--network", f"container:{name}", "@host", "readlink", "/proc/self/ns/net").stdout
    assert joining == user("exec", name, "readlink", "/proc/self/ns/net").stdout
    user("rm", "-f", name)
    assert user.left() == []


@pytest.mark.parametrize("flags", [("--network", "host"), ("--pid", "host"), ("--ipc", "host")], ids=" ".join)
def test_the_hosts_own_can_be_shared(user: Ordinary, flags: tuple[str, str]) -> None:
    given = flags if flags[0] == "--network" else (*flags, "--network", "none")
    kind = {"--network": "net", "--pid": "pid", "--ipc": "ipc"}[flags[0]]
    said = user("run", "--rm", *given, "@host", "readlink", f"/proc/self/ns/{kind}").stdout.strip()
    assert said == os.readlink(f"/proc/self/ns/{kind}")


@pytest.mark.parametrize("storage", ["overlay-user", "copy"])
def test_owners_that_a_user_cannot_give_are_noted_and_given_back(alone: Ordinary, storage: str) -> None:
    flags = ["--root", f"{alone.person.home}/{storage}", "--storage", storage]
    done = alone(*flags, "import", _image(alone), "small").stdout
    assert done.startswith("sha256:")
    said = alone(*flags, "run", "--network", "none", "--name", "noting", "small", "/busybox", "stat", "-c", "%u:%g %a",
                 "/file").stdout  # fmt: skip
    assert said == "0:0 640\n"
    with tarfile.open(fileobj=io.BytesIO(_bytes(alone, *flags, "export", "noting"))) as tar:
        found = [(tar.getmember(name).uid, tar.getmember(name).gid, tar.getmember(name).mode) for name in _OWNED]
    alone(*flags, "rm", "noting")
    assert found == list(_OWNED.values())


def test_a_user_with_one_id_is_told_how_to_have_more(alone: Ordinary) -> None:
    said = alone("doctor", "--verbose", status=None).stdout
    assert "usermod --add-subuids" in said


_OWNED = {"file": (7, 42, 0o640), "folder": (33, 34, 0o555), "folder/closed": (33, 34, 0)}


def _image(user: Ordinary) -> str:
    path = f"{user.person.home}/image.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(os.path.realpath("/bin/busybox"), "busybox")
        for name, (uid, gid, mode) in _OWNED.items():
            entry = tarfile.TarInfo(name)
            entry.uid, entry.gid, entry.mode = uid, gid, mode
            entry.type = tarfile.DIRTYPE if name == "folder" else tarfile.REGTYPE
            tar.addfile(entry)
    os.chmod(path, 0o644)
    return path


def _bytes(user: Ordinary, *arguments: str) -> bytes:
    path = f"{user.person.home}/answer.tar"
    user(*arguments, "-o", path)
    with open(path, "rb") as file:
        content = file.read()
    os.unlink(path)
    return content
