"""The tables as ci/tables.py writes them. Fetching packages takes the network: here only its parsers and its form."""

from __future__ import annotations

import glob
import os

import pytest

from arch import syscalls
from arch.tables.since import SINCE
from ci import tables
from ci.addenda import ADDENDA

PAGE = r"""
.TS
System call	Kernel	Notes
_
\f[B]accept4\f[](2)	2.6.28
T{
.BR bind (2)
T}	2.0	T{
See notes on \f[B]socketcall\f[](2)
T}
.\" 4adeefe161a74369e44cc8e663f240ece0470dc3
.BR read (2)	1.0
.TE
.BR late (2)	9.9
"""

HEADER = """
#define __NR_read 0
#define __NR_write\t(__NR_SYSCALL_BASE + 1)
#define __ARM_NR_BASE\t(__NR_SYSCALL_BASE+0x0f0000)
#define __ARM_NR_set_tls\t(__ARM_NR_BASE+5)
#define __NR_sync_file_range2 __NR_write
#define __NR_syscalls 470
"""


def test_versions_are_read_from_the_manual_page() -> None:
    assert tables.parse_page(PAGE) == {"accept4": (2, 6, 28), "bind": (2, 0), "read": (1, 0)}


def test_numbers_are_read_from_a_header() -> None:
    numbers = tables.parse_header(HEADER)
    assert numbers == {"read": 0, "write": 1, "set_tls": 0xF0005}
    assert tables.parse_aliases(HEADER, numbers) == {"sync_file_range2": 1}


def test_a_version_that_contradicts_a_header_is_found() -> None:
    known = {"5.10": {"read"}, "6.1": {"read", "mseal"}}
    assert len(tables.check_bounds({"read": (1, 0), "mseal": (6, 10)}, known)) == 1


@pytest.mark.parametrize("machine", syscalls.MACHINES)
def test_a_table_is_in_the_form_of_its_generator(machine: str) -> None:
    path = os.path.join(tables.TARGET, machine + ".py")
    with open(path, encoding="ascii") as file:
        text = file.read()
    source = text.split("From ")[1].split(".\n")[0]
    module = __import__("arch.tables." + machine, None, None, ["NUMBERS"])
    assert text == tables.render_numbers(source, module.NUMBERS, module.ALIASES)


def test_every_version_added_by_hand_is_in_the_table() -> None:
    assert {name: SINCE[name] for name in ADDENDA} == ADDENDA


@pytest.mark.parametrize(("machine", "header"), [("x86_64", "unistd_64.h"), ("i386", "unistd_32.h")])
def test_this_machines_headers_say_the_same(machine: str, header: str) -> None:
    paths = glob.glob(f"/usr/include/x86_64-linux-gnu/asm/{header}")
    if not paths:
        pytest.skip("linux-libc-dev for x86_64 is not installed")
    with open(paths[0], encoding="ascii") as file:
        installed = tables.parse_header(file.read())
    ours = syscalls.table(machine)
    assert installed == {name: ours.get(name) for name in installed}
