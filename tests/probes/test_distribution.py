from __future__ import annotations

import pytest

from probes import distribution
from tests.hosts.model import Constructed, os_release


def _host(files: dict[str, str], etc: tuple[str, ...] = ()) -> Constructed:
    return Constructed(note="", release="6.1.0", files=files, folders={"/etc": etc})


def test_os_release_is_understood() -> None:
    found = distribution.describe(_host(os_release("ubuntu", "24.04", "Ubuntu 24.04.1 LTS", "debian", "noble")))
    assert (found["id"], found["version"], found["codename"], found["family"]) == ("ubuntu", "24.04", "noble", "debian")


def test_a_distribution_of_before_os_release_is_told_by_its_own_file() -> None:
    found = distribution.describe(_host({"/etc/redhat-release": "CentOS release 6.10 (Final)\n"}, ("redhat-release",)))
    assert (found["version"], found["family"]) == ("6.10", "fedora-old")


def test_this_machines_own_files_are_not_asked() -> None:
    found = distribution.describe(_host({}))
    assert (found["id"], found["version"], found["family"]) == ("", "", "")


@pytest.mark.parametrize(
    ("identity", "like", "version", "family"),
    [
        ("debian", "", "12", "debian"),
        ("linuxmint", "ubuntu debian", "21", "debian"),
        ("centos", "rhel fedora", "7", "fedora-old"),
        ("centos", "rhel fedora", "9", "fedora"),
        ("almalinux", "rhel centos fedora", "9.4", "fedora"),
        ("opensuse-leap", "suse opensuse", "15.5", "suse"),
        ("alpine", "", "3.19", "alpine"),
        ("nixos", "", "24.05", ""),
    ],
)
def test_families_follow_from_id_and_what_it_is_like(identity: str, like: str, version: str, family: str) -> None:
    assert distribution.family(identity, like, version) == family
