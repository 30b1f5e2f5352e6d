from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.security.docker_profile import resolve_profile
from backends.security.errors import BadProfile
from backends.security.seccomp import compile
from backends.security.seccomp.abi import load
from tests.backends.security.seccomp.machine import Call, check, run
from tests.backends.security.seccomp.oracle import ALLOW, ERRNO

MAP = [
    {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]},
    {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]},
    {"architecture": "SCMP_ARCH_RISCV64", "subArchitectures": None},
]


def profile(**rule: Any) -> dict[str, Any]:
    entry = {"names": ["mount"], "action": "SCMP_ACT_ALLOW", **rule}
    return {"defaultAction": "SCMP_ACT_ERRNO", "archMap": MAP, "syscalls": [entry]}


def kept(rule: dict[str, Any], *capabilities: str, kernel: tuple[int, ...] | None = None, on: str = "x86_64") -> bool:
    return bool(resolve_profile(profile(**rule), on, capabilities, kernel)["syscalls"])


@pytest.mark.parametrize(
    ("architecture", "architectures"),
    [
        ("x86_64", ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]),
        ("arm64", ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]),
        ("riscv64", ["SCMP_ARCH_RISCV64"]),
        ("s390x", ["SCMP_ARCH_S390X"]),
    ],
)
def test_the_map_of_architectures_is_read_for_this_machine(architecture: str, architectures: list[str]) -> None:
    assert resolve_profile(profile(), architecture)["architectures"] == architectures


def test_rules_for_capabilities_want_all_of_them() -> None:
    rule = {"includes": {"caps": ["CAP_SYS_ADMIN", "CAP_BPF"]}}
    assert kept(rule, "CAP_SYS_ADMIN", "CAP_BPF")
    assert not kept(rule, "CAP_SYS_ADMIN")


def test_rules_that_exclude_capabilities_want_none_of_them() -> None:
    rule = {"excludes": {"caps": ["CAP_SYS_ADMIN", "CAP_BPF"]}}
    assert kept(rule, "CAP_CHOWN")
    assert not kept(rule, "CAP_BPF")


def test_rules_for_architectures_use_go_names() -> None:
    assert kept({"includes": {"arches": ["amd64", "x32"]}})
    assert not kept({"includes": {"arches": ["arm", "arm64"]}})
    assert not kept({"excludes": {"arches": ["s390x"]}}, on="s390x")
    assert kept({"excludes": {"arches": ["s390x"]}})


@pytest.mark.parametrize(
    ("kernel", "expected"), [(None, False), ((4, 7, 9), False), ((4, 8), True), ((4, 8, 1), True), ((6, 0), True)]
)
def test_rules_for_kernels_want_that_one_or_a_newer(kernel: tuple[int, ...] | None, expected: bool) -> None:
    assert kept({"includes": {"minKernel": "4.8"}}, kernel=kernel) is expected


def test_what_comes_out_compiles_and_means_what_was_written() -> None:
    resolved = resolve_profile(profile(errno="EINVAL", action="SCMP_ACT_ERRNO"), "x86_64")
    abi = load("x86_64")
    program = compile(resolved, "x86_64")
    assert run(program, Call(abi.numbers["mount"], abi.token), "<")[0] == ERRNO | 22


def test_a_profile_without_docker_additions_passes_through() -> None:
    plain = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86_64"],
        "flags": ["SECCOMP_FILTER_FLAG_LOG"],
        "syscalls": [{"names": ["mount"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}],
    }
    assert resolve_profile(plain, "x86_64") == plain


def test_the_old_form_with_one_name_a_rule_is_understood() -> None:
    old = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"name": "read", "action": "SCMP_ACT_ALLOW", "args": []}]}
    program = compile(resolve_profile(old, "x86_64"), "x86_64")
    assert run(program, Call(0, load("x86_64").token), "<")[0] == ALLOW


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        ([], "not a JSON object"),
        ({"architectures": ["SCMP_ARCH_X86"], "archMap": MAP}, "exclude each other"),
        ({"archMap": [{"architecture": "VAX"}]}, r"archMap\[0\]"),
        ({"syscalls": "read"}, "syscalls"),
        ({"syscalls": ["read"]}, r"syscalls\[0\]"),
        ({"syscalls": [{"name": "read", "names": ["read"]}]}, r"syscalls\[0\]"),
        ({"syscalls": [{"names": ["read"], "includes": {"minKernel": "new"}}]}, r"syscalls\[0\].includes.minKernel"),
        ({"syscalls": [{"names": ["read"], "errno": "EWHAT"}]}, r"syscalls\[0\].errno"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_with_the_path_in_it(broken: Any, path: str) -> None:
    with pytest.raises(BadProfile, match=path):
        resolve_profile(broken, "x86_64")


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 1 << 65),
    st.floats(),
    st.sampled_from(["read", "4.8", "EPERM", "CAP_BPF"]),
)
KEYS = st.sampled_from(
    [
        "defaultAction", "defaultErrno", "defaultErrnoRet", "architectures", "archMap", "flags", "syscalls", "name",
        "names", "action", "errno", "errnoRet", "args", "index", "op", "value", "includes", "excludes", "caps",
        "arches", "minKernel", "architecture", "subArchitectures",
    ]
)  # fmt: skip
WORDS = st.sampled_from(["SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW", "SCMP_ARCH_X86_64", "SCMP_CMP_EQ"])
NONSENSE = st.recursive(
    SCALARS | WORDS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=30
)


@settings(max_examples=200, deadline=None)
@given(text=st.dictionaries(KEYS, NONSENSE, max_size=8), sane=st.booleans())
def test_no_text_makes_the_reader_or_the_compiler_stumble(text: dict[str, Any], sane: bool) -> None:
    if sane:
        text["defaultAction"] = "SCMP_ACT_ERRNO"
        text.pop("archMap", None)
        text["architectures"] = ["SCMP_ARCH_X86_64"]
    try:
        program = compile(resolve_profile(text, "x86_64", ["CAP_BPF"], (6, 1)), "x86_64")
    except BadProfile:
        return
    check(program, "<")
