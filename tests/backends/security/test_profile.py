from __future__ import annotations

from collections import Counter

import pytest

from arch.syscalls import MACHINES, table
from backends.security import calls, capabilities
from backends.security.profile import default_profile
from backends.security.seccomp import compile, translate
from backends.security.seccomp.abi import load, spoken
from tests.backends.security.seccomp.machine import Call, check, run
from tests.backends.security.seccomp.oracle import ALLOW, ERRNO, KILL_PROCESS

NEW = (6, 18)
REFUSED, MISSING = ERRNO | 1, ERRNO | 38
ARCHITECTURES = sorted(MACHINES)
EVERY_ABI = [(architecture, abi) for architecture in ARCHITECTURES for abi in spoken(architecture)]


def decide(
    architecture: str,
    name: str,
    *arguments: int,
    abi: str = "",
    held: tuple[str, ...] = capabilities.DEFAULT,
    kernel: tuple[int, ...] = NEW,
) -> int:
    """What the default profile answers to a call."""
    spoken_abi = load(abi or architecture)
    program = compile(default_profile(architecture, held, kernel), architecture)
    call = Call(spoken_abi.numbers[name], spoken_abi.token, (arguments + (0,) * 6)[:6])
    return run(program, call, spoken_abi.byte_order)[0]


def decided() -> Counter[str]:
    """Every name, with how often it stands somewhere in the catalogue."""
    names: Counter[str] = Counter(["socket", "personality"])
    for group in (*calls.ALLOWED.values(), *calls.REFUSED.values()):
        names.update(group)
    names.update({name for group in calls.BY_CAPABILITY.values() for name in group})
    return names


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_call_of_our_tables_is_decided(architecture: str) -> None:
    assert sorted(set(table(architecture)) - set(decided())) == []


def test_every_decision_is_taken_once_and_about_a_call_that_exists() -> None:
    names = decided()
    assert [name for name, count in names.items() if count > 1] == []
    assert set(names) - {name for architecture in MACHINES for name in table(architecture)} == set()


@pytest.mark.parametrize("suffix", ["_time64", "64", "32"])
def test_wider_twins_are_decided_as_the_call_they_widen(suffix: str) -> None:
    allowed = {name for group in calls.ALLOWED.values() for name in group}
    everything = {name for architecture in MACHINES for name in table(architecture)}
    twins = {name for name in allowed if name + suffix in everything}
    assert twins, "the tables have lost their twins"
    assert sorted(name + suffix for name in twins if name + suffix not in allowed) == []


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_profile_compiles_well_below_the_kernels_limit_and_knows_all_it_names(architecture: str) -> None:
    compiled = translate(default_profile(architecture, capabilities.NAMES, NEW), architecture)
    check(compiled.program, load(architecture).byte_order)
    assert compiled.ignored == ()
    assert len(compiled.program) // 8 < 1000


@pytest.mark.parametrize("name", ["read", "mmap", "futex", "execve", "getrandom", "clock_gettime", "openat2", "setuid"])
@pytest.mark.parametrize(("architecture", "abi"), EVERY_ABI)
def test_ordinary_calls_are_allowed_in_every_abi(architecture: str, abi: str, name: str) -> None:
    if name in load(abi).numbers:
        assert decide(architecture, name, abi=abi) == ALLOW


@pytest.mark.parametrize(
    "name", ["mount", "unshare", "setns", "bpf", "keyctl", "io_uring_setup", "kexec_load", "reboot"]
)
@pytest.mark.parametrize(("architecture", "abi"), EVERY_ABI)
def test_dangerous_calls_are_refused_in_every_abi(architecture: str, abi: str, name: str) -> None:
    assert decide(architecture, name, abi=abi) == REFUSED


@pytest.mark.parametrize(("architecture", "abi"), EVERY_ABI)
def test_a_call_that_nobody_has_decided_does_not_exist(architecture: str, abi: str) -> None:
    spoken_abi = load(abi)
    newest = max(number for number in spoken_abi.numbers.values() if number < spoken_abi.private)
    program = compile(default_profile(architecture, capabilities.DEFAULT, NEW), architecture)
    answered, _ = run(program, Call(newest + 1, spoken_abi.token), spoken_abi.byte_order)
    assert answered == MISSING


@pytest.mark.parametrize(("architecture", "abi"), EVERY_ABI)
def test_clone_makes_threads_and_processes_and_no_namespaces(architecture: str, abi: str) -> None:
    position = 1 if architecture == "s390x" else 0
    for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        arguments = [0, 0]
        arguments[position] = flag | 17
        assert decide(architecture, "clone", *arguments, abi=abi) == REFUSED
    threads = [0, 0]
    threads[position] = 0x003D0F00
    threads[1 - position] = 0x7FFFFFFFF000 & (0xFFFFFFFF if not load(abi).wide else ~0)
    assert decide(architecture, "clone", *threads, abi=abi) == ALLOW
    assert decide(architecture, "clone3", abi=abi) == MISSING


def test_whoever_may_mount_may_make_namespaces() -> None:
    held = ("CAP_SYS_ADMIN",)
    assert decide("x86_64", "clone", 0x10000000, held=held) == ALLOW
    assert decide("x86_64", "clone3", held=held) == ALLOW
    assert decide("x86_64", "mount", held=held) == ALLOW


@pytest.mark.parametrize("capability", sorted(calls.BY_CAPABILITY))
def test_a_capability_opens_its_calls_and_without_it_they_are_closed(capability: str) -> None:
    for name in calls.BY_CAPABILITY[capability]:
        if name in table("x86_64"):
            assert decide("x86_64", name, held=(capability,)) == ALLOW
            if name not in ("clone", "clone3", *calls.TRACING):
                assert decide("x86_64", name, held=()) == REFUSED


@pytest.mark.parametrize(("kernel", "answer"), [((4, 7), REFUSED), ((4, 8), ALLOW), ((3, 10), REFUSED), (NEW, ALLOW)])
def test_tracing_is_allowed_where_a_tracer_cannot_change_what_the_filter_saw(
    kernel: tuple[int, ...], answer: int
) -> None:
    assert decide("x86_64", "ptrace", kernel=kernel) == answer


@pytest.mark.parametrize("family", range(64))
@pytest.mark.parametrize("architecture", ["x86_64", "s390x", "arm"])
def test_sockets_are_of_decided_families_only(architecture: str, family: int) -> None:
    allowed = family <= calls.NEWEST_FAMILY and family not in calls.REFUSED_FAMILIES
    assert decide(architecture, "socket", family) == (ALLOW if allowed else REFUSED)


def test_a_refused_family_is_not_reached_by_bits_that_the_kernel_cuts_off() -> None:
    assert decide("x86_64", "socket", 1 << 32 | 40) == REFUSED


@pytest.mark.parametrize("value", [0, 8, 0x20000, 0x20008, 0xFFFFFFFF])
def test_personalities_of_ordinary_programs_are_allowed(value: int) -> None:
    assert decide("x86_64", "personality", value) == ALLOW
    assert decide("x86_64", "personality", value, abi="i386") == ALLOW


@pytest.mark.parametrize("value", [0x0040000, 0x0400000, 0x100000])
def test_personalities_that_weaken_a_program_are_refused(value: int) -> None:
    """ADDR_NO_RANDOMIZE, READ_IMPLIES_EXEC, MMAP_PAGE_ZERO."""
    assert decide("x86_64", "personality", value) == REFUSED


def test_an_architecture_foreign_to_the_machine_is_killed() -> None:
    program = compile(default_profile("x86_64"), "x86_64")
    assert run(program, Call(0, load("arm64").token), "<")[0] == KILL_PROCESS


def test_arms_private_calls_are_allowed_on_arm_and_in_32_bit_programs_on_arm64() -> None:
    for architecture in ("arm", "arm64"):
        for name in ("set_tls", "cacheflush", "breakpoint"):
            assert decide(architecture, name, abi="arm") == ALLOW
