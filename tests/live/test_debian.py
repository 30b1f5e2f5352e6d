"""Debian as mmdebstrap makes it: shells, owners, packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live.conftest import Runtime

Debian = Callable[[str], str]
MIRROR = "http://deb.debian.org/debian"
pytestmark = pytest.mark.xdist_group("debian")


@pytest.mark.parametrize(("suite", "version"), [("bookworm", "12"), ("trixie", "13")])
def test_a_suite_runs(runtime: Runtime, debian: Debian, suite: str, version: str) -> None:
    said = runtime.said(debian(suite), "bash", "-c", ". /etc/os-release; echo $VERSION_ID; perl -e 'print 6*7'")
    assert said == f"{version}\n42"


def test_its_files_have_their_owners_modes_and_links(runtime: Runtime, debian: Debian) -> None:
    script = "stat -c '%U:%G %a' /etc/shadow /usr/bin/passwd /tmp /var/mail; readlink /bin"
    assert runtime.said(debian("bookworm"), "sh", "-c", script).splitlines() == [
        "root:shadow 640",
        "root:root 4755",
        "root:root 1777",
        "root:mail 2775",
        "usr/bin",
    ]


def test_dpkg_s_tools_change_owners_and_modes(runtime: Runtime, debian: Debian) -> None:
    script = (
        "cp /bin/true /x && chown daemon:mail /x && chmod 6755 /x && stat -c '%U:%G %a' /x && "
        "dpkg-divert --add --rename /usr/bin/yes >/dev/null && test -e /usr/bin/yes.distrib && "
        "adduser --system --group somebody >/dev/null 2>&1 || useradd -r somebody; id -un somebody; dpkg --audit"
    )
    assert runtime.said(debian("bookworm"), "sh", "-c", script) == "daemon:mail 6755\nsomebody\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package whose own script gives a file a capability, and another to another user."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed")
    folder = tmp_path / "package"
    (folder / "DEBIAN").mkdir(parents=True)
    (folder / "usr/lib/tried").mkdir(parents=True)
    shutil.copy("/bin/true", folder / "usr/lib/tried/true")
    os.chmod(folder / "usr/lib/tried/true", 0o4755)
    (folder / "DEBIAN/control").write_text(
        "Package: tried\nVersion: 1\nArchitecture: all\nMaintainer: nobody <n@example.org>\nDescription: tried\n"
    )
    script = folder / "DEBIAN/postinst"
    script.write_text("#!/bin/sh\nset -e\nchown games /usr/lib/tried\necho configured\n")
    os.chmod(script, 0o755)
    subprocess.run(["dpkg-deb", "-Zgzip", "--root-owner-group", "-b", folder, tmp_path / "tried.deb"], check=True)
    return tmp_path / "tried.deb"


def test_a_package_is_installed_and_removed(runtime: Runtime, debian: Debian, package: Path) -> None:
    script = (
        "dpkg -i /tried.deb && stat -c '%U %a' /usr/lib/tried /usr/lib/tried/true && dpkg -P tried && ls /usr/lib/tried"
    )
    done = runtime(
        "run", "--rm", "--network", "none", "-v", f"{package}:/tried.deb:ro", debian("bookworm"), "sh", "-c", script,
        status=2,
    )  # fmt: skip
    assert "configured\ngames 755\nroot 4755\n" in done.stdout
    assert "No such file" in done.stderr


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[list[str]]:
    """Flags that let apt inside reach what apt outside reaches. Skipped where that is nothing."""
    try:
        urllib.request.urlopen(f"{MIRROR}/dists/bookworm/InRelease", timeout=5).close()
    except (OSError, urllib.error.URLError) as error:
        pytest.skip(f"{MIRROR} cannot be reached: {error}")
    flags = ["--network", "host"]
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        if name in os.environ:
            flags += ["-e", name]
    for path in Path("/etc/apt/apt.conf.d").glob("*"):
        if "proxy" in path.read_text(errors="replace").lower():
            flags += ["-v", f"{path}:/etc/apt/apt.conf.d/{path.name}:ro"]
    yield flags


def test_apt_installs_a_package(runtime: Runtime, debian: Debian, mirror: list[str]) -> None:
    script = "apt-get -q update && apt-get -q install -y --no-install-recommends hello && hello"
    done = runtime("run", "--rm", *mirror, debian("bookworm"), "sh", "-c", script, timeout=120)
    assert done.stdout.endswith("Hello, world!\n")
    assert "W:" not in done.stderr
