"""The code of a command in one file: used when it is true, and never when it is not ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.oci import image

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from runtime.oci import image
found = image.install(sys.argv[2])
print(found is not None)
import runtime.oci.options
print(type(runtime.oci.options.__spec__.loader).__name__, runtime.oci.options.__file__)
for name in sys.argv[3:]:
    print(type(__import__(name, None, None, ("x",)).__spec__.loader).__name__)
image.complete(sys.argv[2], found)
"""


def call(path: Path, *names: str) -> list[str]:
    root = str(Path(image.__file__).parents[2])
    command = [sys.executable, "-I", "-c", PROGRAM, root, str(path), *names]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "code" / "run"
    source = str(Path(image.__file__).parent / "options.py")
    assert call(path) == ["False", "SourceFileLoader", source]
    assert path.stat().st_mode & 0o777 == 0o600
    return path


def test_the_second_call_imports_through_it(written: Path) -> None:
    assert call(written) == ["True", "Image", str(Path(image.__file__).parent / "options.py")]


def test_what_is_missing_from_it_is_in_the_next_one_beside_what_there_was(written: Path) -> None:
    assert call(written, "runtime.oci.guide")[3:] == ["SourceFileLoader"]
    assert call(written, "runtime.oci.version")[3:] == ["SourceFileLoader"]
    assert call(written, "runtime.oci.guide", "runtime.oci.version")[3:] == ["Image", "Image"]


def test_one_that_lacks_nothing_is_not_written_again(written: Path) -> None:
    before = written.stat()
    call(written)
    assert written.stat().st_ino == before.st_ino


def test_one_that_others_can_write_is_left_alone(written: Path) -> None:
    written.chmod(0o666)
    assert call(written)[0] == "False"


def test_one_in_a_folder_that_others_can_write_to_is_left_alone(written: Path) -> None:
    written.parent.chmod(0o777)
    assert call(written)[0] == "False"


def test_a_link_is_not_followed(written: Path) -> None:
    written.rename(written.with_name("other"))
    written.symlink_to("other")
    assert call(written)[0] == "False"


@pytest.mark.parametrize("content", [b"", b"x", b"\xff" * 100, b"N"])
def test_a_damaged_one_is_as_good_as_none(written: Path, content: bytes) -> None:
    written.write_bytes(content)
    assert call(written)[0] == "False"


def test_a_source_that_changed_makes_it_untrue(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = image._stamp

    def later(source: str) -> tuple[int, int]:
        time, size = real(source)
        return time + (os.path.basename(source) == "options.py"), size

    monkeypatch.setattr(image, "_stamp", later)
    before = list(sys.meta_path)
    assert not image.install(str(written))
    assert sys.meta_path == before
