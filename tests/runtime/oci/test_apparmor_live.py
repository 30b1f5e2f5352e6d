"""process.apparmorProfile and `exec --apparmor`, on a kernel that has AppArmor: `ci/machine.py` has one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.oci.conftest import Oci

_ENABLED = Path("/sys/module/apparmor/parameters/enabled")
pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not _ENABLED.exists() or _ENABLED.read_text() != "Y\n", reason="this kernel has no AppArmor"),
    pytest.mark.skipif(not shutil.which("apparmor_parser"), reason="Debian's package apparmor is not installed"),
]

_PROFILE = """
profile {name} flags=(attach_disconnected,mediate_deleted) {{
    file, capability, network, mount, umount, pivot_root, signal, ptrace, unix,
    deny /{denied} r,
}}
"""


@pytest.fixture
def profiles(tmp_path: Path) -> Iterator[list[str]]:
    """Two, of which the first denies /first to be read, and the other one /second."""
    names = [f"runtime-tests-{number}-{os.getpid()}" for number in ("first", "second")]
    text = "".join(_PROFILE.format(name=name, denied=name.split("-")[2]) for name in names)
    (tmp_path / "profiles").write_text(text)
    command = ["apparmor_parser", "--skip-cache", str(tmp_path / "profiles")]
    subprocess.run([*command, "--replace"], check=True)
    yield names
    subprocess.run([*command, "--remove"], check=True)


_SCRIPT = "cat /proc/self/attr/current; cat /first; cat /second"


@pytest.fixture
def files(oci: Oci) -> None:
    for name in ("first", "second"):
        Path(oci.rootfs, name).write_text(f"{name}\n")


@pytest.mark.usefixtures("files")
def test_the_program_is_confined_by_its_profile(oci: Oci, profiles: list[str]) -> None:
    done = oci("run", "--bundle", oci.shell(_SCRIPT, process__apparmorProfile=profiles[0]), oci.name)
    assert done.stdout == f"{profiles[0]} (enforce)\nsecond\n"
    assert "Permission denied" in done.stderr


@pytest.mark.usefixtures("files")
def test_exec_takes_the_containers_profile_or_one_of_its_own(oci: Oci, profiles: list[str]) -> None:
    oci("run", "--detach", "--bundle", oci.bundle("sleep", "1000", process__apparmorProfile=profiles[0]), oci.name)
    same = oci("exec", oci.name, "sh", "-c", _SCRIPT)
    assert same.stdout == f"{profiles[0]} (enforce)\nsecond\n"
    other = oci("exec", "--apparmor", profiles[1], oci.name, "sh", "-c", _SCRIPT, status=1)
    assert other.stdout == f"{profiles[1]} (enforce)\nfirst\n"


def test_without_a_profile_nothing_is_confined(oci: Oci) -> None:
    assert oci.run("cat /proc/self/attr/current").stdout == "unconfined\n"


def test_a_profile_that_is_not_loaded_is_named(oci: Oci) -> None:
    bundle = oci.shell("true", process__apparmorProfile="runtime-tests-nowhere")
    said = oci("run", "--bundle", bundle, oci.name, status=1).stderr
    assert "runtime-tests-nowhere" in said
