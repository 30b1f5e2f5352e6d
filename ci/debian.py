"""Fetches packages of any Debian suite without touching this machine's apt: its own lists, its own cache.

Debian's because it is the one distribution whose kernel headers of every architecture, and of every kernel since 5.10,
come as small packages from a place that will still be there.
"""

from __future__ import annotations

import glob
import os
import shutil
import subprocess

MIRROR = "http://deb.debian.org/debian"


class Archive:
    """The packages of some suites for one architecture, Debian's name, below a folder that the caller removes."""

    def __init__(self, folder: str, suites: tuple[str, ...], architecture: str = "amd64") -> None:
        self.folder = folder
        for name in ("lists/partial", "cache/archives/partial", "packages"):
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        sources = os.path.join(folder, "sources.list")
        keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
        with open(sources, "w", encoding="ascii") as file:
            file.writelines(
                f"deb [arch={architecture} signed-by={keyring}] {MIRROR} {suite} main\n" for suite in suites
            )
        settings = {
            "Dir::Etc::SourceList": sources,
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State::Lists": os.path.join(folder, "lists"),
            "Dir::Cache": os.path.join(folder, "cache"),
            "APT::Architecture": architecture,
            "APT::Architectures": architecture,
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
        }
        self._command = ["apt-get", "-qq"]
        for name, value in settings.items():
            self._command += ["-o", f"{name}={value}"]
        subprocess.run([*self._command, "update"], check=True)

    def unpack(self, package: str, suite: str) -> tuple[str, str]:
        """The folder with the package's files, and its version."""
        files = os.path.join(self.folder, "packages", f"{package}-{suite}", "files")
        ((_, version),) = self.merge([package], suite, files)
        return files, version

    def merge(self, packages: list[str], suite: str, target: str) -> list[tuple[str, str]]:
        """Unpacks them all into one new folder; their names and versions."""
        place = f"{target}.archives"
        os.makedirs(place)
        os.makedirs(target)
        wanted = [f"{package}/{suite}" for package in packages]
        subprocess.run([*self._command, "download", *wanted], check=True, cwd=place)
        archives = sorted(glob.glob(os.path.join(place, "*.deb")))
        for archive in archives:
            subprocess.run(["dpkg-deb", "-x", archive, target], check=True)
        shutil.rmtree(place)
        found = [os.path.basename(archive).split("_") for archive in archives]
        return [(name, version.replace("%3a", ":")) for name, version, _ in found]
