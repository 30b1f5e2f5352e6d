from __future__ import annotations

import json
import marshal
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backends.security import filter_cache, seccomp
from backends.security.errors import BadProfile
from backends.security.profile import default_profile

PROFILE = default_profile("x86_64", ["CAP_CHOWN"], (6, 1))
PROGRAM = seccomp.compile(PROFILE, "x86_64")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "filters"


def fill(folder: Path) -> Path:
    """Compiles into an empty cache; the one entry."""
    assert filter_cache.load_or_compile(PROFILE, "x86_64", str(folder)) == PROGRAM
    (entry,) = folder.iterdir()
    return entry


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The architectures that were really compiled for."""
    seen: list[str] = []
    compile = seccomp.compile

    def counting(profile: dict[str, Any], architecture: str) -> bytes:
        seen.append(architecture)
        return compile(profile, architecture)

    monkeypatch.setattr(seccomp, "compile", counting)
    return seen


def test_a_filter_is_compiled_once(folder: Path, compilations: list[str]) -> None:
    for _ in range(3):
        assert filter_cache.load_or_compile(PROFILE, "x86_64", str(folder)) == PROGRAM
    assert compilations == ["x86_64"]


def test_an_equal_profile_from_elsewhere_finds_the_same_filter(folder: Path, compilations: list[str]) -> None:
    fill(folder)
    again = json.loads(json.dumps(PROFILE))
    assert filter_cache.load_or_compile(again, "x86_64", str(folder)) == PROGRAM
    assert len(compilations) == 1


def test_profiles_and_architectures_have_filters_of_their_own(folder: Path) -> None:
    fill(folder)
    other = {**PROFILE, "defaultErrnoRet": 13}
    assert filter_cache.load_or_compile(other, "x86_64", str(folder)) == seccomp.compile(other, "x86_64")
    assert filter_cache.load_or_compile(PROFILE, "i386", str(folder)) == seccomp.compile(PROFILE, "i386")
    assert len(list(folder.iterdir())) == 3


def test_a_changed_compiler_does_not_meet_its_predecessors_filters(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compilations: list[str]
) -> None:
    fill(folder)
    source = tmp_path / "compiler.py"
    source.write_text("# another version")
    monkeypatch.setattr(filter_cache, "_SOURCES", (str(source),))
    filter_cache.load_or_compile(PROFILE, "x86_64", str(folder))
    assert len(compilations) == 2


@pytest.mark.parametrize("damage", ["empty", "cut", "bit", "longer", "header", "other"])
def test_a_damaged_entry_is_compiled_anew_and_repaired(folder: Path, damage: str) -> None:
    entry = fill(folder)
    whole = entry.read_bytes()
    flipped = bytearray(whole)
    flipped[-9] ^= 4
    entry.write_bytes(
        {
            "empty": b"",
            "cut": whole[:-8],
            "bit": bytes(flipped),
            "longer": whole + bytes(8),
            "header": b"FILTER" + whole[6:],
            "other": b"x" * 100_000,
        }[damage]
    )
    assert filter_cache.load_or_compile(PROFILE, "x86_64", str(folder)) == PROGRAM
    assert entry.read_bytes() == whole


def test_an_entry_under_another_name_is_not_believed(folder: Path) -> None:
    """A whole entry of a laxer profile, copied over a stricter one's."""
    strict = fill(folder)
    lax = {"defaultAction": "SCMP_ACT_ALLOW"}
    filter_cache.load_or_compile(lax, "x86_64", str(folder))
    (other,) = set(folder.iterdir()) - {strict}
    strict.write_bytes(other.read_bytes())
    assert filter_cache.load_or_compile(PROFILE, "x86_64", str(folder)) == PROGRAM


def test_an_entry_that_is_no_file_does_no_harm(folder: Path) -> None:
    entry = fill(folder)
    for make in (os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)):
        if entry.is_dir():
            entry.rmdir()
        else:
            entry.unlink()
        make(str(entry))
        assert filter_cache.load_or_compile(PROFILE, "x86_64", str(folder)) == PROGRAM


def test_the_folder_is_made_for_its_owner_alone(folder: Path) -> None:
    entry = fill(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert entry.stat().st_mode & 0o777 == 0o600


def test_a_folder_open_to_others_is_neither_read_nor_written(folder: Path, compilations: list[str]) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    for _ in range(2):
        assert filter_cache.load_or_compile(PROFILE, "x86_64", str(folder)) == PROGRAM
    assert len(compilations) == 2
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a folder away")
def test_a_folder_of_somebody_else_is_not_used(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, 65534)
    assert filter_cache.load_or_compile(PROFILE, "x86_64", str(folder)) == PROGRAM
    assert list(folder.iterdir()) == []


def test_a_folder_reached_by_a_link_is_not_used(folder: Path, tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    folder.symlink_to(real)
    assert filter_cache.load_or_compile(PROFILE, "x86_64", str(folder)) == PROGRAM
    assert list(real.iterdir()) == []


def test_a_missing_parent_folder_costs_time_and_nothing_else(tmp_path: Path) -> None:
    assert filter_cache.load_or_compile(PROFILE, "x86_64", str(tmp_path / "no" / "such")) == PROGRAM


def test_an_abandoned_temporary_file_is_no_obstacle(folder: Path) -> None:
    entry = fill(folder)
    entry.rename(f"{entry}.{os.getpid()}")
    for _ in range(2):
        assert filter_cache.load_or_compile(PROFILE, "x86_64", str(folder)) == PROGRAM
    assert [path.name for path in folder.iterdir()] == [entry.name]


def test_the_folder_does_not_grow_for_ever(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filter_cache, "_ENTRIES", 4)
    for number in range(20):
        filter_cache.load_or_compile(
            {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": number}, "x86_64", str(folder)
        )
    assert len(list(folder.iterdir())) <= 4


def test_a_bad_profile_is_an_error_and_no_entry(folder: Path) -> None:
    with pytest.raises(BadProfile):
        filter_cache.load_or_compile({"defaultAction": "ALLOW"}, "x86_64", str(folder))
    assert list(folder.iterdir()) == []


def test_a_hit_imports_neither_the_compiler_nor_anything_slow(folder: Path) -> None:
    fill(folder)
    code = (
        "import marshal, sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from backends.security.filter_cache import load_or_compile\n"
        "load_or_compile(marshal.load(open(sys.argv[2], 'rb')), 'x86_64', sys.argv[3])\n"
        "print(*sys.modules)\n"
    )
    stored = folder.parent / "profile"
    stored.write_bytes(marshal.dumps(PROFILE))
    root = Path(__file__).parents[3]
    run = [sys.executable, "-I", "-S", "-c", code, str(root), str(stored), str(folder)]
    imported = set(subprocess.run(run, capture_output=True, text=True, check=True).stdout.split())
    assert "backends.security.filter_cache" in imported
    assert imported & {"backends.security.seccomp.compiler", "dataclasses", "re", "json", "hashlib", "typing"} == set()
