"""Ubuntu's overlayfs has no kernel here: what we ask of it is golden text, and its marks are tried on plain folders.
The dialect of Linux 3.18 runs the whole suite in test_overlay.py."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from arch import kernel
from backends.storage.overlay_single import LegacyOverlayStorage, SingleOverlayStorage
from tests.contract.layers import file, folder, hard_link, layer, whiteout
from tests.contract.storage import A, C

B = "b" * 64

pytestmark = pytest.mark.live


def test_layers_share_their_files_as_hard_links(tmp_path: Path) -> None:
    store = SingleOverlayStorage(str(tmp_path / "store"))
    store.apply(
        A, None, layer(folder("d", mode=0o750), file("d/f", b"x" * 100_000), file("gone"), hard_link("h", "d/f"))
    )
    store.apply(B, A, layer(whiteout("gone"), file("new")))
    one, two = (Path(store.registry.tree(name)) for name in (A, B))
    assert (one / "d/f").stat().st_ino == (two / "d/f").stat().st_ino == (two / "h").stat().st_ino
    assert sorted(os.listdir(two)) == ["d", "h", "new"]
    assert (two / "d").stat().st_mode & 0o777 == 0o750
    assert store.usage(B) < 50_000 < store.usage(A)
    store.remove(B)
    assert (one / "d/f").read_bytes() == b"x" * 100_000


def test_a_container_of_3_18_has_one_lower_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LegacyOverlayStorage(str(tmp_path / "store"))
    store.apply(A, None, layer(file("f")))
    store.apply(B, A, layer(file("g")))
    store.create(C, B)
    asked: list[tuple[str, str]] = []

    def mount(source: str, target: str, fstype: str, flags: int, data: str) -> None:
        asked.append((fstype, data.replace(store.folder + "/", "")))
        if "workdir" in data:
            raise OSError(errno.EINVAL, "mount: Invalid argument")

    monkeypatch.setattr(kernel, "mount", mount)
    monkeypatch.setattr("backends.storage.overlay._PARAMETERS", "/nothing")
    store.mount(C, str(tmp_path))
    whole = f"lowerdir=links/{B[:12]},upperdir=layers/{C}/tree"
    assert asked == [("overlayfs", f"{whole},workdir=layers/{C}/work"), ("overlayfs", whole)]


def test_links_are_whiteouts_where_they_carry_the_mark(tmp_path: Path) -> None:
    store = LegacyOverlayStorage(str(tmp_path / "store"))
    store.apply(A, None, layer(file("f"), file("g"), folder("d"), file("d/old")))
    store.create(C, A)
    top = Path(store.registry.tree(C))
    for name in ("f", "g"):
        (top / name).symlink_to("(overlay-whiteout)")
    os.setxattr(top / "f", "trusted.overlay.whiteout", b"y", follow_symlinks=False)
    (top / "d").mkdir()
    os.setxattr(top / "d", "trusted.overlay.opaque", b"y")
    assert list(store.changes(C)) == [("C", "/d"), ("D", "/d/old"), ("D", "/f"), ("C", "/g")]
