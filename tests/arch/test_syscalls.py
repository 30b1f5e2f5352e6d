"""Our tables against two others that were made apart from them: libseccomp's, and one gathered by hand."""

from __future__ import annotations

import ctypes
import os

import pytest

from arch import syscalls
from arch.abi import Abi
from arch.errors import UnknownArchitecture, UnknownSyscall

HERE = os.path.dirname(os.path.abspath(__file__))

# libseccomp answers these pseudo numbers for calls that socketcall(2) and ipc(2) carry too, and filters both ways.
MULTIPLEXED = range(-299, -99)


def known_rows() -> list[list[str]]:
    with open(os.path.join(HERE, "known_numbers.txt"), encoding="ascii") as file:
        return [line.split() for line in file if not line.startswith("#")]


def abi(machine: str) -> Abi:
    found: Abi = __import__("arch." + machine, None, None, ["ABI"]).ABI
    return found


@pytest.mark.parametrize(("column", "machine"), [(2, "x86_64"), (3, "arm"), (4, "arm64"), (5, "ppc64le")])
def test_numbers_agree_with_the_gathered_ones(column: int, machine: str) -> None:
    ours = {row[0]: str(syscalls.table(machine).get(row[0], "-")) for row in known_rows()}
    assert ours == {row[0]: row[column] for row in known_rows()}


def test_versions_agree_with_the_gathered_ones() -> None:
    versions = {row[0]: row[1].rstrip("*") for row in known_rows() if row[1] != "-"}
    assert {name: ".".join(map(str, syscalls.since(name) or ())) for name in versions} == versions


@pytest.fixture(scope="module")
def libseccomp() -> ctypes.CDLL:
    try:
        return ctypes.CDLL("libseccomp.so.2")
    except OSError as error:
        pytest.skip(f"there is no libseccomp to compare with: {error}")


def resolve(library: ctypes.CDLL, machine: str, name: str) -> int:
    found: int = library.seccomp_syscall_resolve_name_arch(ctypes.c_uint32(abi(machine).audit), name.encode())
    return found


@pytest.mark.parametrize("machine", syscalls.MACHINES)
def test_numbers_agree_with_libseccomp(machine: str, libseccomp: ctypes.CDLL) -> None:
    differing = {}
    for name, number in syscalls.table(machine).items():
        theirs = resolve(libseccomp, machine, name)
        multiplexed = theirs in MULTIPLEXED and machine in ("i386", "ppc64le", "s390x")
        # arm's header makes it a second name of arm_sync_file_range; libseccomp keeps it for other machines.
        renamed = (machine, name) == ("arm", "sync_file_range2")
        newer = theirs < 0 and (syscalls.since(name) or (99,)) > (5, 10)  # than the libseccomp of bullseye
        if theirs != number and not (multiplexed or renamed or newer):
            differing[name] = (number, theirs)
    assert differing == {}


@pytest.mark.parametrize("machine", syscalls.MACHINES)
def test_libseccomp_knows_no_call_that_we_lack(machine: str, libseccomp: ctypes.CDLL) -> None:
    everybody = {name for other in syscalls.MACHINES for name in syscalls.table(other)}
    absent = everybody - set(syscalls.table(machine))
    assert {name for name in absent if resolve(libseccomp, machine, name) >= 0} == set()


@pytest.mark.parametrize("machine", syscalls.MACHINES)
def test_a_number_has_one_name_and_leads_back_to_it(machine: str) -> None:
    numbers = syscalls.table(machine)
    assert [numbers[syscalls.name(number, machine)] for number in numbers.values()] == list(numbers.values())


@pytest.mark.parametrize("machine", syscalls.MACHINES)
def test_calls_from_424_on_have_the_same_number_everywhere(machine: str) -> None:
    newer = {name: number for name, number in syscalls.table(machine).items() if 424 <= number < 0xF0000}
    assert newer == {name: syscalls.number(name, syscalls.everywhere(name)[0]) for name in newer}


def test_arms_private_calls_are_known() -> None:
    assert syscalls.number("set_tls", "arm") == 0xF0005
    assert syscalls.number("cacheflush", "arm") == 0xF0002


def test_multiplexers_are_only_where_they_are() -> None:
    assert syscalls.everywhere("socketcall") == ("i386", "ppc64le", "s390x")
    assert syscalls.everywhere("ipc") == ("i386", "ppc64le", "s390x")


def test_an_absent_call_is_an_error_and_never_another_machines_number() -> None:
    with pytest.raises(UnknownSyscall, match="open on arm64"):
        syscalls.number("open", "arm64")


def test_an_unused_number_is_an_error() -> None:
    with pytest.raises(UnknownSyscall, match="99999"):
        syscalls.name(99999, "x86_64")


def test_a_machine_without_tables_is_an_error() -> None:
    with pytest.raises(UnknownArchitecture, match="sparc64"):
        syscalls.number("read", "sparc64")


def test_a_call_that_never_was_has_no_version() -> None:
    assert syscalls.since("tuxcall") is None
    assert syscalls.everywhere("no_such_call") == ()
