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

from runtime.errors import Damaged, InvalidInput, NotFound, TooLarge, Unsupported
from runtime.images import intake, layers, models
from tests.runtime.images.builders import (
    OCI,
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


# -------------------------------------------------------------------------------------------------------- bad input


def broken(store: Store, tmp_path: Path, files: dict[str, bytes]) -> str:
    path = write(tmp_path / "bad.tar", files)
    with pytest.raises((Damaged, InvalidInput, Unsupported)) as caught:
        store.load(path)
    assert store.leftovers() == []
    assert store.list() == []
    return str(caught.value)


def test_a_layer_of_another_digest_is_damaged_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    files = docker_files(Made([BASE, TOP]))
    files[[name for name in files if name.endswith("layer.tar")][1]] = layer(top="evil")
    assert sha256(TOP) in broken(store, tmp_path, files)


def test_an_altered_compressed_layer_is_damaged_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    files = docker_files(Made([BASE, TOP]))
    files[[name for name in files if name.endswith("layer.tar")][1]] = gzip.compress(layer(top="evil"))
    assert sha256(TOP) in broken(store, tmp_path, files)


def test_bytes_after_a_layer_s_end_count_for_its_digest(store: Store, tmp_path: Path) -> None:
    files = docker_files(Made([BASE]))
    files[next(name for name in files if name.endswith("layer.tar"))] = BASE + bytes(10240) + b"more"
    assert sha256(BASE) in broken(store, tmp_path, files)


def test_a_layer_whose_blob_is_altered_is_damaged(store: Store, tmp_path: Path) -> None:
    layout = Layout()
    layout.entries = [layout.manifest(Made([BASE]))]
    files = layout.done()
    evil = layer(base="two")
    assert len(evil) == len(BASE)
    files["blobs/sha256/" + sha256(BASE)[7:]] = evil
    broken(store, tmp_path, files)


def test_an_altered_configuration_is_damaged(store: Store, tmp_path: Path) -> None:
    image = Made([BASE])
    files = docker_files(image)
    files[image.identifier[7:] + ".json"] = image.config.replace(b"/bin/sh", b"/bin/sx")
    assert "does not match the digest" in broken(store, tmp_path, files)


@pytest.mark.parametrize("missing", ["layer.tar", ".json"])
def test_a_missing_file_is_named(store: Store, tmp_path: Path, missing: str) -> None:
    files = docker_files(Made([BASE]))
    gone = next(name for name in files if name.endswith(missing) and name != "manifest.json")
    del files[gone]
    assert gone in broken(store, tmp_path, files)


def test_a_missing_blob_of_a_layout_is_named(store: Store, tmp_path: Path) -> None:
    layout = Layout()
    layout.entries = [layout.manifest(Made([BASE]))]
    files = layout.done()
    del files["blobs/sha256/" + sha256(BASE)[7:]]
    assert sha256(BASE) in broken(store, tmp_path, files)


def test_an_archive_broken_off_anywhere_leaves_nothing(store: Store, tmp_path: Path) -> None:
    whole = tar(docker_files(Made([BASE, TOP])))
    path = tmp_path / "bad.tar"
    for end in range(1, len(whole.rstrip(b"\0")), 1300):
        path.write_bytes(whole[:end])
        with pytest.raises((Damaged, InvalidInput)):
            store.load(str(path))
    assert store.leftovers() == []


def test_an_empty_file_is_told_as_such(store: Store, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises((Damaged, InvalidInput)):
        store.load(str(tmp_path / "empty"))
    with pytest.raises(InvalidInput, match="empty"):
        store.load(io.BytesIO(b""))


def test_a_path_that_is_not_there_is_told(store: Store) -> None:
    with pytest.raises(InvalidInput, match="does not exist"):
        store.load("/nonexistent/image.tar")


def test_a_root_filesystem_is_sent_to_import(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        store.load(write(tmp_path / "root.tar", {"etc/passwd": b"root"}))
    assert "import" in caught.value.hint


def test_text_is_not_a_tar_archive(store: Store, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello\n" * 1000)
    with pytest.raises(Damaged, match="not a tar archive"):
        store.load(str(tmp_path / "text"))


def test_an_index_inside_itself_ends(store: Store, tmp_path: Path) -> None:
    # A true cycle cannot be made of digests; one that lies about its digest is caught by it.
    layout = Layout()
    entry = layout.index([])
    for _ in range(7):
        entry = layout.index([entry])
    layout.entries = [entry]
    assert "inside each other" in broken(store, tmp_path, layout.done())


def test_a_digest_that_is_a_path_is_refused(store: Store, tmp_path: Path) -> None:
    layout = Layout()
    entry = layout.manifest(Made([BASE]))
    layout.entries = [{**entry, "digest": "sha256:../../../etc/passwd"}]
    assert "not a sha256 digest" in broken(store, tmp_path, layout.done())


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1]", b"{}", b'[{"Config": 1}]', b'[{"Config": "x", "Layers": [1]}]', b"[" * 50_000, b"[]", b"null"],
)
def test_nonsense_in_manifest_json_is_refused(store: Store, tmp_path: Path, content: bytes) -> None:
    broken(store, tmp_path, {"manifest.json": content})


@pytest.mark.parametrize(
    "change",
    [
        {"rootfs": None},
        {"rootfs": {"type": "layers", "diff_ids": "x"}},
        {"rootfs": {"type": "layers", "diff_ids": ["sha256:x"]}},
        {"rootfs": {"type": "layers", "diff_ids": ["md5:" + "0" * 32]}},
        {"rootfs": {"type": "layers", "diff_ids": []}},
        {"rootfs": {"type": "other", "diff_ids": []}},
        {"rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64] * 501}},
        {"config": []},
        {"history": {}},
        {"architecture": 1},
        {"os": "windows"},
    ],
)
def test_nonsense_in_a_configuration_is_refused(store: Store, tmp_path: Path, change: dict[str, object]) -> None:
    broken(store, tmp_path, docker_files(Made([BASE], extra=change)))


@pytest.mark.parametrize("name", ["../evil:1", "A:1", "a:1:1", "@host", ""])
def test_a_hostile_name_is_refused(store: Store, tmp_path: Path, name: str) -> None:
    broken(store, tmp_path, docker_files(Made([BASE], [name])))


@pytest.mark.parametrize(
    ("kind", "said"),
    [("helm.config.v1+json", "artifact"), ("config.v1+json", "")],
)
def test_artifacts_are_told_from_images(store: Store, tmp_path: Path, kind: str, said: str) -> None:
    layout = Layout()
    config = layout.blob(Made([BASE]).config, kind)
    layers_ = [layout.blob(BASE, "layer.v1.tar+encrypted")]
    document = {"schemaVersion": 2, "mediaType": f"{OCI}.manifest.v1+json", "config": config, "layers": layers_}
    layout.entries = [layout.blob(json.dumps(document).encode(), "manifest.v1+json")]
    assert said in broken(store, tmp_path, layout.done())


def test_documents_are_limited_in_size(store: Store, tmp_path: Path) -> None:
    files = docker_files(Made([BASE], extra={"x": "y" * models.DOCUMENT_LIMIT}))
    with pytest.raises(TooLarge):
        store.load(write(tmp_path / "bad.tar", files))


def test_hostile_layers_leave_nothing(store: Store, tmp_path: Path) -> None:
    import tarfile

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("ok", "../../../../escaped"):
            member = tarfile.TarInfo(name)
            member.size = 1
            archive.addfile(member, io.BytesIO(b"x"))
    path = write(tmp_path / "bad.tar", docker_files(Made([BASE, buffer.getvalue()])))
    try:
        store.load(path)
    except Damaged:
        assert store.leftovers() == []
    assert not (tmp_path / "escaped").exists()
    assert not (tmp_path.parent / "escaped").exists()


def test_a_failed_load_keeps_what_other_images_use(store: Store, tmp_path: Path) -> None:
    store.load(write(tmp_path / "good.tar", docker_files(Made([BASE], ["good:1"]))))
    before = sorted(store.leftovers())
    files = docker_files(Made([BASE, TOP]))
    files[[name for name in files if name.endswith("layer.tar")][1]] = layer(top="evil")
    with pytest.raises(Damaged):
        store.load(write(tmp_path / "bad.tar", files))
    assert sorted(store.leftovers()) == before
    assert store.content("good:1") == {"base": "one"}


def test_a_layer_that_expands_without_end_is_too_large(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "EXPANDED_LIMIT", 3 << 20)
    bomb = tar({"zeros": bytes(8 << 20)})
    path = write(tmp_path / "bad.tar", docker_files(Made([bomb]), compress=True))
    assert os.stat(path).st_size < 50_000
    with pytest.raises(TooLarge):
        store.load(path)
    assert store.leftovers() == []


def test_an_image_for_another_platform_is_taken_unless_one_was_asked_for(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "image.tar", docker_files(Made([BASE], architecture="s390x")))
    with pytest.raises(InvalidInput, match="linux/s390x"):
        store.load(path, platform="linux/amd64")
    assert store.leftovers() == []
    store.load(path)
    assert str(store.find("made:1").platform) == "linux/s390x"


def test_five_hundred_layers_are_the_most(store: Store, tmp_path: Path) -> None:
    broken(store, tmp_path, docker_files(Made([layer(a=str(number)) for number in range(501)])))
