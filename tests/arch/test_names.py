from __future__ import annotations

import os
import sys

import pytest

from arch import names, native
from arch.errors import UnknownArchitecture


@pytest.mark.parametrize("architecture", names.ALL, ids=repr)
def test_every_vocabulary_leads_to_the_same_architecture(architecture: names.Architecture) -> None:
    found = {names.by_uname(name) for name in architecture.uname}
    found |= {names.by_debian(name) for name in architecture.debian}
    found |= {names.by_oci(architecture.oci, variant) for variant in (*architecture.variants, "")}
    found |= {names.by_name(architecture.name), names.by_qemu(architecture.qemu_user)}
    found |= {names.by_elf(architecture.elf_machine, architecture.bits, architecture.byteorder)}
    assert found == {architecture}


@pytest.mark.parametrize(
    ("text", "name", "variant"),
    [
        ("aarch64", "arm64", ""),
        ("arm64/v8", "arm64", "v8"),
        ("ARM64", "arm64", ""),
        ("armhf", "arm", "v7"),
        ("armel", "arm", "v5"),
        ("armv6l", "arm", "v6"),
        ("arm/v7", "arm", "v7"),
        ("arm", "arm", ""),
        ("386", "i386", ""),
        ("i686", "i386", ""),
        ("amd64", "x86_64", ""),
        ("ppc64el", "ppc64le", ""),
    ],
)
def test_what_people_write_is_understood(text: str, name: str, variant: str) -> None:
    architecture, meant = names.parse(text)
    assert (architecture.name, meant) == (name, variant)


@pytest.mark.parametrize("text", ["", "arm/v9", "sparc64", "arm64/v7", "mips", "ppc64", "x32"])
def test_what_nobody_knows_is_an_error(text: str) -> None:
    with pytest.raises(UnknownArchitecture):
        names.parse(text)


@pytest.mark.parametrize(
    "elf", [(62, 32, "little"), (21, 64, "big"), (40, 32, "big"), (8, 32, "big"), (0, 64, "little")]
)
def test_a_foreign_elf_header_is_an_error(elf: tuple[int, int, str]) -> None:
    with pytest.raises(UnknownArchitecture):
        names.by_elf(*elf)


def test_an_arm_processor_runs_its_variant_and_those_below() -> None:
    assert names.arm_variants("armv7l") == ("v7", "v6", "v5")
    assert names.arm_variants("armv6l") == ("v6", "v5")
    assert names.arm_variants("aarch64")[0] == "v8"


def test_a_processor_of_another_kind_runs_no_variant_of_arm() -> None:
    with pytest.raises(UnknownArchitecture):
        names.arm_variants("x86_64")


@pytest.mark.parametrize(
    ("uname", "wide", "name"),
    [
        ("x86_64", True, "x86_64"),
        ("x86_64", False, "i386"),
        ("i686", False, "i386"),
        ("aarch64", False, "arm"),
        ("armv8l", False, "arm"),
        ("armv8l", True, "arm64"),
        ("ppc64le", True, "ppc64le"),
    ],
)
def test_the_width_of_the_process_decides_and_not_the_kernels(uname: str, wide: bool, name: str) -> None:
    assert native.detect(uname, wide) == name


@pytest.mark.parametrize(("uname", "wide"), [("mips64", True), ("ppc64le", False), ("armv7l", True), ("ppc64", True)])
def test_a_process_without_a_table_is_an_error(uname: str, wide: bool) -> None:
    with pytest.raises(UnknownArchitecture, match=uname):
        native.detect(uname, wide)


def test_x32_has_no_table() -> None:
    with pytest.raises(UnknownArchitecture, match="x32"):
        native.detect("x86_64", False, "x86_64-linux-gnux32")


def test_this_machine_is_described_as_the_interpreter_sees_it() -> None:
    abi = native.abi()
    assert (abi.bits == 64, abi.byteorder) == (sys.maxsize > 2**32, sys.byteorder)
    assert os.sysconf("SC_PAGESIZE") in abi.page_sizes
    assert (abi.open.directory, abi.open.nofollow) == (os.O_DIRECTORY, os.O_NOFOLLOW)
