from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import Damaged, MissingProgram
from runtime.images import compression

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


def zstd(content: bytes) -> bytes:
    return subprocess.run(["zstd", "-qc"], input=content, capture_output=True, check=True).stdout


needs_zstd = pytest.mark.skipif(shutil.which("zstd") is None, reason="the zstd program is not installed")


def expanded(content: bytes, name: str, step: int = -1) -> bytes:
    with compression.expand(io.BytesIO(content), name) as stream:
        if step < 0:
            return stream.read()
        parts = []
        while part := stream.read(step):
            parts.append(part)
        return b"".join(parts)


@pytest.mark.parametrize("name", COMPRESSORS)
@given(content=st.binary(max_size=5000), step=st.integers(1, 700))
def test_what_was_compressed_comes_back(name: str, content: bytes, step: int) -> None:
    packed = COMPRESSORS[name](content)
    assert compression.recognise(packed[: compression.SAMPLE]) == name
    assert expanded(packed, name, step) == content


@pytest.mark.parametrize("name", COMPRESSORS)
def test_members_one_after_the_other_are_one_stream(name: str) -> None:
    pack = COMPRESSORS[name]
    assert expanded(pack(b"one") + pack(b"") + pack(b"two"), name) == b"onetwo"


@pytest.mark.parametrize("name", COMPRESSORS)
def test_zeros_after_the_end_are_padding(name: str) -> None:
    assert expanded(COMPRESSORS[name](b"one") + bytes(5000), name) == b"one"


@pytest.mark.parametrize("name", COMPRESSORS)
def test_large_runs_come_out_whole(name: str) -> None:
    content = bytes(5 << 20) + b"end"
    assert expanded(COMPRESSORS[name](content), name) == content


@pytest.mark.parametrize("name", COMPRESSORS)
@settings(max_examples=30)
@given(data=st.data())
def test_broken_off_data_are_damaged_wherever_they_end(name: str, data: st.DataObject) -> None:
    packed = COMPRESSORS[name](bytes(range(256)) * 20)
    end = data.draw(st.integers(0, len(packed) - 1))
    with pytest.raises(Damaged):
        expanded(packed[:end], name)


@pytest.mark.parametrize("name", COMPRESSORS)
def test_altered_data_are_damaged(name: str) -> None:
    packed = bytearray(COMPRESSORS[name](bytes(range(256)) * 20))
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises(Damaged, match=name):
        expanded(bytes(packed), name)


@pytest.mark.parametrize("name", COMPRESSORS)
def test_something_else_behind_the_data_is_damaged(name: str) -> None:
    with pytest.raises(Damaged):
        expanded(COMPRESSORS[name](b"one") + b"something else", name)


@needs_zstd
@pytest.mark.parametrize("content", [b"", b"one", bytes(range(256)) * 10_000], ids=["nothing", "little", "much"])
def test_zstd_comes_back(content: bytes) -> None:
    packed = zstd(content)
    assert compression.recognise(packed[: compression.SAMPLE]) == "zstd"
    assert expanded(packed, "zstd", 1000) == content


@needs_zstd
def test_zstd_frames_one_after_the_other_are_one_stream() -> None:
    skippable = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"
    assert compression.recognise(skippable) == "zstd"
    assert expanded(skippable + zstd(b"one") + zstd(b"two"), "zstd") == b"onetwo"


@needs_zstd
@pytest.mark.parametrize("cut", [1, 10, 100])
def test_broken_off_zstd_is_damaged(cut: int) -> None:
    with pytest.raises(Damaged, match="zstd"):
        expanded(zstd(bytes(range(256)) * 100)[:-cut], "zstd")


@needs_zstd
def test_a_zstd_stream_may_be_left_half_read() -> None:
    with compression.expand(io.BytesIO(zstd(bytes(50 << 20))), "zstd") as stream:
        assert stream.read(10) == bytes(10)


def test_missing_zstd_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("sys.version_info", (3, 9))
    with pytest.raises(MissingProgram) as caught:
        compression.expand(io.BytesIO(b""), "zstd")
    assert "install the package zstd" in caught.value.hint


def test_plain_data_are_passed_on() -> None:
    stream = io.BytesIO(b"plain")
    assert compression.recognise(b"plain!") == ""
    assert compression.expand(stream, "") is stream
