"""Damaged and hostile archives: an error that says what is wrong, and nothing left in the store."""

from __future__ import annotations

import gzip
import io
import json
import os
from pathlib import Path

import pytest

from runtime.errors import Damaged, InvalidInput, TooLarge, Unsupported
from runtime.images import intake, models
from tests.runtime.images.builders import (
    OCI,
    Layout,
    Made,
    docker_files,
    layer,
    sha256,
    tar,
    write,
)
from tests.runtime.images.conftest import Store

pytestmark = pytest.mark.live

BASE = layer(base="one")
TOP = layer(top="two")


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
