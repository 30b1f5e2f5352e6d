from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.bundle.mounts import parse_mount, parse_tmpfs, parse_volume
from runtime.containers.request import Mount
from runtime.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "mount"),
    [
        ("type=bind,source=/a,target=/b", Mount("bind", "/a", "/b")),
        ("type=bind,src=/a,dst=/b,ro", Mount("bind", "/a", "/b", read_only=True)),
        ("type=bind,src=/a,destination=/b/,readonly=true", Mount("bind", "/a", "/b", read_only=True)),
        ("type=bind,src=/a,dst=/b,readonly=false", Mount("bind", "/a", "/b")),
        ('type=bind,"src=/a,b",dst=/c', Mount("bind", "/a,b", "/c")),
        ("type=bind,src=/a,dst=/b,bind-propagation=rshared", Mount("bind", "/a", "/b", options=("rshared",))),
        ("type=bind,src=/a,dst=/b,bind-recursive=disabled", Mount("bind", "/a", "/b", options=("bind",))),
        ("type=bind,src=/a,dst=/b,bind-nonrecursive", Mount("bind", "/a", "/b", options=("bind",))),
        ("source=data,target=/d", Mount("volume", "data", "/d")),
        ("target=/d", Mount("volume", "", "/d")),
        ("type=volume,src=data,dst=/d,volume-nocopy", Mount("volume", "data", "/d", copy=False)),
        ("type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770",
         Mount("tmpfs", "", "/t", options=("size=1048576", "mode=1770"))),
    ],
)  # fmt: skip
def test_the_long_form_is_read(text: str, mount: Mount) -> None:
    assert parse_mount(text) == mount


@pytest.mark.parametrize(
    "text",
    [
        "",
        "type=bind,target=/b",
        "type=bind,source=/a",
        "type=bind,source=/a,target=b",
        "type=bind,source=/a,target=/",
        "type=bind,source=/a,target=/b,tmpfs-size=1",
        "type=tmpfs,source=/a,target=/b",
        "type=floppy,target=/b",
        "type=bind,source=/a,target=/b,readonly=perhaps",
        "type=bind,source=/a,target=/b,bind-propagation=sideways",
        "type=bind,source=/a,target=/b,color=red",
        "type=volume,source=../x,target=/b",
        "source,target=/b",
        'type=bind,"source=/a',
        "type=tmpfs,target=/t,tmpfs-mode=999",
    ],
)
def test_a_wrong_long_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_mount(text)


@pytest.mark.parametrize(
    ("text", "mount"),
    [
        ("/a:/b", Mount("bind", "/a", "/b", create_source=True)),
        ("/a:/b:ro", Mount("bind", "/a", "/b", read_only=True, create_source=True)),
        ("/a:/b:ro,rshared", Mount("bind", "/a", "/b", True, ("rshared",), create_source=True)),
        ("/a:/b:Z", Mount("bind", "/a", "/b", options=("Z",), create_source=True)),
        ("./a:/b", Mount("bind", os.path.abspath("a"), "/b", create_source=True)),
        ("data:/b:nocopy", Mount("volume", "data", "/b", copy=False)),
        ("/b", Mount("volume", "", "/b")),
    ],
)
def test_the_short_form_is_read(text: str, mount: Mount) -> None:
    assert parse_volume(text) == mount


@pytest.mark.parametrize(
    "text", ["", ":", "/a:", ":/b", "/a:/b:ro:x", "/a:b", "/a:/b:ro,rw", "/a:/b:shiny", "a/b:/c", "data:/b:shared"]
)
def test_a_wrong_short_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_volume(text)


@pytest.mark.parametrize(
    ("text", "mount"),
    [
        ("/run", Mount("tmpfs", "", "/run")),
        ("/run:rw,size=64k,mode=1777,exec", Mount("tmpfs", "", "/run", options=("size=65536", "mode=1777", "exec"))),
        ("/run:ro", Mount("tmpfs", "", "/run", read_only=True)),
        ("/run:size=50%", Mount("tmpfs", "", "/run", options=("size=50%",))),
    ],
)
def test_a_tmpfs_is_read(text: str, mount: Mount) -> None:
    assert parse_tmpfs(text) == mount


@pytest.mark.parametrize("text", ["", "run", "/run:size", "/run:upperdir=/etc", "/run:bind"])
def test_a_wrong_tmpfs_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_tmpfs(text)


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_is_a_clean_target_or_refused(text: str) -> None:
    for parse in (parse_mount, parse_volume, parse_tmpfs):
        try:
            target = parse(text).target
        except InvalidInput:
            continue
        assert target.startswith("/")
        assert ".." not in target.split("/")
        assert target != "/"
