from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes import machine

V2 = "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"
V3 = f"{V2} avx avx2 bmi1 bmi2 f16c fma abm movbe xsave"


@pytest.mark.parametrize(
    ("uname", "bits", "name"),
    [
        ("x86_64", "64", "x86_64"),
        ("i686", "64", "x86_64"),  # setarch i686: a personality, not a machine
        ("i686", "32", "i386"),
        ("armv8l", "64", "arm64"),
        ("armv7l", "32", "arm"),
        ("aarch64", "64", "arm64"),
        ("ppc64le", "64", "ppc64le"),
        ("vax", "32", ""),
    ],
)
def test_the_kernels_architecture_is_told_through_a_personality(uname: str, bits: str, name: str) -> None:
    assert machine.architecture(uname, bits) == name


@pytest.mark.parametrize(
    ("flags", "variant"),
    [("fpu", "v1"), (V2, "v2"), (V3, "v3"), (f"{V3} avx512f avx512bw avx512cd avx512dq avx512vl", "v4"), ("", "")],
)
def test_levels_of_x86_64_are_told_by_flags(flags: str, variant: str) -> None:
    assert machine.variant("x86_64", "x86_64", f"processor\t: 0\nflags\t\t: {flags}\n") == variant


@pytest.mark.parametrize(
    ("uname", "cpuinfo", "variant"),
    [
        ("armv6l", "model name\t: ARMv6-compatible processor rev 7 (v6l)\nCPU architecture: 7\n", "v6"),
        ("armv7l", "model name\t: ARMv7 Processor rev 3 (v7l)\nCPU architecture: 7\n", "v7"),
        ("armv7l", "model name\t: ARMv6-compatible processor rev 7 (v6l)\nCPU architecture: 7\n", "v6"),
        ("armv8l", "CPU architecture: 8\n", "v8"),
        ("armv5tel", "Processor\t: Feroceon 88FR131\nCPU architecture: 5TE\n", "v5"),
    ],
)
def test_a_pi_zero_is_no_v7_whatever_it_says_of_itself(uname: str, cpuinfo: str, variant: str) -> None:
    assert machine.variant("arm", uname, cpuinfo) == variant


def test_power_is_told_by_its_generation() -> None:
    assert machine.variant("ppc64le", "ppc64le", "cpu\t\t: POWER9 (architected), altivec supported\n") == "power9"


def test_a_32_bit_personality_is_seen() -> None:
    assert machine.personality("0x8") == "linux32"
    assert machine.personality("0x400008") == "linux32"
    assert machine.personality("0x0") == "linux"
    assert machine.personality("") == ""


@given(st.text(), st.sampled_from(["x86_64", "arm", "arm64", "ppc64le", ""]), st.text())
def test_no_text_is_an_error(cpuinfo: str, name: str, uname: str) -> None:
    machine.variant(name, uname, machine.abridge(cpuinfo))
