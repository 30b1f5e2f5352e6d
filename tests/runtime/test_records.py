from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime import records
from runtime.errors import Damaged, NoSpace, Problem

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values)
def test_what_is_encoded_is_decoded_to_the_same(value: Any) -> None:
    assert records.decode(records.encode(value)) == value


@given(values)
def test_encoding_agrees_with_the_standard_library(value: Any) -> None:
    assert json.loads(records.encode(value)) == value


@given(st.text())
def test_decoding_refuses_exactly_what_the_standard_library_refuses(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError):
            records.decode(text)
    else:
        if text.strip(" \t\n\r") not in ("NaN", "Infinity", "-Infinity"):
            assert records.decode(text) == expected


@pytest.mark.parametrize("text", ["", "{", "[1", '{"a":1} x', "NaN", "[Infinity]", "nul", "[" * 100_000, '"\x01"'])
def test_what_is_not_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        records.decode(text)


def test_broken_json_is_a_value_error_before_json_was_ever_imported() -> None:
    code = "from runtime import records\ntry:\n records.decode('{')\nexcept ValueError as error:\n print(error)"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert "double quotes" in done.stdout


def test_a_value_that_json_lacks_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot hold object"):
        records.encode({"a": object()})


def test_a_stored_record_comes_back(tmp_path: Path) -> None:
    path = str(tmp_path / "record.json")
    records.store(path, {"a": [1, None, "é"]}, schema=3)
    assert records.load(path, schema=3) == {"schema": 3, "a": [1, None, "é"]}
    assert os.listdir(tmp_path) == ["record.json"]


def test_a_record_that_is_not_there_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        records.load(str(tmp_path / "nothing"))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"a": 1}{', b"null"])
def test_a_damaged_record_names_its_path_and_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(content)
    with pytest.raises(Damaged) as caught:
        records.load(str(path))
    assert str(path) in str(caught.value)
    assert str(path) in caught.value.hint


def test_a_newer_schema_says_to_use_the_newer_program(tmp_path: Path) -> None:
    path = str(tmp_path / "record.json")
    records.store(path, {}, schema=9)
    with pytest.raises(Damaged, match="schema 9") as caught:
        records.load(path, schema=1)
    assert "newer version" in caught.value.hint


def test_a_failed_write_leaves_the_old_record_and_nothing_else(tmp_path: Path) -> None:
    path = str(tmp_path / "record.json")
    records.store(path, {"a": 1})
    with pytest.raises(TypeError):
        records.store(path, {"a": object()})
    assert records.load(path) == {"a": 1}
    assert os.listdir(tmp_path) == ["record.json"]


def test_a_folder_that_is_missing_is_told_with_the_path(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="ENOENT") as caught:
        records.store(str(tmp_path / "no" / "record.json"), {})
    assert "no/record.json" in str(caught.value)


def test_a_full_disk_is_told_as_such() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    from runtime.errors import explain

    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(OSError) as caught:
        full.write(b"x")
    problem = explain(caught.value, "write /dev/full")
    assert isinstance(problem, NoSpace)
    assert "ENOSPC" in str(problem)


def test_a_lock_keeps_others_out_until_it_is_released(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with records.Lock(path):
        assert not records.Lock(path).acquire(wait=False)
    again = records.Lock(path)
    assert again.acquire(wait=False)
    again.release()


def test_shared_locks_let_each_other_in_and_keep_an_exclusive_one_out(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    first, second, third = records.Lock(path), records.Lock(path), records.Lock(path)
    assert first.acquire(shared=True)
    assert second.acquire(shared=True, wait=False)
    assert not third.acquire(wait=False)
    first.release()
    second.release()
    assert third.acquire(wait=False)
    third.release()


def test_a_lock_dies_with_its_process(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    code = (
        "import sys; from runtime.records import Lock; Lock(sys.argv[1]).acquire(); print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert not records.Lock(path).acquire(wait=False)
        holder.kill()
        holder.wait()
    lock = records.Lock(path)
    assert lock.acquire(wait=False)
    lock.release()
