"""An ordinary user's way to everything that takes root: a user namespace in which he is that.

All of a user's commands and monitors are in one, so that each may enter what another has made. It is kept by nobody: it
lives as long as a process of ours is in it, and the next command finds it through that process or makes a new one.
Every command has a mount namespace of its own in it, so nothing that it mounts outlives it.
"""

from __future__ import annotations

import os

from arch import kernel
from arch.parting import part_mounts
from backends.errors import StepFailed
from backends.execution.steps.user import MapUsers
from runtime.errors import Problem, explain
from runtime.records import Lock
from runtime.rootless.maps import count, maps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtime.rootless.maps import Map

_MARK = "user-namespace"  # in the state folder: the inode of ours, and who was last in it


def enter(state: str) -> str:
    """Makes this process root of the user's namespace; `state` is the folder of what dies with the boot. Empty, or why
    that cannot be had: then nothing has changed. Problem if the folder cannot be used."""
    try:
        os.makedirs(state, 0o700, exist_ok=True)
    except OSError as error:
        raise explain(error, f"make the folder {state}") from error
    with Lock(f"{state}/{_MARK}.lock"):
        mark = f"{state}/{_MARK}"
        descriptor = _find(mark)
        try:
            if descriptor < 0:
                descriptor = make(os.geteuid(), os.getegid())
            kernel.setns(descriptor, kernel.CLONE_NEWUSER)
            if os.geteuid() != 0:  # RHEL 6.8 makes nothing and says nothing
                return f"still user {os.geteuid()} in a user namespace of our own"
            kernel.unshare(kernel.CLONE_NEWNS)
            part_mounts(kernel.MS_SLAVE)
            _note(mark, os.fstat(descriptor).st_ino)
        except (StepFailed, OSError) as error:
            return _told(error)
        finally:
            if descriptor >= 0:
                os.close(descriptor)
    return ""


def _told(error: StepFailed | OSError) -> str:
    if isinstance(error, StepFailed):
        return f"{error}; {error.hint}" if error.hint else str(error)
    return f"a user namespace: {error.strerror}"


def make(uid: int, gid: int) -> int:
    """A new user namespace in which this user is root, as a descriptor; with one id alone where that is all that can be
    had. OSError, StepFailed."""
    uids, gids = _wanted(uid, gid)
    try:
        return _made(uids, gids)
    except StepFailed:
        if count(uids) == count(gids) == 1:
            raise
    return _made([(0, uid, 1)], [(0, gid, 1)])


def _wanted(uid: int, gid: int) -> tuple[Map, Map]:
    """One id without the set-uid programs or the ranges that it takes to map more."""
    import pwd
    from shutil import which

    alone: tuple[Map, Map] = [(0, uid, 1)], [(0, gid, 1)]
    if not which("newuidmap") or not which("newgidmap"):
        return alone
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = ""
    uids = maps(_text("/etc/subuid"), uid, name)
    # subgid(5) goes by the user's name, or his uid
    gids = [(0, gid, 1), *maps(_text("/etc/subgid"), uid, name)[1:]]
    return (uids, gids) if count(uids) > 1 and count(gids) > 1 else alone


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


class _Child:
    """What MapUsers needs to know of whom it maps."""

    __slots__ = ("pid",)

    def __init__(self, pid: int) -> None:
        self.pid = pid


def _made(uids: Map, gids: Map) -> int:
    """A child makes it, so that we have not moved if its maps are refused: Ubuntu 24.04's AppArmor does that."""
    ready, tell = os.pipe2(os.O_CLOEXEC)
    hold, release = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        _live(release, tell, hold)
    os.close(tell)
    os.close(hold)
    try:
        with open(ready, "rb") as answers:
            number = int(answers.readline() or b"1")
            if number:
                raise OSError(number, os.strerror(number), "unshare(CLONE_NEWUSER)")
            MapUsers(uids, gids).execute(_Child(child))  # type: ignore[arg-type]
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(release)
        os.waitpid(child, 0)


def _live(release: int, tell: int, hold: int) -> None:
    """Never returns."""
    number = 0
    try:
        os.close(release)
        try:
            kernel.unshare(kernel.CLONE_NEWUSER)
        except OSError as error:
            number = error.errno or 1
        os.write(tell, b"%d\n" % number)
        os.read(hold, 1)
    finally:
        os._exit(0)


# ------------------------------------------------------------------------------------------------ the one in use


def _find(mark: str) -> int:
    """The namespace that processes of ours are in, as a descriptor, or -1."""
    inode, last = _read(mark)
    if not inode:
        return -1
    for pid in [last, *_own()]:
        try:
            descriptor = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        if os.fstat(descriptor).st_ino == inode and _is_ours(pid):
            return descriptor
        os.close(descriptor)
    return -1


def _own() -> list[int]:
    """The user's processes: who is root in his namespace is he outside."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == os.geteuid():
                    found.append(int(name))
            except OSError:
                continue
    return found


def _is_ours(pid: int) -> bool:
    """The kernel gives an inode's number again: it must at least be one in which this user is root."""
    first = _text(f"/proc/{pid}/uid_map").split()[:3]
    return first == ["0", str(os.geteuid()), "1"]


def _read(mark: str) -> tuple[int, int]:
    words = _text(mark).split()
    if len(words) != 2 or not all(word.isdigit() for word in words):
        return 0, 0
    return int(words[0]), int(words[1])


def _note(mark: str, inode: int) -> None:
    try:
        with open(mark, "w", encoding="ascii") as file:
            file.write(f"{inode} {os.getpid()}\n")
    except OSError as error:
        raise Problem(f"cannot write {mark}: {error.strerror}") from error
