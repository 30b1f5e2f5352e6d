"""Opening and making paths inside a root that somebody else fills: no link, `..` or race leads out of it.

Two ways with one meaning, that of openat2(2) with RESOLVE_IN_ROOT: the root's `..` is the root, an absolute link starts
at the root. The kernel's way where it exists (Linux 5.6), else a walk that opens one component at a time with
O_NOFOLLOW and follows links itself. On the launch path.
"""

from __future__ import annotations

import errno
import os
from stat import S_ISLNK

from arch import kernel

_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_IN_ROOT = 0x10

# path_resolution(7): the kernel's own limit of links in one resolution.
_MOST_LINKS = 40

# openat2 answers EAGAIN when a rename anywhere raced with a `..`: openat2(2) asks to try again.
_MOST_TRIES = 32

_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_openat2_exists = True


def open_inside(root: int, path: str, flags: int, mode: int = 0o666) -> int:
    """Opens `path` as a process chrooted into the folder `root` would. The descriptor has O_CLOEXEC.

    OSError as open(2) gives it; its `filename` is the path inside.
    """
    global _openat2_exists
    if _openat2_exists:
        for _ in range(_MOST_TRIES):
            try:
                return kernel.openat2(
                    root,
                    path,
                    flags | os.O_CLOEXEC,
                    mode if flags & os.O_CREAT else 0,
                    _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS,
                )
            except OSError as error:
                if error.errno == errno.EAGAIN and not flags & os.O_NONBLOCK:
                    continue
                if error.errno == errno.ENOSYS:
                    _openat2_exists = False
                elif error.errno != errno.EPERM:  # EPERM may be an outer seccomp filter's answer to an unknown call
                    raise
                break
    return walk_inside(root, path, flags, mode)


def walk_inside(root: int, path: str, flags: int, mode: int = 0o666) -> int:
    """`open_inside` for kernels before Linux 5.6."""
    walk = _Walk(root, path)
    try:
        return walk.last(flags | os.O_CLOEXEC, mode)
    finally:
        walk.close()


def make_directories(root: int, path: str, mode: int = 0o755) -> int:
    """The folder `path`, every missing component made (less the umask), as an O_PATH descriptor.

    A link that leads nowhere has its target made, inside: /var/run -> /run in an image without /run.
    NotADirectoryError.
    """
    try:
        return open_inside(root, path, os.O_PATH | os.O_DIRECTORY)
    except FileNotFoundError:
        walk = _Walk(root, path, mode)
        try:
            return walk.last(os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, mode)
        finally:
            walk.close()


def make_file(root: int, path: str, mode: int = 0o644, directory_mode: int = 0o755) -> int:
    """The file `path` (anything that is no folder), an empty one made where there is none, its folders too.

    As an O_PATH descriptor: nothing that existed is opened, so neither a fifo blocks nor a device acts.
    IsADirectoryError.
    """
    if path.endswith("/"):
        raise IsADirectoryError(errno.EISDIR, "a folder's path where a file is wanted", path)
    walk = _Walk(root, path, directory_mode)
    walk.only_parents = True
    try:
        while True:
            try:
                descriptor = walk.last(os.O_PATH | os.O_CLOEXEC, mode)
            except FileNotFoundError:
                os.close(walk.last(os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode))
                continue
            if os.fstat(descriptor).st_mode & 0o170000 == 0o040000:
                os.close(descriptor)
                raise IsADirectoryError(errno.EISDIR, "a folder stands where a file is wanted", path)
            return descriptor
    finally:
        walk.close()


def parent_inside(root: int, path: str, make: bool = False, mode: int = 0o755) -> tuple[int, str]:
    """The folder that holds the last component of `path`, as an O_PATH descriptor, and that component's name.

    For what takes a folder and a name and follows no link: mknod, symlink, unlink, rename. The last component is not
    looked at. OSError(EINVAL) where the path ends in the root, `.` or `..`.
    """
    head, _, name = path.rstrip("/").rpartition("/")
    if name in ("", ".", ".."):
        raise OSError(errno.EINVAL, "this path names no entry of a folder", path)
    if make:
        return make_directories(root, head or "/", mode), name
    return open_inside(root, head or "/", os.O_PATH | os.O_DIRECTORY), name


class _Walk:
    """Where a walk stands: `names` leads from the root to the folder `at`, through no link; `rest` is still to go."""

    __slots__ = ("at", "links", "mode", "names", "only_parents", "path", "rest", "root")

    def __init__(self, root: int, path: str, make_mode: int = -1) -> None:
        if not path:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        self.root = root
        self.path = path
        self.mode = make_mode  # of the folders that are made; -1: none are
        self.only_parents = False  # the last component is no folder to be made
        self.links = 0
        self.names: list[str] = []
        self.rest = _components(path)
        self.at = os.open(".", _DIRECTORY, dir_fd=root)

    def close(self) -> None:
        os.close(self.at)

    def last(self, flags: int, mode: int) -> int:
        """Walks to the end and opens what is there."""
        while True:
            while len(self.rest) > 1:
                self.step(self.rest.pop())
            name = self.rest[0]
            if name in ("", ".", ".."):
                if name == "..":
                    self.up()
                return self.open(".", flags | (os.O_DIRECTORY if name == "" else 0), mode)
            if self.mode >= 0 and not self.only_parents:
                self.make(name)
            descriptor = self.final(name, flags, mode)
            if descriptor >= 0:
                return descriptor

    def final(self, name: str, flags: int, mode: int) -> int:
        """The last component opened, or -1 where it is a link that is now to be followed."""
        try:
            descriptor = self.open(name, flags | os.O_NOFOLLOW, mode)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR) or flags & os.O_NOFOLLOW:
                raise
            self.rest.pop()
            self.follow(name, error)
            return -1
        if flags & os.O_PATH and not flags & os.O_NOFOLLOW and S_ISLNK(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            self.rest.pop()
            self.follow(name, OSError(errno.ELOOP, os.strerror(errno.ELOOP), self.path))
            return -1
        return descriptor

    def step(self, name: str) -> None:
        """Into one folder, through a link where it is one."""
        if name in ("", "."):
            return
        if name == "..":
            self.up()
            return
        try:
            inner = self.open(name, _DIRECTORY, 0)
        except FileNotFoundError:
            if self.mode < 0:
                raise
            self.make(name)
            inner = self.open(name, _DIRECTORY, 0)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                raise
            self.follow(name, error)
            return
        self.enter(inner)
        self.names.append(name)

    def follow(self, name: str, refusal: OSError) -> None:
        """Puts a link's target before what is still to go."""
        try:
            target = os.readlink(name, dir_fd=self.at)
        except OSError:
            raise refusal from None  # no link: the refusal was about the thing itself
        self.links += 1
        if self.links > _MOST_LINKS or not target:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), self.path)
        if target.startswith("/"):
            self.names.clear()
            self.enter(os.open(".", _DIRECTORY, dir_fd=self.root))
        self.rest.extend(_components(target))

    def up(self) -> None:
        # From the root again, by the names that were walked: `..` of a folder that was moved away meanwhile leads out.
        if not self.names:
            return
        self.names.pop()
        self.enter(os.open(".", _DIRECTORY, dir_fd=self.root))
        for name in self.names:
            self.enter(self.open(name, _DIRECTORY, 0))

    def make(self, name: str) -> None:
        try:
            os.mkdir(name, self.mode, dir_fd=self.at)
        except FileExistsError:
            pass
        except OSError as error:
            error.filename = self.path
            raise

    def enter(self, inner: int) -> None:
        os.close(self.at)
        self.at = inner

    def open(self, name: str, flags: int, mode: int) -> int:
        try:
            return os.open(name, flags, mode, dir_fd=self.at)
        except OSError as error:
            error.filename = self.path
            raise


def _components(path: str) -> list[str]:
    """Last first. A trailing slash becomes an empty component, which says that what precedes it is a folder."""
    parts = [part for part in path.split("/") if part]
    if path.endswith("/") or not parts:
        parts.append("")
    parts.reverse()
    return parts
