from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arch.syscalls import MACHINES
from backends.security.errors import BadProfile, FilterTooLarge
from backends.security.seccomp import compile, flags, translate
from backends.security.seccomp.abi import load, spoken
from tests.backends.security.seccomp import oracle
from tests.backends.security.seccomp.machine import Call, check, run

ARCHITECTURES = sorted(MACHINES)
LISTED = [
    "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_PPC64LE",
    "SCMP_ARCH_S390X", "SCMP_ARCH_S390", "SCMP_ARCH_RISCV64",
]  # fmt: skip
TOKENS = sorted({load(name).token for name in ("x86_64", "i386", "arm", "arm64", "ppc64le", "riscv64", "s390x")})
CALLS = [
    "read", "write", "clone", "clone3", "socket", "accept", "recv", "semop", "shmat", "personality", "listns",
    "set_tls", "cacheflush", "socketcall", "ipc", "ioctl", "waitid", "clock_gettime64", "unheard_of", "openat2",
    "ptrace",
]  # fmt: skip
EDGES = [0, 1, 2, 0x7E020000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 32, (1 << 32) + 1, (1 << 64) - 1]
NUMBERS = st.one_of(st.sampled_from(EDGES), st.integers(0, (1 << 64) - 1))
ALLOW_ALL_ABIS: dict[str, Any] = {"defaultAction": "SCMP_ACT_ERRNO", "architectures": LISTED}


def order(architecture: str) -> str:
    return load(architecture).byte_order


def decide(profile: dict[str, Any], architecture: str, number: int, *arguments: int, abi: str = "") -> int:
    """What the compiled profile answers to a call through an ABI."""
    padded = (arguments + (0,) * 6)[:6]
    call = Call(number, load(abi or architecture).token, padded)
    return run(compile(profile, architecture), call, order(architecture))[0]


TAKES_ERRNO = ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE")


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    operator = draw(st.sampled_from([*oracle.COMPARISONS, "SCMP_CMP_MASKED_EQ"]))
    value, second = draw(NUMBERS), draw(NUMBERS)
    if draw(st.booleans()):
        second &= value
    return {"index": draw(st.integers(0, 5)), "op": operator, "value": value, "valueTwo": second}


@st.composite
def profiles(draw: st.DrawFn) -> dict[str, Any]:
    entries = []
    for _ in range(draw(st.integers(0, 8))):
        action = draw(st.sampled_from(sorted(set(oracle.NAMES) - {"SCMP_ACT_NOTIFY"})))
        entry: dict[str, Any] = {"names": draw(st.lists(st.sampled_from(CALLS), max_size=6)), "action": action}
        if action in TAKES_ERRNO and draw(st.booleans()):
            entry["errnoRet"] = draw(st.integers(0, 4095))
        if draw(st.booleans()):
            entry["args"] = draw(st.lists(conditions(), max_size=4))
        entries.append(entry)
    profile: dict[str, Any] = {
        "defaultAction": draw(st.sampled_from(sorted(set(oracle.NAMES) - {"SCMP_ACT_NOTIFY"}))),
        "architectures": draw(st.lists(st.sampled_from(LISTED), unique=True)),
        "syscalls": entries,
    }
    if profile["defaultAction"] in TAKES_ERRNO and draw(st.booleans()):
        profile["defaultErrnoRet"] = draw(st.integers(0, 4095))
    return profile


@st.composite
def calls(draw: st.DrawFn, profile: dict[str, Any], architecture: str) -> Call:
    """Calls that the profile speaks of, their neighbours, and any others; with the arguments that it compares."""
    abi = load(draw(st.sampled_from(spoken(architecture))))
    known = [abi.numbers[name] for name in CALLS if name in abi.numbers]
    near = st.sampled_from(known).flatmap(lambda number: st.integers(max(0, number - 1), number + 1))
    number = draw(st.one_of(near, near, st.integers(0, 0xFFFFFFFF), st.sampled_from([0, 0x40000000, 0xFFFFFFFF])))
    values = [0, 1, 3, 0x10003]
    for entry in profile["syscalls"]:
        for condition in entry.get("args", ()):
            values += [condition["value"], condition["valueTwo"], condition["value"] ^ 1, condition["value"] ^ 1 << 32]
    argument = st.one_of(st.sampled_from(values), NUMBERS)
    limit = (1 << 64) - 1 if abi.wide else 0xFFFFFFFF
    arguments = tuple(draw(argument) & limit for _ in range(6))
    return Call(number, draw(st.one_of(st.just(abi.token), st.sampled_from(TOKENS))), arguments)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_compiled_profile_answers_what_its_text_says(architecture: str, data: st.DataObject) -> None:
    profile = data.draw(profiles())
    program = compile(profile, architecture)
    check(program, order(architecture))
    for _ in range(8):
        call = data.draw(calls(profile, architecture))
        answered, _ = run(program, call, order(architecture))
        assert answered == oracle.answer(profile, architecture, call)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_long_allow_list_takes_few_instructions_for_any_call(architecture: str) -> None:
    abi = load(architecture)
    every_third = sorted(abi.numbers, key=lambda name: abi.numbers[name])[::3]
    entry = {"names": every_third, "action": "SCMP_ACT_ALLOW"}
    program = compile({**ALLOW_ALL_ABIS, "syscalls": [entry]}, architecture)
    check(program, abi.byte_order)
    for name in every_third:
        answered, steps = run(program, Call(abi.numbers[name], abi.token), abi.byte_order)
        assert answered == oracle.ALLOW
        assert steps <= 22


def test_jumps_over_more_than_255_instructions_arrive() -> None:
    """Each of 300 alternatives is four instructions, so that the last is far from everything."""
    arguments = [{"index": 1, "op": "SCMP_CMP_EQ", "value": value << 33 | value} for value in range(1, 301)]
    profile = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "syscalls": [
            {"names": ["ioctl"], "action": "SCMP_ACT_ALLOW", "args": arguments},
            {"names": ["read"], "action": "SCMP_ACT_TRAP"},
        ],
    }
    check(compile(profile, "x86_64"), "<")
    assert decide(profile, "x86_64", 16, 0, 1 << 33 | 1) == oracle.ALLOW
    assert decide(profile, "x86_64", 16, 0, 300 << 33 | 300) == oracle.ALLOW
    assert decide(profile, "x86_64", 16, 0, 300 << 33 | 299) == oracle.ERRNO | 1
    assert decide(profile, "x86_64", 0) == oracle.TRAP


def test_a_profile_beyond_the_kernels_limit_is_refused_with_its_size() -> None:
    arguments = [{"index": 1, "op": "SCMP_CMP_EQ", "value": value} for value in range(2000)]
    profile = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "syscalls": [{"names": ["ioctl"], "action": "SCMP_ACT_ALLOW", "args": arguments}],
    }
    with pytest.raises(FilterTooLarge, match="4096"):
        compile(profile, "x86_64")


def test_a_call_newer_than_the_profile_does_not_exist() -> None:
    profile = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["statx"], "action": "SCMP_ACT_ALLOW"}]}
    assert decide(profile, "x86_64", 332) == oracle.ALLOW
    assert decide(profile, "x86_64", 333) == oracle.ERRNO | 38
    assert decide(profile, "x86_64", 331) == oracle.ERRNO | 1


def test_a_call_newer_than_a_list_of_refusals_is_let_through() -> None:
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["statx"], "action": "SCMP_ACT_ERRNO"}]}
    assert decide(profile, "x86_64", 333) == oracle.ALLOW


def test_arms_private_calls_do_not_count_as_new() -> None:
    names = ["statx", "set_tls"]
    profile = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": names, "action": "SCMP_ACT_ALLOW"}]}
    assert decide(profile, "arm", 0xF0005) == oracle.ALLOW
    assert decide(profile, "arm", 0xF0004) == oracle.ERRNO | 1
    assert decide(profile, "arm", 500) == oracle.ERRNO | 38


def test_names_that_no_abi_has_are_reported() -> None:
    names = ["read", "socketcall", "unheard_of"]
    entry = {"names": names, "action": "SCMP_ACT_ALLOW"}
    assert translate({**ALLOW_ALL_ABIS, "syscalls": [entry]}, "x86_64").ignored == ("unheard_of",)
    assert translate({**ALLOW_ALL_ABIS, "syscalls": [entry]}, "arm64").ignored == ("socketcall", "unheard_of")


def test_an_abi_that_the_profile_does_not_list_is_killed() -> None:
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"]}
    assert decide(profile, "x86_64", 0) == oracle.ALLOW
    assert decide(profile, "x86_64", 3, abi="i386") == oracle.KILL_PROCESS
    assert decide(profile, "x86_64", 0x40000000) == oracle.KILL_PROCESS
    assert decide(profile, "x86_64", 0xFFFFFFFF) == oracle.ALLOW


def test_x32_has_numbers_of_its_own() -> None:
    profile = {**ALLOW_ALL_ABIS, "syscalls": [{"names": ["ioctl", "read"], "action": "SCMP_ACT_ALLOW"}]}
    assert decide(profile, "x86_64", 0x40000000 | 514) == oracle.ALLOW
    assert decide(profile, "x86_64", 0x40000000 | 16) == oracle.ERRNO | 1
    assert decide(profile, "x86_64", 0x40000000) == oracle.ALLOW
    assert decide(profile, "x86_64", 514) == oracle.ERRNO | 38


@pytest.mark.parametrize("architecture", ["i386", "ppc64le", "s390x"])
def test_a_call_is_decided_the_same_through_its_multiplexer(architecture: str) -> None:
    profile = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "syscalls": [{"names": ["bind", "shmat"], "action": "SCMP_ACT_ALLOW"}],
    }
    numbers = load(architecture).numbers
    assert decide(profile, architecture, numbers["socketcall"], 2) == oracle.ALLOW
    assert decide(profile, architecture, numbers["socketcall"], 1) == oracle.ERRNO | 1
    assert decide(profile, architecture, numbers["ipc"], 21) == oracle.ALLOW
    assert decide(profile, architecture, numbers["ipc"], 21 | 1 << 16) == oracle.ALLOW
    assert decide(profile, architecture, numbers["ipc"], 22) == oracle.ERRNO | 1


def test_what_a_multiplexer_hides_is_neither_granted_nor_let_slip() -> None:
    family = [{"index": 0, "op": "SCMP_CMP_EQ", "value": 40}]
    grant = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "syscalls": [{"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": family}],
    }
    refuse = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["socket"], "action": "SCMP_ACT_ERRNO", "args": family}],
    }
    assert decide(grant, "i386", 102, 1) == oracle.ERRNO | 1
    assert decide(refuse, "i386", 102, 1) == oracle.ERRNO | 1


def test_the_upper_half_of_an_argument_counts_where_registers_have_64_bits() -> None:
    arguments = [{"index": 0, "op": "SCMP_CMP_LT", "value": 12}]
    profile = {**ALLOW_ALL_ABIS, "syscalls": [{"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": arguments}]}
    assert decide(profile, "s390x", load("s390x").numbers["socket"], 11) == oracle.ALLOW
    assert decide(profile, "s390x", load("s390x").numbers["socket"], 11 | 1 << 32) == oracle.ERRNO | 1
    assert decide(profile, "s390x", load("s390x").numbers["socket"], 12) == oracle.ERRNO | 1


@pytest.mark.parametrize(
    ("mask", "wanted", "argument", "held"),
    [
        (0xF0, 0x30, 0x3F, True),
        (0xF0, 0x30, 0x4F, False),
        (0, 0, 77, True),
        (0, 1, 1, False),  # bits that the mask takes away are never there
        (1, 1 << 32 | 1, 1, False),
        (1 << 32, 1 << 32, 3 << 32, True),
        (1 << 32, 0, 3 << 32, False),
    ],
)
def test_masked_comparisons_look_at_the_masks_bits_only(mask: int, wanted: int, argument: int, held: bool) -> None:
    condition = {"index": 2, "op": "SCMP_CMP_MASKED_EQ", "value": mask, "valueTwo": wanted}
    rule = {"names": ["ioctl"], "action": "SCMP_ACT_ALLOW", "args": [condition]}
    profile = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [rule]}
    assert decide(profile, "x86_64", 16, 0, 0, argument) == (oracle.ALLOW if held else oracle.ERRNO | 1)


@pytest.mark.parametrize(
    ("profile", "path"),
    [
        ({}, "defaultAction"),
        ({"defaultAction": "ALLOW"}, "defaultAction"),
        ({"defaultAction": "SCMP_ACT_NOTIFY"}, "defaultAction"),
        ({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 5000}, "errnoRet"),
        ({"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 1}, "errnoRet"),
        ({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["VAX"]}, r"architectures\[0\]"),
        ({"defaultAction": "SCMP_ACT_ALLOW", "flags": ["FAST"]}, r"flags\[0\]"),
        ({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": {}}, "syscalls"),
        ({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [3]}, r"syscalls\[0\]"),
        ({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": "read"}]}, r"syscalls\[0\].names"),
        ({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"]}]}, r"syscalls\[0\].action"),
        (
            {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["write"], "action": "SCMP_ACT_NOTIFY"}]},
            r"syscalls\[0\]",
        ),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused_with_the_path_in_it(profile: dict[str, Any], path: str) -> None:
    with pytest.raises(BadProfile, match=path):
        translate(profile, "x86_64")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"index": 6}, r"args\[0\].index"),
        ({"op": "EQ"}, r"args\[0\].op"),
        ({"value": -1}, r"args\[0\].value"),
        ({"valueTwo": 1 << 64}, r"args\[0\].valueTwo"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_with_the_path_to_it(change: dict[str, Any], path: str) -> None:
    condition = {"index": 0, "op": "SCMP_CMP_EQ", "value": 1, **change}
    entry = {"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [condition]}
    with pytest.raises(BadProfile, match=path):
        compile({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [entry]}, "x86_64")


def test_flags_are_those_of_seccomp_and_notification_needs_a_listener() -> None:
    wanted = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]
    notified = [{"names": ["mknod"], "action": "SCMP_ACT_NOTIFY"}]
    assert flags({"defaultAction": "SCMP_ACT_ALLOW", "flags": wanted}) == 2 | 4
    assert flags({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": notified}) == 8
