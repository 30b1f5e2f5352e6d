"""`cp`, `diff`, `commit` and `export`: files in and out."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.conftest import REPOSITORY, Runtime


@pytest.fixture(params=["running", "ended"])
def container(runtime: Runtime, request: pytest.FixtureRequest) -> Iterator[str]:
    """It has /d/file, a link to it, and a link that leads out."""
    script = "mkdir /d; echo inside >/d/file; chmod 640 /d/file; ln -s file /d/link; ln -s /etc/shadow /d/out"
    name = runtime.detached("@host", "sh", "-c", f"{script}; echo ready; sleep 60")
    while "ready" not in runtime("logs", name).stdout:
        pass
    if request.param == "ended":
        runtime("kill", name)
        runtime("wait", name)
    yield name


def test_a_file_comes_out_with_its_mode(runtime: Runtime, container: str, tmp_path: Path) -> None:
    runtime("cp", f"{container}:/d/file", f"{tmp_path}/copy")
    assert (tmp_path / "copy").read_text() == "inside\n"
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o640


def test_a_folder_comes_out_under_its_name_or_another(runtime: Runtime, container: str, tmp_path: Path) -> None:
    runtime("cp", f"{container}:/d", f"{tmp_path}")
    runtime("cp", f"{container}:/d", f"{tmp_path}/e")
    runtime("cp", f"{container}:/d/.", f"{tmp_path}/f")
    for name in ("d", "e", "f"):
        assert sorted(os.listdir(tmp_path / name)) == ["file", "link", "out"]


def test_links_come_out_as_links(runtime: Runtime, container: str, tmp_path: Path) -> None:
    runtime("cp", f"{container}:/d", f"{tmp_path}/e")
    assert os.readlink(tmp_path / "e" / "out") == "/etc/shadow"


def test_a_file_goes_in_under_its_name_or_another(runtime: Runtime, container: str, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("outside\n")
    runtime("cp", f"{tmp_path}/mine", f"{container}:/d")
    runtime("cp", f"{tmp_path}/mine", f"{container}:/d/other")
    runtime("cp", f"{container}:/d", f"{tmp_path}/back")
    assert (tmp_path / "back" / "mine").read_text() == (tmp_path / "back" / "other").read_text() == "outside\n"


def test_a_folder_goes_in_whole_or_by_its_content(runtime: Runtime, container: str, tmp_path: Path) -> None:
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "deep" / "leaf").touch()
    runtime("cp", f"{tmp_path}/tree", f"{container}:/d")
    runtime("cp", f"{tmp_path}/tree/.", f"{container}:/d/content")
    runtime("cp", f"{container}:/d", f"{tmp_path}/back")
    assert (tmp_path / "back" / "tree" / "deep" / "leaf").exists()
    assert (tmp_path / "back" / "content" / "deep" / "leaf").exists()


def test_a_link_inside_never_leads_a_copy_to_the_host(runtime: Runtime, container: str, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "mine").write_text("x")
    tree = tmp_path / "tree"
    tree.mkdir()
    os.symlink(tmp_path / "victim", tree / "way")
    runtime("cp", f"{tree}", f"{container}:/d/tree")
    runtime("cp", f"{tmp_path}/mine", f"{container}:/d/tree/way/mine", status=None)
    assert os.listdir(tmp_path / "victim") == []


def test_an_archive_goes_in_and_comes_out_by_the_standard_streams(runtime: Runtime, container: str) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo("packed")
        entry.size = 3
        tar.addfile(entry, io.BytesIO(b"abc"))
    command = runtime.command("cp", "-", f"{container}:/d")
    subprocess.run(command, cwd=REPOSITORY, input=packed.getvalue(), check=True)
    out = subprocess.run(runtime.command("cp", f"{container}:/d", "-"), cwd=REPOSITORY, capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(out.stdout)) as tar:
        assert "d/packed" in tar.getnames()


@pytest.mark.parametrize("line", [("a", "b"), ("NAME:/a", "NAME:/b"), ("NAME:/none", "."), ("/none", "NAME:/")])
def test_a_copy_that_makes_no_sense_is_refused(runtime: Runtime, container: str, line: tuple[str, str]) -> None:
    runtime.refused("cp", *(word.replace("NAME", container) for word in line))


def test_what_changed_is_told_and_becomes_an_image(runtime: Runtime, container: str) -> None:
    assert {"A /d", "A /d/file", "A /d/link", "A /d/out"} <= set(runtime("diff", container).stdout.splitlines())
    runtime("commit", "-m", "a message", "-c", 'CMD ["cat", "/d/file"]', container, "committed:1")
    try:
        assert runtime.said("committed:1") == "inside\n"
        assert "a message" in runtime("history", "committed:1").stdout
    finally:
        runtime("rmi", "committed:1")


def test_the_whole_root_is_exported(runtime: Runtime, container: str, tmp_path: Path) -> None:
    runtime("export", "-o", f"{tmp_path}/root.tar", container)
    with tarfile.open(tmp_path / "root.tar") as tar:
        names = set(tar.getnames())
    assert {"d/file", "etc/passwd"} <= names
    assert not any(name.startswith("/") for name in names)


def test_an_export_that_fails_leaves_no_file(runtime: Runtime, tmp_path: Path) -> None:
    runtime.refused("export", "-o", f"{tmp_path}/root.tar", "no-such-container")
    assert os.listdir(tmp_path) == []
