"""Users and groups."""

from __future__ import annotations

import errno
import os

from arch import kernel
from backends.errors import StepFailed
from backends.execution.steps.step import PARENT, Context, Step

_SIGKILL = 9


class MapUsers(Step):
    """Writes the maps of the child's new user namespace. Without rights over other ids, the kernel takes one line that
    maps our own, once setgroups is denied (user_namespaces(7)); more take the set-uid programs newuidmap and newgidmap,
    which allow what /etc/subuid and /etc/subgid give us."""

    __slots__ = ("gids", "uids")
    place = PARENT

    def __init__(self, uids: list[tuple[int, int, int]], gids: list[tuple[int, int, int]]) -> None:
        self.uids = uids
        self.gids = gids

    def describe(self) -> str:
        lines = [f"{inner}-{inner + size - 1} are {outer}-{outer + size - 1}" for inner, outer, size in self.uids]
        return f"map users: {', '.join(lines)}"

    def execute(self, context: Context) -> None:
        folder = f"/proc/{context.pid}/"
        if os.geteuid() != 0:
            if _others(self.uids, os.geteuid()) or _others(self.gids, os.getegid()):
                _map("newgidmap", context.pid, self.gids, self.describe())
                _map("newuidmap", context.pid, self.uids, self.describe())
                return
            _write(folder + "setgroups", "deny")
        _write(folder + "gid_map", _lines(self.gids))
        _write(folder + "uid_map", _lines(self.uids))


def _others(mappings: list[tuple[int, int, int]], own: int) -> bool:
    return any(outer != own or size != 1 for _, outer, size in mappings)


def _map(program: str, pid: int, mappings: list[tuple[int, int, int]], step: str) -> None:
    """uidmap's programs say what is wrong on their standard error."""
    words = [program, str(pid), *(str(number) for line in mappings for number in line)]
    reader, writer = os.pipe()
    try:
        child = os.posix_spawnp(program, words, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, writer, 2)])
    except FileNotFoundError:
        os.close(reader)
        hint = "install Debian's package uidmap, or map your own id alone"
        raise StepFailed(step, f"cannot {step}: it takes {program}, which is not here", errno.ENOENT, hint) from None
    finally:
        os.close(writer)
    with open(reader, "rb", 0) as stream:
        said = stream.read().decode("utf-8", "replace").strip()
    if os.waitpid(child, 0)[1]:
        hint = "give this user ranges in /etc/subuid and /etc/subgid (usermod --add-subuids), and name no others"
        raise StepFailed(step, f"cannot {step}: {said or program + ' failed'}", errno.EPERM, hint)


def _lines(mappings: list[tuple[int, int, int]]) -> str:
    return "".join(f"{inner} {outer} {size}\n" for inner, outer, size in mappings)


def _write(path: str, text: str) -> None:
    # One write: the kernel takes a map as a whole, once.
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    except OSError as error:
        error.filename = path
        raise
    finally:
        os.close(descriptor)


class BecomeRoot(Step):
    """The user namespace's root: what the child makes from here on belongs to it."""

    __slots__ = ()

    def describe(self) -> str:
        return "become the user namespace's root"

    def execute(self, context: Context) -> None:
        set_groups([])
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        # Changing credentials undid what Conceal did (prctl(2)).
        kernel.set_dumpable(False)
        kernel.set_parent_death_signal(_SIGKILL)


def set_groups(gids: list[int]) -> None:
    """None at all is not worth an error where a user namespace denies setgroups."""
    try:
        os.setgroups(gids)
    except PermissionError:
        if gids:
            raise


class SetUser(Step):
    """process.user; capabilities are kept for the moment, and chosen in a step of their own."""

    __slots__ = ("cwd", "gid", "groups", "mask", "uid")

    def __init__(self, uid: int, gid: int, groups: list[int], mask: int, cwd: str) -> None:
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.mask = mask
        self.cwd = cwd

    def describe(self) -> str:
        more = "".join(f", {gid}" for gid in self.groups)
        return f"become user {self.uid}, group {self.gid}{more}, in {self.cwd}"

    def execute(self, context: Context) -> None:
        # As root first and as the user then: a home on root-squashed NFS lets only the user in.
        entered = self._enter()
        kernel.set_keep_capabilities(True)
        set_groups(self.groups)
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)
        kernel.set_keep_capabilities(False)
        kernel.set_dumpable(False)  # which the change made what fs.suid_dumpable says
        os.umask(self.mask)
        if not entered:
            os.chdir(self.cwd)
        self._verify()

    def _enter(self) -> bool:
        try:
            os.chdir(self.cwd)
        except PermissionError:
            return False
        return True

    def _verify(self) -> None:
        """/proc/self/fd/N of a leaked descriptor as a working folder leads out of the container (CVE-2024-21626)."""
        try:
            cwd = os.getcwd()
        except FileNotFoundError:
            cwd = "(unreachable)"
        if not cwd.startswith("/"):
            raise StepFailed(self.describe(), f"the working folder {self.cwd} is outside of the container", errno.EPERM)
