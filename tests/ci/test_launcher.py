"""The first program of the one file, with a shell script in the interpreter's place."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from ci import bundle, interpreter

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler here")


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    made = tmp_path_factory.mktemp("launcher") / "launcher"
    source = f"{bundle.ROOT}/ci/launcher.c"
    subprocess.run(["cc", "-O1", "-Wall", "-Wextra", "-Wno-unused-result", "-o", made, source], check=True)
    return made.read_bytes()


@pytest.fixture
def file(launcher: bytes, tmp_path: Path) -> Path:
    """Prints what its interpreter is started with, a line each."""
    tree = tmp_path / "tree"
    for name in ("bin", "commands"):
        (tree / name).mkdir(parents=True)
    (tree / "bin/python").write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n')
    (tree / "bin/python").chmod(0o755)
    (tree / "bin/placed").write_bytes(b"<" + interpreter.placeholder("lib/ld.so").encode() + b"\0>")
    (tree / "commands/plain").write_bytes(interpreter.placeholder("lib").encode() + b"\0")
    made = tmp_path / "runtime"
    made.write_bytes(bundle.join(launcher, bundle.pack(str(tree))))
    made.chmod(0o755)
    return made


def start(file: Path, *words: str, place: Path | str = "") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.defpath, "RUNTIME_BUNDLE": str(place or file.parent / "place")}
    return subprocess.run([file, *words], env=environment, capture_output=True, text=True, timeout=60, check=False)


def unpacked(file: Path) -> Path:
    (found,) = (path for path in (file.parent / "place").iterdir() if path.is_dir())
    return found


def test_every_word_reaches_the_program(file: Path) -> None:
    done = start(file, "run", "", "a b")
    folder = unpacked(file)
    expected = [f"{folder}/bin/python", "-I", "-S", f"{folder}/commands/runtime", "run", "", "a b"]
    assert (done.stderr, done.stdout.split("\n")[:-1]) == ("", expected)


def test_the_second_start_takes_what_the_first_unpacked(file: Path) -> None:
    start(file)
    before = (unpacked(file) / "bin/python").stat()
    assert start(file).returncode == 0
    after = (unpacked(file) / "bin/python").stat()
    assert (before.st_ino, before.st_ctime_ns) == (after.st_ino, after.st_ctime_ns)


@pytest.mark.parametrize(
    ("name", "words", "command", "rest"),
    [
        ("runtime", ["ps"], "runtime", ["ps"]),
        ("runtime-oci", ["list"], "runtime-oci", ["list"]),
        ("runtime-oci-arm64", ["list"], "runtime-oci", ["list"]),
        ("runtime-arm64", ["runtime-oci", "list"], "runtime-oci", ["list"]),
        ("runtime-oci", ["runtime", "ps"], "runtime", ["ps"]),
        ("anything", ["oci"], "runtime", ["oci"]),
    ],
)
def test_the_name_or_the_first_word_chooses_the_command(
    file: Path, name: str, words: list[str], command: str, rest: list[str]
) -> None:
    alias = file.parent / "alias" / name
    alias.parent.mkdir()
    alias.symlink_to(file)
    said = start(alias, *words, place=file.parent / "place").stdout.split("\n")[:-1]
    assert (os.path.basename(said[3]), said[4:]) == (command, rest)


def test_programs_learn_where_they_lie_and_other_files_stay_as_they_are(file: Path) -> None:
    start(file)
    folder = unpacked(file)
    content = (folder / "bin/placed").read_bytes()
    assert content[1:-1].rstrip(b"\0").decode() == f"{folder}/lib/ld.so"
    assert (content[:1], content[-1:], len(content)) == (b"<", b">", interpreter.ROOM + 2)
    assert (folder / "commands/plain").read_bytes().startswith(interpreter.MARK.encode())


def test_what_is_unpacked_is_for_all_to_read_and_for_one_to_write(file: Path) -> None:
    old = os.umask(0o077)
    try:
        start(file)
    finally:
        os.umask(old)
    folder = unpacked(file)
    modes = [path.stat().st_mode & 0o777 for path in (folder, folder / "bin/python", folder / "commands/plain")]
    assert modes == [0o755, 0o755, 0o644]


def test_a_folder_that_others_can_write_to_is_refused(file: Path) -> None:
    place = file.parent / "place"
    place.mkdir()
    place.chmod(0o777)
    done = start(file)
    assert done.returncode == 125
    assert f"{place}: others can write to it" in done.stderr
    assert "RUNTIME_BUNDLE" in done.stderr


def test_what_others_could_have_changed_is_not_executed(file: Path) -> None:
    start(file)
    unpacked(file).chmod(0o777)
    assert start(file).returncode == 125


@pytest.mark.parametrize(("place", "why"), [("relative", "does not begin with a slash"), ("/" + "x" * 500, "too long")])
def test_a_folder_that_cannot_be_named_in_a_program_is_refused(file: Path, place: str, why: str) -> None:
    done = start(file, place=place)
    assert (done.returncode, why in done.stderr) == (125, True)


def test_a_file_cut_short_says_so(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1000])
    done = start(file)
    assert (done.returncode, "not complete" in done.stderr) == (125, True)


def test_a_damaged_file_is_not_unpacked(file: Path) -> None:
    content = bytearray(file.read_bytes())
    offset = bundle.TRAILER.unpack(content[-bundle.TRAILER.size :])[2]
    content[offset + 3000] ^= 1
    file.write_bytes(content)
    done = start(file)
    assert (done.returncode, "damaged" in done.stderr) == (125, True)
    assert [path.name for path in (file.parent / "place").iterdir()] == [".lock"]


def test_many_at_once_unpack_once_and_all_start(file: Path) -> None:
    environment = {"RUNTIME_BUNDLE": str(file.parent / "place"), "PATH": os.defpath}
    all_ = [subprocess.Popen([file], env=environment, stdout=subprocess.PIPE) for _ in range(8)]
    assert [(len(process.communicate()[0].split()), process.returncode) for process in all_] == [(4, 0)] * 8
    assert sorted(path.name for path in (file.parent / "place").iterdir()) == sorted([".lock", unpacked(file).name])


def test_what_a_killed_one_left_is_taken_away(file: Path) -> None:
    left = file.parent / "place/.unfinished/bin"
    left.mkdir(parents=True)
    (left / "python").write_text("half")
    assert start(file).returncode == 0
    assert not left.exists()


@pytest.mark.live
def test_a_folder_mounted_noexec_is_named(file: Path) -> None:
    place = file.parent / "place"
    place.mkdir()
    script = f'mount -t tmpfs -o noexec,mode=755 place {place} && RUNTIME_BUNDLE={place} exec "$0"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, file], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, f"{place}: nothing can be executed there" in done.stderr) == (125, True)


@pytest.mark.live
def test_a_user_unpacks_into_the_own_cache(file: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:  # whose parents everybody can enter
        shutil.copy(file, folder)
        for path in (folder, f"{folder}/runtime"):
            os.chown(path, 65534, 65534)
        done = subprocess.run(
            [f"{folder}/runtime"],
            env={"HOME": folder, "PATH": os.defpath},
            capture_output=True,
            text=True,
            timeout=60,
            user=65534,
        )
        assert done.stdout.startswith(f"{folder}/.cache/runtime/"), done.stderr
