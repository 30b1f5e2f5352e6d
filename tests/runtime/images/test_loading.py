from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.errors import NotFound
from runtime.images import layers
from tests.runtime.images.builders import (
    Layout,
    Made,
    docker_files,
    layer,
    named,
    sha256,
    tar,
    write,
    write_folder,
)
from tests.runtime.images.conftest import Store

pytestmark = pytest.mark.live

BASE = layer(base="one")
TOP = layer(top="two")


@pytest.mark.parametrize("compress", [False, True])
def test_a_docker_archive_loads(store: Store, tmp_path: Path, compress: bool) -> None:
    image = Made([BASE, TOP], ["debian:12", "other/name"])
    path = write(tmp_path / "image.tar", docker_files(image, compress=compress))
    assert store.load(path) == ["debian:12", "other/name:latest"]
    found = store.find("debian:12")
    assert found.id == image.identifier
    assert found.layers == layers.chain([sha256(BASE), sha256(TOP)])
    assert found.chain == found.layers[-1]
    assert found.config["config"]["Env"] == ["A=b"]
    assert found.size == 6
    assert store.content("other/name") == {"base": "one", "top": "two"}


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_a_compressed_archive_loads(store: Store, tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "image.tar.z"
    path.write_bytes(pack(tar(docker_files(Made([BASE])))))
    assert store.load(str(path)) == ["made:1"]
    assert store.content("made:1") == {"base": "one"}


def test_an_archive_loads_from_a_pipe(store: Store) -> None:
    read, write_end = os.pipe()
    content = tar(docker_files(Made([BASE])))
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=write_end) as cat:
        os.close(write_end)
        assert cat.stdin is not None
        cat.stdin.write(content)
        cat.stdin.close()
        with open(read, "rb") as pipe:
            assert store.load(pipe) == ["made:1"]


def test_an_archive_loads_from_an_open_file(store: Store, tmp_path: Path) -> None:
    with open(write(tmp_path / "image.tar", docker_files(Made([BASE]))), "rb") as file:
        assert store.load(file) == ["made:1"]


def test_several_images_of_one_archive_share_their_layers(store: Store, tmp_path: Path) -> None:
    files = docker_files(Made([BASE], ["a:1"]), Made([BASE, TOP], ["b:1"]))
    assert store.load(write(tmp_path / "images.tar", files)) == ["a:1", "b:1"]
    assert len(store.storage.layers()) == 2


def test_layers_that_are_links_to_another_image_s_are_found(store: Store, tmp_path: Path) -> None:
    import tarfile

    image = Made([BASE])
    files = docker_files(image)
    name = next(name for name in files if name.endswith("layer.tar"))
    content = files.pop(name)
    buffer = io.BytesIO(tar({**files, "first/layer.tar": content}))
    with tarfile.open(fileobj=buffer, mode="a") as archive:
        link = tarfile.TarInfo(name)
        link.type, link.linkname = tarfile.SYMTYPE, "../first/layer.tar"
        archive.addfile(link)
    path = tmp_path / "image.tar"
    path.write_bytes(buffer.getvalue())
    assert store.load(str(path)) == ["made:1"]


def test_loading_twice_changes_nothing(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "image.tar", docker_files(Made([BASE])))
    store.load(path)
    before = sorted(store.leftovers())
    store.load(path)
    assert sorted(store.leftovers()) == before


def test_an_image_without_a_name_is_told_by_its_identifier(store: Store, tmp_path: Path) -> None:
    image = Made([BASE], [])
    assert store.load(write(tmp_path / "image.tar", docker_files(image))) == [image.identifier]
    assert store.find(image.identifier[7:19]).names == []


def test_an_image_without_layers_loads(store: Store, tmp_path: Path) -> None:
    store.load(write(tmp_path / "image.tar", docker_files(Made([]))))
    assert store.find("made:1").chain is None


def test_an_archive_of_docker_before_1_10_loads(store: Store, tmp_path: Path) -> None:
    base, top = "a" * 64, "b" * 64
    documents = {
        base: {"id": base, "created": "2014-01-01T00:00:00Z", "container_config": {"Cmd": ["/bin/sh", "-c", "x"]}},
        top: {"id": top, "parent": base, "architecture": "amd64", "os": "linux", "config": {"Cmd": ["top"]}},
    }
    files = {f"{one}/json": json.dumps(document).encode() for one, document in documents.items()}
    files |= {f"{base}/layer.tar": BASE, f"{top}/layer.tar": TOP, f"{top}/VERSION": b"1.0"}
    files["repositories"] = json.dumps({"old": {"1": top}}).encode()
    assert store.load(write(tmp_path / "image.tar", files)) == ["old:1"]
    image = store.find("old:1")
    assert image.config["config"]["Cmd"] == ["top"]
    assert image.config["rootfs"]["diff_ids"] == [sha256(BASE), sha256(TOP)]
    assert [row["CreatedBy"] for row in store.history("old:1")] == ["", "/bin/sh -c x"]
    assert store.content("old:1") == {"base": "one", "top": "two"}


# ------------------------------------------------------------------------------------------------------ OCI layouts


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("folder", [False, True])
def test_an_oci_layout_loads(store: Store, tmp_path: Path, compressed: bool, folder: bool) -> None:
    layout = Layout()
    layout.entries = [layout.manifest(Made([BASE, TOP]), compressed, **named("quay.io/a/b:1"))]
    path = tmp_path / "layout"
    given = write_folder(path, layout.done()) if folder else write(path, layout.done())
    assert store.load(given) == ["quay.io/a/b:1"]
    assert store.find("quay.io/a/b:1").manifest == layout.entries[0]["digest"]
    assert store.content("quay.io/a/b:1") == {"base": "one", "top": "two"}


def test_tags_alone_get_the_layout_s_name_under_localhost(store: Store, tmp_path: Path) -> None:
    layout = Layout()
    layout.entries = [
        layout.manifest(Made([BASE]), **named("first")),
        layout.manifest(Made([TOP]), **named("second")),
    ]
    given = write_folder(tmp_path / "mine", layout.done())
    assert store.load(given) == ["localhost/mine:first", "localhost/mine:second"]
    assert store.find("mine:second").id == Made([TOP]).identifier


def test_docker_25_s_archives_take_their_names_from_manifest_json(store: Store, tmp_path: Path) -> None:
    image = Made([BASE], ["a:1", "b:2"])
    layout = Layout()
    layout.entries = [layout.manifest(image)]
    entry = {"Config": "blobs/sha256/" + image.identifier[7:], "RepoTags": image.names, "Layers": []}
    files = {**layout.done(), "manifest.json": json.dumps([entry]).encode()}
    assert store.load(write(tmp_path / "image.tar", files)) == ["a:1", "b:2"]


def platforms_layout() -> Layout:
    layout = Layout()
    images = [Made([layer(arch=name)], architecture=name) for name in ("amd64", "arm64", "s390x")]
    entries = [layout.manifest(image, platform=image.platform) for image in images]
    layout.entries = [layout.index(entries, **named("many:1"))]
    return layout


@pytest.mark.parametrize("wanted", ["amd64", "linux/arm64/v8", "s390x"])
def test_the_platform_asked_for_is_taken_from_an_index(store: Store, tmp_path: Path, wanted: str) -> None:
    store.load(write(tmp_path / "image.tar", platforms_layout().done()), platform=wanted)
    assert store.content("many:1") == {"arch": wanted.replace("linux/", "").replace("/v8", "")}
    assert len(store.list()) == 1


def test_all_platforms_of_an_index_can_be_kept_and_chosen_from(store: Store, tmp_path: Path) -> None:
    assert store.load(write(tmp_path / "image.tar", platforms_layout().done()), platform="all") == ["many:1"]
    assert store.find("many:1", "s390x").config["architecture"] == "s390x"
    assert store.find("many:1", "arm64").config["architecture"] == "arm64"
    with pytest.raises(NotFound, match="ppc64le"):
        store.find("many:1", "ppc64le")


def test_a_platform_that_is_not_offered_is_told_with_those_that_are(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"linux/amd64, linux/arm64, linux/s390x"):
        store.load(write(tmp_path / "image.tar", platforms_layout().done()), platform="riscv64")
    assert store.leftovers() == []


def test_an_index_may_lack_what_other_platforms_need(store: Store, tmp_path: Path) -> None:
    layout = Layout()
    here, there = Made([BASE], architecture="amd64"), Made([TOP], architecture="arm64")
    entries = [layout.manifest(one, platform=one.platform) for one in (here, there)]
    layout.entries = [layout.index(entries, **named("many:1"))]
    files = layout.done()
    for content in (there.config, TOP):
        del files["blobs/sha256/" + sha256(content)[7:]]
    del files["blobs/sha256/" + entries[1]["digest"][7:]]
    store.load(write(tmp_path / "image.tar", files))
    assert store.content("many:1") == {"base": "one"}


def test_attestations_beside_images_are_left_aside(store: Store, tmp_path: Path) -> None:
    layout = Layout()
    image = Made([BASE])
    statement = layout.manifest(
        Made([TOP], architecture="unknown"),
        platform={"os": "unknown", "architecture": "unknown"},
        annotations={"vnd.docker.reference.type": "attestation-manifest"},
    )
    layout.entries = [layout.index([layout.manifest(image, platform=image.platform), statement], **named("a:1"))]
    store.load(write(tmp_path / "image.tar", layout.done()))
    assert [one.id for one in store.list()] == [image.identifier]


def test_a_layer_that_the_layout_lacks_is_taken_from_the_store(store: Store, tmp_path: Path) -> None:
    layout = Layout()
    layout.entries = [layout.manifest(Made([BASE, TOP]), **named("a:1"))]
    store.load(write(tmp_path / "image.tar", layout.done()))
    second = Layout()
    second.entries = [second.manifest(Made([BASE]), **named("b:1"))]
    files = second.done()
    del files["blobs/sha256/" + sha256(BASE)[7:]]
    assert store.load(write(tmp_path / "second.tar", files)) == ["b:1"]
