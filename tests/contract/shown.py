"""What the parts of the storage suite share: a store, its layers made visible, and how they are compared."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from arch import kernel
from backends.contract import StorageBackend

A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)

# security.capability, revision 2, cap_net_raw+ep
PING = bytes.fromhex("0100000200200000000000000000000000000000")


def tree_of(top: Path) -> dict[str, tuple[object, ...]]:
    """All that a layer has to keep, by path."""
    found: dict[str, tuple[object, ...]] = {}
    for here, folders, files in os.walk(top):
        for name in [*folders, *files, "."] if here == str(top) else [*folders, *files]:
            path = os.path.join(here, name)
            status = os.lstat(path)
            link_target = os.readlink(path) if os.path.islink(path) else ""
            content = Path(path).read_bytes() if os.path.isfile(path) and not link_target else b""
            attributes = {
                key: os.getxattr(path, key, follow_symlinks=False)
                for key in os.listxattr(path, follow_symlinks=False)
                if not key.startswith("trusted.overlay.")
            }
            found[os.path.relpath(path, top)] = (
                status.st_mode, status.st_uid, status.st_gid, status.st_rdev, link_target, content, str(attributes),
                0 if os.path.isdir(path) else status.st_mtime_ns,
            )  # fmt: skip
    return found


@contextmanager
def small_tmpfs(folder: Path, size: int) -> Iterator[Path]:
    kernel.mount("tmpfs", str(folder), "tmpfs", 0, f"size={size}")
    try:
        yield folder
    finally:
        kernel.umount(str(folder))


class StorageFixtures:
    backend: type[StorageBackend]

    # A file system that is soon full: its bytes, and the files of 100 kB that do not fit.
    small = 2 << 20
    too_many = 40
    # Folders in folders, of names that together are longer than any path may be.
    deep = 1500
    # What stays in an empty store.
    kept: tuple[str, ...] = ("lock",)

    def make(self, folder: str) -> StorageBackend:
        return self.backend(folder)  # type: ignore[call-arg]

    def small_disk(self, folder: Path) -> AbstractContextManager[Path]:
        """A file system that is soon full, in an empty folder."""
        return small_tmpfs(folder, self.small)

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[StorageBackend]:
        store = self.make(str(tmp_path / "store"))
        yield store
        store.release()
        assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text(), "a test left a mount"

    @pytest.fixture
    def seen(self, store: StorageBackend, tmp_path: Path) -> Iterator[Seen]:
        seen = Seen(store, tmp_path)
        yield seen
        seen.close()


class Seen:
    """Mounts layers, and unmounts them at the end of a test."""

    def __init__(self, store: StorageBackend, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._known: dict[str, Path] = {}

    def __call__(self, name: str) -> Path:
        if name not in self._known:
            target = self._folder / f"seen-{name[:12]}-{name[-4:]}-{len(self._known)}"
            target.mkdir(exist_ok=True)
            self._known[name] = Path(self._store.mount(name, str(target), read_only=not self._writable(name)))
        return self._known[name]

    def _writable(self, name: str) -> bool:
        record = (self._folder / "store/layers" / name / "layer").read_text()
        return "\nlink -\n" in record

    def forget(self, name: str) -> None:
        top = self._known.pop(name)
        self._store.unmount(name, str(top))

    def close(self) -> None:
        for name in list(self._known):
            if str(self._known[name]).startswith(str(self._folder / "seen-")):
                self.forget(name)


def status_of(path: Path) -> tuple[int, int, int, int]:
    status = path.lstat()
    return status.st_mode & 0o7777, status.st_uid, status.st_gid, status.st_mtime_ns


def assert_untouched(store: StorageBackend, folder: Path) -> None:
    assert store.layers() == {}
    assert os.listdir(folder / "store/making") == []
    assert os.listdir(folder / "store/links") == []
    assert not list(folder.glob("evil*"))


def fill(top: Path) -> None:
    """Everything that a container can do to its files."""
    (top / "etc").mkdir(exist_ok=True)
    (top / "etc/a").write_bytes(b"changed")
    for gone in ("old", "re"):
        if (top / gone).exists():
            shutil.rmtree(top / gone)
            (top / "etc/b").unlink(missing_ok=True)
    (top / "re").mkdir()
    (top / "re/new").write_bytes(b"n")
    (top / ("long" * 30)).mkdir()
    (top / ("long" * 30) / ("name" * 40)).write_bytes(b"long")
    (top / "häß lich\nname").write_bytes(b"u")
    os.symlink("target" * 30, top / "link")
    (top / "hard1").write_bytes(b"h" * 5000)
    os.link(top / "hard1", top / "hard2")
    os.mkfifo(top / "pipe", 0o640)
    os.mknod(top / "zero", 0o020666, os.makedev(1, 5))
    (top / "suid").write_bytes(b"s")
    os.chown(top / "suid", 3_000_000, 70000)
    (top / "suid").chmod(0o6711)
    os.setxattr(top / "suid", "security.capability", PING)
    os.setxattr(top / "suid", "user.v", bytes(range(256)))
    os.utime(top / "suid", ns=(1, 1_234_567_890_123_456_789))
    os.utime(top / "re/new", ns=(0, -1_500_000_000))
    with open(top / "sparse", "wb") as sparse:
        sparse.write(b"head")
        sparse.seek(40 << 20)
        sparse.write(b"tail")
        sparse.truncate(50 << 20)
    (top / "empty").mkdir(mode=0o1777)
