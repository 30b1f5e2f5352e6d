from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes import kernel


@pytest.mark.parametrize(
    ("release", "numbers", "vendor"),
    [
        ("2.6.32-754.35.1.el6.x86_64", (2, 6, 32), "RHEL 6"),
        ("3.10.0-1160.el7.x86_64", (3, 10, 0), "RHEL 7"),
        ("5.14.0-427.el9.ppc64le", (5, 14, 0), "RHEL 9"),
        ("6.11.4-201.fc40.x86_64", (6, 11, 4), "Fedora 40"),
        ("6.8.0-48-generic", (6, 8, 0), "Ubuntu"),
        ("6.5.0-1014-azure", (6, 5, 0), "Ubuntu"),
        ("4.19.0-27-amd64", (4, 19, 0), "Debian"),
        ("6.1.0-56-cloud-arm64", (6, 1, 0), "Debian"),
        ("6.12.6+deb13-arm64", (6, 12, 6), "Debian"),
        ("5.15.167.4-microsoft-standard-WSL2", (5, 15, 167), "WSL"),
        ("6.6.58-0-lts", (6, 6, 58), "Alpine"),
        ("6.1.0-rpi8-rpi-v8", (6, 1, 0), "Raspberry Pi"),
        ("6.10.2-arch1-1", (6, 10, 2), "Arch"),
        ("5.10", (5, 10), ""),
        ("6.18.44-fc-v657", (6, 18, 44), ""),
        ("custom", (), ""),
    ],
)
def test_a_release_is_taken_apart(release: str, numbers: tuple[int, ...], vendor: str) -> None:
    assert kernel.numbers(release) == numbers
    assert kernel.vendor(release) == vendor


@given(st.text())
def test_what_has_no_version_gets_none(release: str) -> None:
    assert len(kernel.numbers(release)) in (0, 2, 3)


def test_options_are_read_and_what_is_not_mentioned_is_not_built() -> None:
    said = kernel.options("CONFIG_PID_NS=y\nCONFIG_OVERLAY_FS=m\n# CONFIG_USER_NS is not set\n")
    assert (said["CONFIG_PID_NS"], said["CONFIG_OVERLAY_FS"]) == ("y", "m")
    assert (said["CONFIG_USER_NS"], said["CONFIG_NET_NS"]) == ("n", "n")


def test_an_option_under_its_former_name_counts() -> None:
    assert kernel.options("CONFIG_CGROUP_MEM_RES_CTLR=y\n")["CONFIG_MEMCG"] == "y"


def test_an_abridged_config_says_the_same() -> None:
    content = "CONFIG_PID_NS=y\nCONFIG_SOUND=y\nCONFIG_CGROUP_MEM_RES_CTLR=y\n# CONFIG_USER_NS is not set\n"
    short = kernel.abridge(content)
    assert "SOUND" not in short
    assert kernel.options(short) == kernel.options(content)
