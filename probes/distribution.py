"""Which distribution. The `distro` package parses; the texts come from the Host, so that a replay parses the same."""

from __future__ import annotations

import os
import tempfile

import distro

from probes.host import Host
from probes.inquiry import names, text

OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")
RELEASES = ("redhat-release", "centos-release", "SuSE-release", "alpine-release", "debian_version", "slackware-version")

# id or id_like -> how its packages and boot loaders are handled
FAMILIES = {
    "debian": "debian",
    "ubuntu": "debian",
    "raspbian": "debian",
    "fedora": "fedora",
    "rhel": "fedora",
    "centos": "fedora",
    "amzn": "fedora",
    "suse": "suse",
    "opensuse": "suse",
    "sles": "suse",
    "alpine": "alpine",
    "arch": "arch",
    "gentoo": "gentoo",
    "void": "void",
}


def describe(host: Host) -> dict[str, object]:
    """The report's `distribution`: id, id_like, version, name, codename, family. Empty strings where nothing says."""
    with tempfile.TemporaryDirectory(prefix="runtime-") as folder:
        found = distro.LinuxDistribution(
            include_lsb=False,
            os_release_file=_copy(host, OS_RELEASE, folder, "os-release"),
            distro_release_file=_copy(host, tuple(f"/etc/{name}" for name in _present(host)), folder),
            include_uname=False,
        )
        found.etc_dir = folder  # where it looks for debian_version
        _copy(host, ("/etc/debian_version",), folder)
        identity, version, like = found.id(), found.version(), found.like()
        answer = {
            "id": identity,
            "id_like": like,
            "version": version,
            "name": found.name(pretty=True),
            "codename": found.codename(),
        }
    return {**answer, "family": family(identity, like, version)}


def family(identity: str, like: str, version: str) -> str:
    """Whose commands fit; empty if unknown. RHEL before 8 has yum and no dnf: "fedora-old"."""
    for word in (identity, *like.split()):
        known = FAMILIES.get(word) or FAMILIES.get(word.split("-", 1)[0])
        if known == "fedora" and identity in ("rhel", "centos") and version.partition(".")[0] in ("5", "6", "7"):
            return "fedora-old"
        if known:
            return known
    return ""


def _present(host: Host) -> list[str]:
    present = names(host, "/etc")
    return [name for name in RELEASES if name in present and name != "debian_version"]


def _copy(host: Host, paths: tuple[str, ...], folder: str, name: str = "") -> str:
    """The first of the files that has a text, as a file in `folder`; distro tells distributions by the file's name."""
    for path in paths:
        content = text(host, path)
        if content:
            target = os.path.join(folder, name or os.path.basename(path))
            with open(target, "w", encoding="utf-8") as file:
                file.write(content + "\n")
            return target
    return os.path.join(folder, name or "nothing")
