"""Layers shown as one tree by fuse-overlayfs, a program: for who has neither overlay nor root. On the launch path."""

from __future__ import annotations

import errno
import os
import time

from arch import kernel
from backends.errors import StorageError
from backends.storage.overlay import OverlayStorage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.storage.marks import Marks
    from backends.storage.record import Record
    from backends.storage.shift import Owners

_PROGRAM = "fuse-overlayfs"
_PATIENCE = 10.0  # seconds for the program to have its mount
_MOST = 64 << 10  # bytes of options: an argument may have 128 KiB (MAX_ARG_STRLEN)


class FuseOverlayStorage(OverlayStorage):
    """Every file operation passes through a process, which lives as long as the one that mounted: a container whose
    monitor is killed loses its root, and ends."""

    name = "fuse-overlayfs"
    title = "fuse-overlayfs, a program"
    kind = "fuse.fuse-overlayfs"

    def mount(
        self, layer: str, target: str, label: str = "", read_only: bool = False, owners: Owners | None = None
    ) -> str:
        if label or owners is not None:
            what = f"with the label {label}" if label else "with shifted owners"
            raise StorageError(
                f"the layer {layer} cannot be mounted {what}: fuse-overlayfs does not do that",
                "use the overlay storage backend, or do without",
            )
        return super().mount(layer, target, label, read_only, owners)

    def unmount(self, layer: str, target: str) -> None:
        super().unmount(layer, target)
        _reap()

    def _marks(self) -> Marks:
        from backends.storage.marks import FUSE

        return FUSE

    def _options(self, record: Record, read_only: bool, label: str) -> str:
        options = self._lower(record, read_only)
        if not read_only:
            options += self._upper(record)
        # What is written is to be in the layer when it is read there, with its time.
        options += ",writeback=0"
        # The kernel is to judge permissions, and to let others than the mounter in.
        return options + (",allow_other,default_permissions" if os.geteuid() == 0 else "")

    def _mount(self, target: str, flags: int, options: str) -> None:
        options = f"{'ro,' if flags & kernel.MS_RDONLY else ''}fsname={self._source()},{options}"
        if len(options) > _MOST:
            raise OSError(errno.E2BIG, "more layers than options can name")
        ready, said = os.pipe2(os.O_CLOEXEC)
        before = os.stat(target).st_dev
        child = os.fork()
        if child == 0:
            _become(self.folder, target, options, said)
        os.close(said)
        try:
            _await(child, target, before, ready)
        finally:
            os.close(ready)
        _children.append(child)


_children: list[int] = []  # of this process: whoever forks has none of them


def _become(folder: str, target: str, options: str, said: int) -> None:
    """The child. Never returns. It goes when we go, so that no process is left that nobody knows."""
    try:
        kernel.set_parent_death_signal(9)
        os.setsid()
        os.chdir(folder)
        os.dup2(os.open("/dev/null", os.O_RDWR), 0)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.execvp(_PROGRAM, [_PROGRAM, "-f", "-o", options, target])
    except OSError as error:
        os.write(said, f"{_PROGRAM}: {error.strerror}".encode())
    finally:
        os._exit(127)


def _await(child: int, target: str, before: int, said: int) -> None:
    """Until the mount is there. OSError with the program's words if it ends before, or takes too long."""
    deadline = time.monotonic() + _PATIENCE
    while os.stat(target).st_dev == before:
        done, _ = os.waitpid(child, os.WNOHANG)
        if done:
            words = os.read(said, 4096).decode("utf-8", "replace").strip()
            raise OSError(errno.EIO, f"{_PROGRAM} ended: {words or 'without a word'}", target)
        if time.monotonic() > deadline:
            os.kill(child, 9)
            os.waitpid(child, 0)
            raise OSError(errno.ETIMEDOUT, f"{_PROGRAM} has no mount after {_PATIENCE:g} s", target)
        time.sleep(0.001)


def _reap() -> None:
    for child in list(_children):
        try:
            done, _ = os.waitpid(child, os.WNOHANG)
        except ChildProcessError:
            done = child
        if done:
            _children.remove(child)
