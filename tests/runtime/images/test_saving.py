from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from runtime.errors import InvalidInput, UnknownImage
from runtime.images.store import ImageStore
from tests.runtime.images.builders import Layout, Made, docker_files, layer, named, sha256, write
from tests.runtime.images.conftest import Store

pytestmark = pytest.mark.live

BASE, TOP = layer(base="one"), layer(top="two")


@pytest.fixture
def loaded(store: Store, tmp_path: Path) -> Store:
    files = docker_files(Made([BASE], ["a:1"]), Made([BASE, TOP], ["b:1", "quay.io/b:2"]))
    store.load(write(tmp_path / "images.tar", files))
    return store


def saved(store: ImageStore, *names: str, form: str = "docker") -> bytes:
    out = io.BytesIO()
    store.save(names, out, form)
    return out.getvalue()


@pytest.mark.parametrize("form", ["docker", "oci"])
def test_what_is_saved_loads_again_as_the_same(loaded: Store, tmp_path: Path, form: str) -> None:
    path = tmp_path / "saved.tar"
    path.write_bytes(saved(loaded, "a:1", "b:1", "quay.io/b:2", form=form))
    other = Store(tmp_path / "other", {})
    assert sorted(other.load(str(path))) == ["a:1", "b:1", "quay.io/b:2"]
    for name in ("a:1", "b:1"):
        assert other.find(name).id == loaded.find(name).id
        assert other.find(name).manifest == loaded.find(name).manifest
        assert other.content(name) == loaded.content(name)


def test_an_archive_depends_on_nothing_but_its_images(loaded: Store) -> None:
    assert saved(loaded, "a:1", "b:1") == saved(loaded, "a:1", "b:1")


def test_every_blob_is_in_it_once(loaded: Store) -> None:
    with tarfile.open(fileobj=io.BytesIO(saved(loaded, "a:1", "b:1"))) as archive:
        names = archive.getnames()
        assert len(names) == len(set(names))
        assert "blobs/sha256/" + sha256(BASE)[7:] in names
        entries = json.load(archive.extractfile("manifest.json") or io.BytesIO())
    assert [entry["RepoTags"] for entry in entries] == [["a:1"], ["b:1"]]


def test_an_image_saved_by_identifier_has_no_name(loaded: Store, tmp_path: Path) -> None:
    identifier = loaded.find("b:1").id
    path = tmp_path / "saved.tar"
    path.write_bytes(saved(loaded, identifier))
    assert Store(tmp_path / "other", {}).load(str(path)) == [identifier]


def test_nothing_and_unknown_images_and_formats_are_refused_before_a_byte_is_written(loaded: Store) -> None:
    out = io.BytesIO()
    for names, form, error in (
        ([], "docker", InvalidInput),
        (["a:1", "nothing"], "docker", UnknownImage),
        (["a:1"], "zip", InvalidInput),
    ):
        with pytest.raises(error):
            loaded.save(names, out, form)
    assert out.getvalue() == b""


needs_skopeo = pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed")
needs_umoci = pytest.mark.skipif(shutil.which("umoci") is None, reason="umoci is not installed")


def tool(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def skopeo(*arguments: str) -> str:
    return tool("skopeo", "--insecure-policy", *arguments)


@needs_skopeo
@pytest.mark.parametrize("form", ["docker", "oci"])
def test_skopeo_reads_what_is_saved(loaded: Store, tmp_path: Path, form: str) -> None:
    path = tmp_path / "saved.tar"
    path.write_bytes(saved(loaded, "b:1", form=form))
    source = f"docker-archive:{path}:b:1" if form == "docker" else f"oci-archive:{path}:1"
    config = json.loads(skopeo("inspect", "--config", source))
    assert config["rootfs"]["diff_ids"] == [sha256(BASE), sha256(TOP)]
    skopeo("copy", source, f"dir:{tmp_path}/copied")


@needs_skopeo
@pytest.mark.parametrize("target", ["docker-archive:{0}/out:c:1", "oci-archive:{0}/out:c:1", "oci:{0}/out:c:1"])
def test_what_skopeo_writes_loads(loaded: Store, tmp_path: Path, target: str) -> None:
    path = tmp_path / "saved.tar"
    path.write_bytes(saved(loaded, "b:1"))
    skopeo("copy", f"docker-archive:{path}:b:1", target.format(tmp_path))
    other = Store(tmp_path / "other", {})
    assert other.load(f"{tmp_path}/out") == ["c:1"]
    assert other.content("c:1") == {"base": "one", "top": "two"}


@needs_skopeo
@pytest.mark.parametrize("algorithm", ["gzip", "zstd"])
def test_layers_that_skopeo_compressed_load(loaded: Store, tmp_path: Path, algorithm: str) -> None:
    path = tmp_path / "saved.tar"
    path.write_bytes(saved(loaded, "b:1"))
    compress = ("--dest-compress-format", algorithm, "--dest-compress")
    skopeo("copy", *compress, f"docker-archive:{path}:b:1", f"oci:{tmp_path}/out:c:1")
    other = Store(tmp_path / "other", {})
    assert other.load(f"{tmp_path}/out") == ["c:1"]
    assert other.content("c:1") == {"base": "one", "top": "two"}
    blobs = [other.blobs.read(digest, 100_000) for digest in other.blobs.digests()]
    magic = b"\x28\xb5\x2f\xfd" if algorithm == "zstd" else b"\x1f\x8b"
    assert sum(blob.startswith(magic) for blob in blobs) == 2


@needs_umoci
def test_an_image_that_umoci_made_loads(store: Store, tmp_path: Path) -> None:
    layout = str(tmp_path / "made")
    tool("umoci", "init", "--layout", layout)
    tool("umoci", "new", "--image", f"{layout}:v1")
    (tmp_path / "file").write_text("hello")
    tool("umoci", "insert", "--image", f"{layout}:v1", str(tmp_path / "file"), "/file")
    tool("umoci", "config", "--image", f"{layout}:v1", "--config.cmd", "/file")
    assert store.load(layout) == ["localhost/made:v1"]
    assert store.content("made:v1") == {"file": "hello"}
    assert store.find("made:v1").config["config"]["Cmd"] == ["/file"]


def test_compressed_layers_are_saved_as_they_came(store: Store, tmp_path: Path) -> None:
    layout = Layout()
    layout.entries = [layout.manifest(Made([BASE]), compressed=True, **named("a/b:1"))]
    store.load(write(tmp_path / "image.tar", layout.done()))
    with tarfile.open(fileobj=io.BytesIO(saved(store, "a/b:1"))) as archive:
        index = json.load(archive.extractfile("index.json") or io.BytesIO())
    assert index["manifests"][0]["digest"] == layout.entries[0]["digest"]
