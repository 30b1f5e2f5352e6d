"""Mounts as engines write them, where runc has set what is expected."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.backends.execution import bundles
from tests.runtime.oci.conftest import Oci

pytestmark = pytest.mark.live


def bind(source: object, destination: object) -> dict[str, Any]:
    return {"destination": str(destination), "source": str(source), "options": ["rbind"]}


@pytest.mark.parametrize("user_namespace", [False, True])
def test_sources_in_the_containers_root_are_as_earlier_mounts_made_them(
    oci: Oci, tmp_path: Path, user_namespace: bool
) -> None:
    for name in ("one", "two/inner"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "two/inner/file").write_text("from two\n")
    os.chmod(tmp_path / "two", 0o700)
    for name in ("mnt", "final"):
        Path(oci.rootfs, name).mkdir()
    Path(oci.rootfs, "mnt/x").mkdir()
    mounts = [*bundles.MOUNTS, bind(tmp_path / "two/inner", "/mnt/x"), bind(f"{oci.rootfs}/mnt", f"{oci.rootfs}/final")]
    more: dict[str, Any] = {}
    if user_namespace:
        for folder in (tmp_path, *tmp_path.parents):
            if str(folder).startswith("/tmp/"):
                os.chmod(folder, 0o755)
        kinds = [{"type": kind} for kind in ("mount", "pid", "uts", "ipc", "network", "user")]
        mapping = [{"containerID": 0, "hostID": 0, "size": 65536}]
        more = {"linux__namespaces": kinds, "linux__uidMappings": mapping, "linux__gidMappings": mapping}
    assert oci.run("cat /final/x/file", mounts=mounts, **more).stdout == "from two\n"


def test_a_tmpfs_has_the_mode_of_the_folder_that_it_covers_and_else_its_own(oci: Oci) -> None:
    Path(oci.rootfs, "there").mkdir(0o710)
    mounts = [*bundles.MOUNTS]
    mounts += [{"destination": place, "type": "tmpfs", "source": "tmpfs"} for place in ("/there", "/not/there")]
    assert oci.run("stat -c %a /there /not/there", mounts=mounts).stdout.split() == ["710", "1777"]
    assert os.stat(f"{oci.rootfs}/not/there").st_mode & 0o7777 == 0o755


def test_folders_that_are_hidden_share_one_empty_file_system(oci: Oci) -> None:
    for name in ("a", "b", "c"):
        Path(oci.rootfs, name).mkdir()
        Path(oci.rootfs, name, "secret").touch()
    script = "stat -c %d /a /b /c; ls /a /b /c; touch /b/x 2>/dev/null || echo sealed"
    lines = oci.run(script, linux__maskedPaths=["/a", "/b", "/c"]).stdout.splitlines()
    assert len(set(lines[:3])) == 1
    assert [line for line in lines[3:] if line and not line.endswith(":")] == ["sealed"]
