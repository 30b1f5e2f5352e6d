from __future__ import annotations

import ctypes
from collections.abc import Iterator

import pytest

from arch.syscalls import MACHINES
from backends.security import calls, capabilities
from backends.security.profile import default_profile
from backends.security.seccomp import compile
from backends.security.seccomp.abi import Abi, load, spoken
from tests.backends.security.seccomp import libseccomp
from tests.backends.security.seccomp.machine import Call, run
from tests.backends.security.seccomp.oracle import ALLOW, ERRNO

EVERY_ABI = [(architecture, abi) for architecture in sorted(MACHINES) for abi in spoken(architecture)]
SETS = {"default": capabilities.DEFAULT, "none": (), "all": capabilities.NAMES, "admin": ("CAP_SYS_ADMIN",)}


@pytest.fixture(scope="module")
def library() -> ctypes.CDLL:
    found = libseccomp.load()
    if found is None:
        pytest.skip("libseccomp.so.2 is not installed")
    return found


def arguments(name: str) -> Iterator[tuple[int, ...]]:
    """Arguments that the profile tells apart, of the call of that name."""
    yield (0,) * 6
    if name == "socket":
        for family in range(64):
            yield (family, 1, 0, 0, 0, 0)
    if name == "personality":
        for value in (*calls.PERSONALITIES, 1, 0x40000, 0x20009):
            yield (value, 0, 0, 0, 0, 0)
    if name == "clone":
        for bit in range(32):
            for first in (1 << bit, 17 | 1 << bit):
                yield (first, 0, 0, 0, 0, 0)
                yield (0, first, 0, 0, 0, 0)
    if name in ("socketcall", "ipc"):
        for subcall in range(30):
            yield (subcall, 0, 0, 0, 0, 0)


def compared(library: ctypes.CDLL, abi: Abi) -> Iterator[tuple[str, Call]]:
    for name, number in abi.numbers.items():
        if libseccomp.knows(library, name, abi):
            for given in arguments(name):
                yield name, Call(number, abi.token, given)


def second_opinion(program: bytes, call: Call, abi: Abi) -> int:
    """In a program of the foreign byte order, libseccomp 2.5 forgets to turn round what its rules return."""
    answered, _ = run(program, call, abi.byte_order)
    known = (ALLOW, ERRNO | 1, ERRNO | 38)
    return answered if answered in known else int.from_bytes(answered.to_bytes(4, "little"), "big")


@pytest.mark.parametrize("held", sorted(SETS))
@pytest.mark.parametrize(("architecture", "name"), EVERY_ABI)
def test_libseccomp_reads_the_default_profile_as_we_do(
    library: ctypes.CDLL, architecture: str, name: str, held: str
) -> None:
    abi = load(name)
    profile = default_profile(architecture, SETS[held], (6, 18))
    ours = compile(profile, architecture)
    theirs = libseccomp.compile(library, profile, abi)
    different = {}
    checked = 0
    for call_name, call in compared(library, abi):
        answers = run(ours, call, abi.byte_order)[0], second_opinion(theirs, call, abi)
        checked += 1
        if answers[0] != answers[1]:
            different[call_name, call.arguments[:2]] = tuple(f"{answer:#x}" for answer in answers)
    assert different == {}
    assert checked > 300
