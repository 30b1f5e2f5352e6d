"""One cgroup as the folder that it is: its files, its members, making and removing it. On the launch path."""

from __future__ import annotations

import errno
import os
import time

from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PATIENCE = 10.0  # seconds to wait for the kernel before it is an error
_PAGE = 65536

# What a refused write means and what to do, by file ("": any) and errno (0: any).
_HINTS: dict[tuple[str, int], str] = {
    ("memory.memsw.limit_in_bytes", errno.ENOENT): "swap is not accounted for here: boot with swapaccount=1",
    ("memory.memsw.limit_in_bytes", errno.EOPNOTSUPP): "swap is not accounted for here: boot with swapaccount=1",
    ("memory.memsw.limit_in_bytes", errno.EINVAL): "memory and swap together cannot be less than memory alone",
    ("memory.memsw.limit_in_bytes", errno.EBUSY): "more than that is in use: raise the limit or end something inside",
    ("memory.limit_in_bytes", errno.EINVAL): "it cannot be above the limit of memory and swap together: raise that too",
    ("memory.limit_in_bytes", errno.EBUSY): "more than that is in use: raise the limit or end something inside",
    ("memory.swap.max", errno.ENOENT): "swap is not accounted for here: boot with swapaccount=1",
    ("cpuset.cpus", 0): "name CPUs that this machine has and that the parent cgroup may use",
    ("cpuset.mems", 0): "name memory nodes that this machine has and that the parent cgroup may use",
    ("cpu.rt_runtime_us", 0): "the parent cgroup has no real-time budget: raise its cpu.rt_runtime_us",
    ("cgroup.subtree_control", errno.EBUSY): "processes live in that cgroup itself: move them into one below it",
    ("devices.allow", errno.EPERM): "the cgroup above does not have that device either",
    ("", errno.ENOENT): "this kernel's controller has no such file: it is too old, or built without the option",
    ("", errno.EINVAL): "the kernel does not take this value",
    ("", errno.EROFS): "the cgroups are read-only: inside another container, run that one with writable cgroups",
    ("", errno.EACCES): "run as root, or in a cgroup that is delegated to this user",
    ("", errno.EPERM): "run as root, or in a cgroup that is delegated to this user",
    ("", errno.ENODEV): "there is no such device",
}


class Folder:
    """A cgroup's folder. Reads and writes are single system calls, as the kernel wants them."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def read(self, name: str) -> str:
        """The file's text without its last newline; OSError."""
        descriptor = os.open(f"{self.path}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            text = b""
            while piece := os.read(descriptor, _PAGE):
                text += piece
        finally:
            os.close(descriptor)
        return text.decode("utf-8", "surrogateescape").rstrip("\n")

    def find(self, name: str) -> str:
        """As `read`, but empty where there is no such file, or none that says anything."""
        try:
            return self.read(name)
        except OSError:
            return ""

    def has(self, name: str) -> bool:
        return os.path.lexists(f"{self.path}/{name}")

    def write(self, name: str, value: str) -> None:
        """OSError as the kernel gives it; an existing file is never made or cut."""
        path = f"{self.path}/{name}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, value.encode())
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from None
        finally:
            os.close(descriptor)

    def set(self, limit: str, name: str, value: str) -> None:
        """Writes a limit: `limit` is how the configuration calls it ("memory.limit"). CgroupError."""
        try:
            self.write(name, value)
        except OSError as error:
            raise refused(f"{limit}: cannot write {value!r} to {self.path}/{name}", name, error) from error

    def pids(self) -> list[int]:
        """Processes in it, not below. Gone is empty."""
        for name in ("cgroup.procs", "tasks"):  # cgroup.procs: 2.6.33
            try:
                return [int(line) for line in self.read(name).split()]
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno == errno.ENODEV:  # removed between open and read
                    return []
                if error.errno != errno.EOPNOTSUPP:  # a threaded v2 cgroup
                    raise
        return []

    def below(self) -> list[Folder]:
        """The cgroups directly inside."""
        try:
            with os.scandir(self.path) as entries:
                return [Folder(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def members(self) -> list[int]:
        """Processes in it and below."""
        found = self.pids()
        for inner in self.below():
            found += inner.members()
        return found

    def remove(self, patience: float = PATIENCE) -> None:
        """Removes it and all below; waits for members that are exiting. Not there is success. CgroupError."""
        for inner in self.below():
            inner.remove(patience)
        waiting = Patience(patience)
        while True:
            try:
                return os.rmdir(self.path)
            except FileNotFoundError:
                return None
            except OSError as error:
                if error.errno == errno.EBUSY and waiting.more():
                    continue
                left = ", ".join(map(str, self.members())) or "none"
                raise refused(f"cannot remove the cgroup {self.path} (processes in it: {left})", "", error) from error


class Patience:
    """Sleeps a little longer each time, until the time is up."""

    __slots__ = ("_pause", "_until")

    def __init__(self, seconds: float = PATIENCE) -> None:
        self._until = time.monotonic() + seconds
        self._pause = 0.0005

    def more(self) -> bool:
        if time.monotonic() >= self._until:
            return False
        time.sleep(self._pause)
        self._pause = min(self._pause * 2, 0.05)
        return True


def refused(what: str, name: str, error: OSError) -> CgroupError:
    number: Any = error.errno
    hint = _HINTS.get((name, number)) or _HINTS.get((name, 0)) or _HINTS.get(("", number), "")
    return CgroupError(f"{what}: {errno.errorcode.get(number, number)} ({os.strerror(number)})", hint)
