"""Archives that are damaged or meant to do harm: refused in words, and nothing of them stays."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.conftest import Runtime
from tests.live.test_bad_commands import SHAPE


def member(
    name: str, kind: bytes = tarfile.REGTYPE, content: bytes = b"", link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    made = tarfile.TarInfo(name)
    made.type, made.size, made.linkname = kind, len(content), link
    if kind == tarfile.CHRTYPE:
        made.devmajor, made.devminor = 1, 1  # /dev/mem
    return made, content


def layer(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for made, content in members:
            archive.addfile(made, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def unchanged(runtime: Runtime) -> Callable[[], None]:
    """Holds that the store has the images, blobs and layers that it had before, and no file in the making."""

    def seen() -> object:
        blobs = {path.name for path in Path(runtime.root, "blobs").rglob("*") if path.is_file()}
        making = os.listdir(f"{runtime.root}/tmp")
        return runtime("images", "-a", "-q").stdout, blobs, runtime.engine.storage().layers(), making

    before = seen()

    def check() -> None:
        assert seen() == before

    return check


@pytest.fixture
def small(runtime: Runtime, tmp_path: Path) -> Path:
    """An honest archive of a small image."""
    (tmp_path / "files.tar").write_bytes(layer(member("etc/file", content=os.urandom(300_000))))
    runtime("import", str(tmp_path / "files.tar"), "small:1")
    runtime("save", "-o", str(tmp_path / "small.tar"), "small:1")
    runtime("rmi", "small:1")
    return tmp_path / "small.tar"


@pytest.mark.parametrize("part", [0.0, 0.0002, 0.01, 0.3, 0.7, 0.99])
def test_an_archive_that_breaks_off_is_refused(
    runtime: Runtime, small: Path, unchanged: Callable[[], None], part: float
) -> None:
    content = small.read_bytes()
    small.write_bytes(content[: int(len(content.rstrip(b"\0")) * part)])
    assert SHAPE.match(runtime.refused("load", "-i", str(small)))
    unchanged()


def test_a_flipped_byte_is_found(runtime: Runtime, small: Path, unchanged: Callable[[], None]) -> None:
    content = bytearray(small.read_bytes())
    content[len(content) // 2] ^= 1
    small.write_bytes(content)
    told = runtime.refused("load", "-i", str(small))
    assert "digest" in told or "sha256" in told
    unchanged()


HOSTILE = {
    "a name above the root": member("../../../../outside", content=b"x"),
    "an absolute name": member("/outside", content=b"x"),
    "a hard link out of the root": member("x", tarfile.LNKTYPE, link="../../../../../../../../etc/passwd"),
}


def test_names_and_links_lead_nowhere_outside(runtime: Runtime, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for number, (said, entry) in enumerate(HOSTILE.items()):
        archive = tmp_path / f"{number}.tar"
        made = (
            member("trap", tarfile.SYMTYPE, link=str(outside)),
            member("trap/x", content=b"through a link"),
            entry,
        )
        archive.write_bytes(layer(*made))
        done = runtime("import", str(archive), "hostile:1", status=None)
        assert done.returncode in (0, 125), said
        assert "defect" not in done.stderr, said
        assert list(outside.iterdir()) == [], said
        if done.returncode == 0:
            runtime("rmi", "hostile:1")
        else:
            assert SHAPE.match(done.stderr), said
    assert not Path("/outside").exists()


def test_a_device_in_an_image_cannot_be_used(runtime: Runtime, tmp_path: Path) -> None:
    """As with docker: the node may be there, and the group of devices does not let it be opened."""
    (tmp_path / "files.tar").write_bytes(layer(member("mem", tarfile.CHRTYPE)))
    runtime("create", "--name", "source", "@host", "true")
    done = runtime("import", str(tmp_path / "files.tar"), "device:1", status=None)
    if done.returncode:
        assert SHAPE.match(done.stderr)
        return
    with_shell = tmp_path / "all.tar"
    runtime("export", "-o", str(with_shell), "source")
    with tarfile.open(with_shell, "a") as archive:
        archive.addfile(member("mem", tarfile.CHRTYPE)[0])
    runtime("import", str(with_shell), "device:1")
    done = runtime("run", "--rm", "--network", "none", "device:1", "head", "-c", "1", "/mem", status=1)
    assert "not permitted" in done.stderr
    runtime("rmi", "device:1")


def test_a_bomb_is_not_let_off(runtime: Runtime, tmp_path: Path, unchanged: Callable[[], None]) -> None:
    """Ten megabytes that become ten gigabytes."""
    bomb = tmp_path / "bomb.tar.gz"
    header = tarfile.TarInfo("manifest.json")
    header.size = 10 << 30
    with gzip.open(bomb, "wb", compresslevel=1) as file:
        file.write(header.tobuf())
        for _ in range(64):
            file.write(bytes(1 << 20))
    assert SHAPE.match(runtime.refused("load", "-i", str(bomb), timeout=20))
    unchanged()


def test_absurd_numbers_of_layers_are_refused(runtime: Runtime, tmp_path: Path, unchanged: Callable[[], None]) -> None:
    empty = layer()
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}})
    manifest = json.dumps([{"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["l/layer.tar"] * 100_000}])
    files = [member("c.json", content=config.encode()), member("l/layer.tar", content=empty)]
    (tmp_path / "a.tar").write_bytes(layer(*files, member("manifest.json", content=manifest.encode())))
    assert SHAPE.match(runtime.refused("load", "-i", str(tmp_path / "a.tar")))
    unchanged()


@pytest.mark.parametrize("content", [b"", b"text, not an archive\n", bytes(100_000), b"\x1f\x8b\x08" + bytes(50)])
@pytest.mark.parametrize("command", ["load", "import"])
def test_what_is_no_archive_is_said_to_be_none(
    runtime: Runtime, tmp_path: Path, unchanged: Callable[[], None], content: bytes, command: str
) -> None:
    (tmp_path / "file").write_bytes(content)
    arguments = ("load", "-i", str(tmp_path / "file")) if command == "load" else ("import", str(tmp_path / "file"))
    done = runtime(*arguments, status=None)
    if command == "import" and content == bytes(100_000):  # an archive of nothing is what tar makes of no files
        assert done.returncode == 0
        runtime("rmi", done.stdout.strip())
    else:
        assert done.returncode == 125
        assert SHAPE.match(done.stderr)
    unchanged()


def test_a_pipe_that_breaks_off_is_refused(runtime: Runtime, small: Path, unchanged: Callable[[], None]) -> None:
    with subprocess.Popen(["head", "-c", "100000", str(small)], stdout=subprocess.PIPE) as half:
        done = subprocess.run(
            runtime.command("load"), stdin=half.stdout, capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode == 125
    assert SHAPE.match(done.stderr)
    unchanged()
