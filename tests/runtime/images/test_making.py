"""Images made here: imported, committed, and out of this machine's own programs."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.errors import Damaged, InvalidInput, NotFound, Unsupported
from runtime.images import host_state, platforms
from runtime.images.image import Image
from tests.runtime.images.builders import Made, docker_files, layer, sha256, tar, write
from tests.runtime.images.conftest import Store

pytestmark = pytest.mark.live

ROOT = tar({"etc": None, "etc/passwd": b"root", "file": b"content"})


def zstd(content: bytes) -> bytes:
    return subprocess.run(["zstd", "-qc"], input=content, capture_output=True, check=True).stdout


@contextmanager
def mounted(store: Store, image: Image, folder: Path) -> Iterator[Path]:
    assert image.chain is not None
    folder.mkdir()
    place = store.storage.mount(image.chain, str(folder), read_only=True)
    try:
        yield Path(place)
    finally:
        store.storage.unmount(image.chain, str(folder))


def inside(root: Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["chroot", str(root), "/bin/sh", "-c", script], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, zstd])
def test_a_root_filesystem_becomes_an_image(store: Store, tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    if pack is zstd and shutil.which("zstd") is None:
        pytest.skip("the zstd program is not installed")
    image = store.import_root(io.BytesIO(pack(ROOT)), "mine:1", ['CMD ["/x"]', "ENV A=b"], "a message")
    assert store.find("mine:1").id == image.id
    assert image.config["config"] == {"Cmd": ["/x"], "Env": ["A=b"]}
    assert image.config["rootfs"]["diff_ids"] == [sha256(ROOT)]
    assert image.platform == platforms.host()
    assert store.history("mine:1")[0]["Comment"] == "a message"
    with mounted(store, image, tmp_path / "root") as root:
        assert (root / "etc/passwd").read_text() == "root"


def test_an_import_can_be_for_another_platform(store: Store) -> None:
    image = store.import_root(io.BytesIO(ROOT), platform="linux/arm/v6")
    assert (image.config["architecture"], image.config["variant"]) == ("arm", "v6")
    assert image.names == []


@pytest.mark.parametrize(
    ("content", "name", "change"),
    [
        (b"", "", ""),
        (b"text\n" * 500, "", ""),
        (ROOT[:600], "", ""),
        (gzip.compress(ROOT)[:-30], "", ""),
        (ROOT, "Bad Name", ""),
        (ROOT, "", "RUN x"),
    ],
)
def test_an_import_of_nonsense_leaves_nothing(store: Store, content: bytes, name: str, change: str) -> None:
    with pytest.raises((Damaged, InvalidInput)):
        store.import_root(io.BytesIO(content), name, [change] if change else [])
    assert store.leftovers() == []
    assert store.list() == []


def test_what_mmdebstrap_made_is_imported(store: Store, tmp_path: Path) -> None:
    archives = sorted(Path.home().glob(".cache/runtime-ci/trixie-*.tar"))
    if not archives:
        pytest.skip("no root filesystem of mmdebstrap's is cached in ~/.cache/runtime-ci")
    with open(archives[0], "rb") as archive:
        image = store.import_root(archive, "debian:trixie")
    with mounted(store, image, tmp_path / "root") as root:
        done = inside(root, ". /etc/os-release; echo $VERSION_CODENAME")
    assert done.stdout == "trixie\n"


# ------------------------------------------------------------------------------------------------------------ commit


@pytest.fixture
def based(store: Store, tmp_path: Path) -> tuple[Store, str]:
    """A store with base:1, and a container's layer on it with a changed, a new and a removed file."""
    store.load(write(tmp_path / "image.tar", docker_files(Made([layer(kept="1", changed="1", gone="1")], ["base:1"]))))
    container = "c" * 64
    store.storage.create(container, store.find("base:1").chain)
    folder = tmp_path / "container"
    folder.mkdir()
    root = Path(store.storage.mount(container, str(folder)))
    (root / "changed").write_text("2")
    (root / "new").write_text("new")
    (root / "gone").unlink()
    store.storage.unmount(container, str(folder))
    return store, container


def test_a_container_s_changes_become_an_image(based: tuple[Store, str], tmp_path: Path) -> None:
    store, container = based
    base = store.find("base:1")
    image = store.commit(container, base.id, {"Cmd": ["x"]}, "new:1", "why", "me", ["USER u"])
    assert image.layers[:-1] == base.layers
    assert image.config["config"] == {"Cmd": ["x"], "User": "u"}
    assert image.config["author"] == "me"
    assert store.history("new:1")[0]["Comment"] == "why"
    with mounted(store, image, tmp_path / "root") as root:
        assert {path.name: path.read_text() for path in root.iterdir()} == {"kept": "1", "changed": "2", "new": "new"}


def test_a_committed_image_can_be_saved_and_loaded_elsewhere(based: tuple[Store, str], tmp_path: Path) -> None:
    store, container = based
    image = store.commit(container, store.find("base:1").id, {}, "new:1")
    with open(tmp_path / "saved.tar", "wb") as out:
        store.save(["new:1"], out)
    other = Store(tmp_path / "other", {})
    other.load(str(tmp_path / "saved.tar"))
    assert other.find("new:1").id == image.id
    with mounted(other, other.find("new:1"), tmp_path / "root") as root:
        assert sorted(os.listdir(root)) == ["changed", "kept", "new"]


def test_a_container_on_nothing_is_committed(store: Store, tmp_path: Path) -> None:
    store.storage.create("d" * 64, None)
    image = store.commit("d" * 64, None, {"Cmd": ["x"]}, "empty:1")
    assert len(image.layers) == 1


def test_a_commit_under_a_bad_name_leaves_nothing(based: tuple[Store, str]) -> None:
    store, container = based
    before = sorted(store.leftovers())
    for name, changes in (("A", []), ("ok", ["NONSENSE"])):
        with pytest.raises(InvalidInput):
            store.commit(container, store.find("base:1").id, {}, name, changes=changes)
    assert sorted(store.leftovers()) == before


# -------------------------------------------------------------------------------------------------------------- host


def test_the_host_s_programs_run_in_their_image(store: Store, tmp_path: Path) -> None:
    image = store.find("@host")
    assert image.references == ["@host"]
    with mounted(store, image, tmp_path / "root") as root:
        script = (
            "ls / && cat /etc/passwd | head -n 1 && id -u && test -d /tmp && echo done | sed s/done/fine/ && uname -s"
        )
        done = subprocess.run(
            ["chroot", str(root), "/bin/sh", "-c", script], capture_output=True, text=True, check=False
        )
        assert done.stderr == ""
        lines = done.stdout.splitlines()
        for path in root.rglob("*"):
            assert path.is_symlink() or path.stat().st_mode & 0o6000 == 0
    assert lines[-4:] == ["root:x:0:0:root:/root:/bin/sh", "0", "fine", "Linux"]
    assert {"bin", "dev", "etc", "proc", "sys", "tmp", "usr"} <= set(lines)


def test_the_host_s_image_is_made_once(store: Store) -> None:
    first = store.find("@host")
    size = os.stat(store.blobs.path(first.manifest)).st_mtime_ns
    assert store.find("@host").id == first.id
    assert os.stat(store.blobs.path(first.manifest)).st_mtime_ns == size


def test_the_host_s_image_is_the_same_to_the_bit_wherever_it_is_made(store: Store, tmp_path: Path) -> None:
    assert Store(tmp_path / "other", {}).find("@host").manifest == store.find("@host").manifest


def test_a_changed_program_makes_another_image(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "cat"):
        shutil.copy2(os.path.realpath(f"/bin/{name}"), folder / name)
    monkeypatch.setattr(host_state, "FOLDERS", (str(folder),))
    first = store.find("@host")
    shutil.copy2(os.path.realpath("/bin/ls"), folder / "cat")
    second = store.find("@host")
    assert second.id != first.id
    shutil.copy2(os.path.realpath("/bin/ls"), folder / "ls")
    assert store.find("@host").id not in (first.id, second.id)
    assert len(store.list()) == 1


def test_a_removed_host_image_is_made_again(store: Store) -> None:
    first = store.find("@host")
    assert store.remove("@host")[0] == "Untagged: @host"
    assert store.leftovers() == []
    assert store.find("@host").id == first.id


def test_the_host_s_image_is_only_for_this_machine(store: Store) -> None:
    other = "s390x" if platforms.host().architecture != "s390x" else "amd64"
    with pytest.raises(NotFound, match=other):
        store.find("@host", other)


def test_a_machine_without_a_shell_is_told_what_to_do(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_state, "FOLDERS", (str(tmp_path),))
    with pytest.raises(Unsupported) as caught:
        store.find("@host")
    assert "busybox" in caught.value.hint
    assert store.leftovers() == []


def test_programs_whose_libraries_are_missing_are_left_out(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    shutil.copy2(os.path.realpath("/bin/sh"), folder / "sh")
    content = Path(os.path.realpath("/bin/cat")).read_bytes()
    assert b"libc.so.6\0" in content
    (folder / "cat").write_bytes(content.replace(b"libc.so.6\0", b"libq.so.6\0"))
    (folder / "cat").chmod(0o755)
    monkeypatch.setattr(host_state, "FOLDERS", (str(folder),))
    with mounted(store, store.find("@host"), tmp_path / "root") as root:
        assert os.listdir(root / "usr/bin") == ["sh"]
