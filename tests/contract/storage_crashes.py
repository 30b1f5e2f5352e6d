"""Storage suite: full disks, killed processes, races, damage."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arch import kernel
from backends.contract import StorageBackend
from backends.errors import HostileLayer, LayerExists, StorageError
from tests.contract.layers import file, folder, hard_link, layer, link, whiteout
from tests.contract.shown import A, B, C, Seen, StorageFixtures


class CrashesContract(StorageFixtures):
    def test_a_full_disk_leaves_nothing_and_says_so(self, tmp_path: Path) -> None:
        folder = tmp_path / "small"
        folder.mkdir()
        with self.small_disk(folder) as small:
            store = self.make(str(small / "store"))
            with pytest.raises(StorageError) as caught:
                store.apply(A, None, layer(*(file(f"f{number}", b"x" * 100_000) for number in range(self.too_many))))
            assert "ENOSPC" in str(caught.value)
            assert "free space" in caught.value.hint
            assert store.layers() == {}
            assert os.listdir(small / "store/making") == []
            store.apply(A, None, layer(file("small", b"x" * 50_000)))
            assert store.layers() == {A: None}
            store.release()

    @pytest.mark.parametrize("delay", [0.002 * step for step in range(1, 13)])
    def test_killed_at_any_time_it_leaves_a_whole_layer_or_none(
        self, store: StorageBackend, seen: Seen, tmp_path: Path, delay: float
    ) -> None:
        store.apply(A, None, layer(folder("d"), *(file(f"d/{number}", b"x" * 100) for number in range(100))))
        archive = layer(*(file(f"f{number}", b"y" * 1000) for number in range(300))).read()
        (tmp_path / "layer.tar").write_bytes(archive)
        parts = (type(store).__module__, type(store).__name__, str(tmp_path / "store"), str(tmp_path / "layer.tar"))
        code = (
            "import sys, importlib\n"
            "module, name, folder, archive = sys.argv[1:]\n"
            "store = getattr(importlib.import_module(module), name)(folder)\n"
            "import backends.storage.unpack, backends.storage.tree\n"
            "print('go', flush=True)\n"
            f"store.apply('{B}', '{A}', open(archive, 'rb'))\n"
            f"store.create('{C}', '{B}')\n"
            f"store.remove('{C}')\n"
        )
        with subprocess.Popen([sys.executable, "-c", code, *parts], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(delay)
            child.send_signal(signal.SIGKILL)
        store.repair()
        assert os.listdir(tmp_path / "store/making") == []
        for link_name in os.listdir(tmp_path / "store/links"):
            assert (tmp_path / "store/links" / link_name).exists()
        assert store.repair() == []
        if C in store.layers():
            store.remove(C)
        if B in store.layers():
            assert len(os.listdir(seen(B))) == 301
            seen.forget(B)
            store.remove(B)
        store.apply(B, A, io.BytesIO(archive))
        assert len(os.listdir(seen(B))) == 301

    def test_killed_before_any_step_it_leaves_all_or_nothing(self, store: StorageBackend, tmp_path: Path) -> None:
        store.apply(A, None, layer(folder("d"), file("d/x", b"x"), file("e", b"e")))
        archive = layer(folder("d"), file("d/y", b"y"), link("l", "d"), whiteout("e"), hard_link("h", "d/y")).read()
        steps = 0
        while die_at_step(steps, lambda: lifetime(store, archive)):
            steps += 1
            store.repair()
            assert os.listdir(tmp_path / "store/making") == []
            assert len(os.listdir(tmp_path / "store/links")) == len([one for one in store.layers() if one != C])
            assert store.repair() == []
            for name in (C, B):
                if name in store.layers():
                    assert not list(store.changes(C)) if name == C else store.usage(name)
                    store.remove(name)
        assert steps > 30
        assert store.layers() == {A: None}

    def test_repair_leaves_a_layer_that_is_being_made_alone(self, store: StorageBackend, tmp_path: Path) -> None:
        whole = layer(file("a", b"1"), file("b", b"2")).read()

        class Repairing(io.BytesIO):
            said: list[str] | None = None

            def read(self, size: int | None = -1) -> bytes:
                self.said = store.repair()
                return super().read(size)

        archive = Repairing(whole)
        store.apply(A, None, archive)
        assert archive.said == []
        assert store.layers() == {A: None}

    def test_of_two_that_make_the_same_layer_one_wins(self, store: StorageBackend, seen: Seen) -> None:
        whole = layer(file("a", b"1")).read()

        class Racing(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                if A not in store.layers():
                    store.apply(A, None, io.BytesIO(whole))
                return super().read(size)

        with pytest.raises(LayerExists):
            store.apply(A, None, Racing(whole))
        assert store.layers() == {A: None}
        assert (seen(A) / "a").read_bytes() == b"1"
        assert store.repair() == []

    def test_an_error_while_cleaning_up_stands_beside_the_first(
        self, store: StorageBackend, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*arguments: Any, **more: Any) -> None:
            raise PermissionError(errno.EPERM, "no way")

        archive = layer(file("f"), file("../x"))
        with monkeypatch.context() as patch:
            patch.setattr(os, "unlink", refuse)
            with pytest.raises(StorageError, match=r"climbs.*no way"):
                store.apply(A, None, archive)
        assert store.repair() == [f"removed the half-made layer {A}"]
        assert store.layers() == {}

    def test_a_damaged_record_is_named_and_repaired(self, store: StorageBackend, tmp_path: Path) -> None:
        store.apply(A, None, layer(file("a")))
        (tmp_path / "store/layers" / A / "layer").write_bytes(b"")
        assert store.layers() == {}
        assert any(A in said for said in store.repair())
        store.apply(A, None, layer(file("a")))
        assert store.repair() == []

    def test_no_descriptor_is_left_open(self, store: StorageBackend) -> None:
        before = len(os.listdir("/proc/self/fd"))
        store.apply(A, None, layer(folder("d"), *(file(f"d{number}/f") for number in range(200)), link("l", "d")))
        store.create(C, A)
        list(store.changes(C))
        for bad in (file("../x"), hard_link("l/h", "nothing"), file("d/f/g")):
            with pytest.raises(HostileLayer):
                store.apply(B, A, layer(file("d/f"), file("l/q"), bad))
        store.remove(C)
        assert len(os.listdir("/proc/self/fd")) == before


def lifetime(store: StorageBackend, archive: bytes) -> None:
    store.apply(B, A, io.BytesIO(archive))
    store.create(C, B)
    store.remove(C)
    store.remove(B)


STEPS = (
    *((os, name) for name in ("rename", "mkdir", "rmdir", "symlink", "unlink", "link", "mknod", "open", "write")),
    *((os, name) for name in ("chmod", "utime", "fsync")),
    *((kernel, name) for name in ("mount", "umount")),
    (fcntl, "ioctl"),
)


def die_at_step(number: int, what: Callable[[], None]) -> bool:
    """Runs `what` in a child that is killed before its nth change of the file system; False if it ended before."""
    child = os.fork()
    if child == 0:
        left = [number]

        def deadly(step: Callable[..., Any]) -> Callable[..., Any]:
            def dying(*arguments: Any, **more: Any) -> Any:
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                return step(*arguments, **more)

            return dying

        for module, name in STEPS:
            setattr(module, name, deadly(getattr(module, name)))
        try:
            what()
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL)
    return status != 0
