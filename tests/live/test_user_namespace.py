"""--userns: root inside is an ordinary user outside, and the image's files are still its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.live.conftest import REPOSITORY, Runtime

NET = ("--network", "none")
FIRST = 300000


class Viewed(Runtime):
    """The command line on a machine with another /etc/subuid, as seen in a mount namespace."""

    ids: Path

    def command(self, *arguments: str) -> list[str]:
        setup = f'mount --bind {self.ids} /etc/subuid && mount --bind {self.ids} /etc/subgid && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", setup, "sh", *super().command(*arguments)]


def view(runtime: Runtime, folder: Path, ids: str) -> Viewed:
    for path in ("/etc/subuid", "/etc/subgid"):
        if not os.path.exists(path):
            pytest.skip(f"program.newuidmap: there is no {path} here to cover")
    file = folder / "subid"
    file.write_text(ids)
    file.chmod(0o644)
    viewed = Viewed(runtime.root, runtime.state)
    object.__setattr__(viewed, "ids", file)  # the class is frozen
    return viewed


@pytest.fixture
def shifted(runtime: Runtime, tmp_path: Path) -> Runtime:
    return view(runtime, tmp_path, f"root:{FIRST}:65536\n")


def test_without_ids_set_aside_it_is_refused_and_says_what_to_do(runtime: Runtime, tmp_path: Path) -> None:
    told = view(runtime, tmp_path, "").refused("run", "--rm", *NET, "--userns", "private", "@host", "true")
    assert "/etc/subuid" in told


def test_root_inside_is_somebody_else_outside(shifted: Runtime) -> None:
    identifier = shifted("run", "-d", *NET, "--userns", "private", "@host", "sleep", "1000").stdout.strip()
    pid = shifted.engine.inspect(identifier)["State"]["Pid"]
    assert f"Uid:\t{FIRST}\t{FIRST}" in Path(f"/proc/{pid}/status").read_text()
    assert shifted("exec", identifier, "id", "-u").stdout == "0\n"


def test_the_images_files_belong_to_root_inside_and_can_be_changed(shifted: Runtime) -> None:
    script = "stat -c %u:%g /etc/passwd; touch /new; chown 33:44 /new; stat -c %u:%g /new; rm /etc/passwd"
    done = shifted("run", "--rm", *NET, "--userns", "private", "@host", "sh", "-c", script)
    assert done.stdout == "0:0\n33:44\n"


def test_what_it_wrote_is_kept_unshifted_so_that_a_commit_runs_anywhere(shifted: Runtime) -> None:
    shifted("run", "--name", "writer", *NET, "--userns", "private", "@host", "sh", "-c", "touch /mine; chown 5:6 /mine")
    assert shifted("diff", "writer").stdout == "A /mine\n"
    shifted("commit", "writer", "shifted:1")
    try:
        done = shifted("run", "--rm", *NET, "shifted:1", "stat", "-c", "%u:%g", "/mine")
        assert done.stdout == "5:6\n"
    finally:
        shifted("rm", "writer")
        shifted("rmi", "shifted:1")


def test_a_new_volume_is_writable_inside(shifted: Runtime) -> None:
    done = shifted(
        "run", "--rm", *NET, "--userns", "private", "-v", "/data", "@host", "sh", "-c", "echo x >/data/x; cat /data/x"
    )
    assert done.stdout == "x\n"


def test_files_copied_in_belong_to_root_inside(shifted: Runtime, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    shifted("run", "-d", "--name", "target", *NET, "--userns", "private", "@host", "sleep", "1000")
    shifted("cp", str(tmp_path / "file"), "target:/file")
    assert shifted("exec", "target", "stat", "-c", "%u:%g", "/file").stdout == "0:0\n"
    archive = subprocess.run(
        [*shifted.command("cp", "target:/file", "-")], capture_output=True, check=True, cwd=REPOSITORY
    )
    listed = subprocess.run(["tar", "tvn"], input=archive.stdout, capture_output=True, check=True).stdout
    assert b" 0/0 " in listed or b"root/root" in listed


def test_the_hosts_files_are_out_of_its_reach(shifted: Runtime, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    secret.chmod(0o600)
    done = shifted(
        "run", "--rm", *NET, "--userns", "private", "-v", f"{secret}:/secret", "@host", "cat", "/secret", status=1
    )
    assert "Permission denied" in done.stderr
