"""A container's files: mounts, copies in and out, changes, and what becomes of them."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.live.conftest import Runtime


def test_a_read_only_root_takes_no_writes_but_a_tmpfs_does(runtime: Runtime) -> None:
    script = "touch /x 2>/dev/null || echo refused; touch /tmp/x && echo taken"
    assert runtime.said("--read-only", "--tmpfs", "/tmp", "@host", "sh", "-c", script) == "refused\ntaken\n"


def test_a_tmpfs_has_the_options_given(runtime: Runtime) -> None:
    said = runtime.said("--tmpfs", "/t:size=1m,mode=700,noexec", "@host", "sh", "-c", "df -k /t; stat -c %a /t; mount")
    assert "1024" in said
    assert "\n700\n" in said
    assert "noexec" in next(line for line in said.splitlines() if " /t " in line)


def test_a_file_and_a_folder_of_the_host_are_bound(runtime: Runtime, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before\n")
    flags = ("-v", f"{tmp_path}:/folder", "-v", f"{tmp_path}/file:/deep/down/file:ro")
    script = "cat /deep/down/file; echo after >/folder/made; echo no >/deep/down/file"
    done = runtime("run", "--rm", "--network", "none", *flags, "@host", "sh", "-c", script, status=2)
    assert done.stdout == "before\n"
    assert "Read-only" in done.stderr
    assert (tmp_path / "made").read_text() == "after\n"


def test_a_folder_that_is_missing_is_made_for_v_and_refused_for_mount(runtime: Runtime, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    told = runtime.refused(
        "run", "--rm", "--network", "none", "--mount", f"type=bind,source={missing},target=/x", "@host", "true"
    )
    assert str(missing) in told
    assert not missing.exists()
    runtime.said("-v", f"{missing}:/x", "@host", "touch", "/x/y")
    assert (missing / "y").exists()


def test_a_named_volume_outlives_its_containers(runtime: Runtime) -> None:
    runtime.said("-v", "kept:/data", "@host", "sh", "-c", "echo here >/data/x")
    assert runtime.said("-v", "kept:/data:ro", "@host", "cat", "/data/x") == "here\n"
    assert "kept" in runtime("volume", "ls").stdout
    runtime("volume", "rm", "kept")
    assert "kept" not in runtime("volume", "ls").stdout


def test_a_new_volume_starts_with_what_the_image_has_there(runtime: Runtime) -> None:
    assert "passwd" in runtime.said("-v", "filled:/etc", "@host", "ls", "/etc")
    assert "root:" in runtime.said("-v", "filled:/elsewhere", "@host", "cat", "/elsewhere/passwd")
    runtime("volume", "rm", "filled")


def test_an_anonymous_volume_goes_with_its_container(runtime: Runtime) -> None:
    before = runtime("volume", "ls", "-q").stdout
    runtime.said("-v", "/data", "@host", "touch", "/data/x")
    assert runtime("volume", "ls", "-q").stdout == before


def test_a_volume_in_use_is_not_removed(runtime: Runtime) -> None:
    runtime("create", "--name", "user", "-v", "used:/data", "@host", "true")
    assert "user" in runtime.refused("volume", "rm", "used")
    runtime("rm", "user")
    runtime("volume", "rm", "used")


def test_volumes_of_another_container_are_taken_over(runtime: Runtime) -> None:
    name = runtime.detached("-v", "/data", "@host", "sh", "-c", "echo shared >/data/x; exec sleep 1000")
    runtime("exec", name, "sh", "-c", "until test -s /data/x; do sleep 0.01; done")
    assert runtime.said("--volumes-from", name, "@host", "cat", "/data/x") == "shared\n"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/file").write_text("content")
    (folder / "link").symlink_to("deep/file")
    os.chmod(folder / "deep/file", 0o640)
    return folder


@pytest.mark.parametrize("running", [True, False])
def test_a_folder_goes_in_and_comes_out_again(runtime: Runtime, copied: Path, tmp_path: Path, running: bool) -> None:
    runtime("create", "--name", "copies", "--network", "none", "@host", "sleep", "1000")
    if running:
        runtime("start", "copies")
    runtime("cp", str(copied), "copies:/in")
    runtime("cp", "copies:/in", str(tmp_path / "out"))
    assert (tmp_path / "out/deep/file").read_text() == "content"
    assert os.readlink(tmp_path / "out/link") == "deep/file"
    assert (tmp_path / "out/deep/file").stat().st_mode & 0o777 == 0o640
    runtime("cp", "copies:/in/deep/file", str(tmp_path / "single"))
    assert (tmp_path / "single").read_text() == "content"
    if running:
        assert runtime("exec", "copies", "cat", "/in/link").stdout == "content"


def test_what_is_copied_is_told_when_it_is_not_there(runtime: Runtime, tmp_path: Path) -> None:
    runtime("create", "--name", "empty", "@host", "true")
    assert "/no/such" in runtime.refused("cp", "empty:/no/such", str(tmp_path), status=125)
    assert "nothing" in runtime.refused("cp", str(tmp_path / "nothing"), "empty:/")


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("way", ["absolute", "relative", "folder"])
def test_a_hostile_link_inside_leads_nowhere_outside(runtime: Runtime, tmp_path: Path, running: bool, way: str) -> None:
    """CVE-2018-15664, CVE-2019-14271: a link in the container is followed as the container sees it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    target = {"absolute": str(outside), "relative": "../" * 40 + str(outside)[1:], "folder": "/" + "../" * 40}[way]
    hostile = f"ln -s {target} /trap; mkdir -p /inside; ln -s {target} /inside/trap"
    runtime("run", "--name", "hostile", "--network", "none", "@host", "sh", "-c", f"{hostile}; touch /ready")
    if running:
        runtime("commit", "hostile", "hostile:image")
        runtime("rm", "hostile")
        runtime.detached("--name", "hostile", "hostile:image", "sleep", "1000")
    source = tmp_path / "payload"
    source.write_text("escaped")
    destination = f"hostile:/trap{outside}/x" if way == "folder" else "hostile:/trap/x"
    runtime("cp", str(source), destination, status=None)
    runtime("cp", str(source), destination.replace("/trap", "/inside/trap", 1), status=None)
    assert list(outside.iterdir()) == []
    if running:
        runtime("rm", "-f", "hostile")
        runtime("rmi", "hostile:image")


def test_a_hostile_link_inside_gives_nothing_of_the_host_away(runtime: Runtime, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    runtime("run", "--name", "thief", "--network", "none", "@host", "ln", "-s", str(secret), "/loot")
    runtime("cp", "-L", "thief:/loot", str(tmp_path / "got"), status=None)
    assert (tmp_path / "got").is_symlink() or not (tmp_path / "got").exists()


def test_changes_are_told_by_their_kind(runtime: Runtime) -> None:
    script = "echo x >>/etc/passwd; rm /etc/shells; mkdir /new; touch /new/file"
    runtime("run", "--name", "changed", "--network", "none", "@host", "sh", "-c", script)
    assert set(runtime("diff", "changed").stdout.split("\n")) >= {
        "C /etc", "C /etc/passwd", "D /etc/shells", "A /new", "A /new/file",
    }  # fmt: skip


def test_what_became_of_a_container_can_be_run_again(runtime: Runtime) -> None:
    runtime("run", "--name", "before", "--network", "none", "@host", "sh", "-c", "echo kept >/kept; rm /etc/shells")
    flags = ("-c", 'CMD ["cat", "/kept"]', "-c", "ENV A=1", "-m", "why")
    runtime("commit", *flags, "before", "after:1")
    assert runtime.said("after:1") == "kept\n"
    assert runtime.said("after:1", "sh", "-c", "test -e /etc/shells || echo gone; echo $A") == "gone\n1\n"
    assert "why" in runtime("history", "after:1").stdout
    runtime("rmi", "after:1")


def test_files_exported_can_be_imported(runtime: Runtime, tmp_path: Path) -> None:
    runtime("run", "--name", "source", "--network", "none", "@host", "sh", "-c", "echo kept >/kept; chown 7:8 /kept")
    archive = tmp_path / "files.tar"
    runtime("export", "-o", str(archive), "source")
    with tarfile.open(archive) as read:
        assert read.getmember("kept").uid == 7
    runtime("import", str(archive), "round:trip")
    assert runtime.said("round:trip", "sh", "-c", "cat /kept; stat -c %u:%g /kept") == "kept\n7:8\n"
    runtime("rmi", "round:trip")


def test_a_plain_folder_is_run_as_it_is(runtime: Runtime, tmp_path: Path) -> None:
    runtime("create", "--name", "source", "@host", "true")
    runtime("export", "-o", str(tmp_path / "files.tar"), "source")
    folder = tmp_path / "rootfs"
    folder.mkdir()
    subprocess.run(["tar", "xf", str(tmp_path / "files.tar"), "-C", str(folder)], check=True)
    assert runtime.said("--rootfs", str(folder), "sh", "-c", "echo made >/made; cat /made") == "made\n"
    assert (folder / "made").read_text() == "made\n"
