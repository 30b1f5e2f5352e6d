"""The system's libseccomp, as a second opinion on what a profile means."""

from __future__ import annotations

import ctypes
import os
import tempfile
from typing import Any

from backends.security.seccomp import actions
from backends.security.seccomp.abi import Abi

_OPERATORS = {
    "SCMP_CMP_NE": 1,
    "SCMP_CMP_LT": 2,
    "SCMP_CMP_LE": 3,
    "SCMP_CMP_EQ": 4,
    "SCMP_CMP_GE": 5,
    "SCMP_CMP_GT": 6,
    "SCMP_CMP_MASKED_EQ": 7,
}
_X32 = 0x4000003E  # libseccomp tells x32 apart by a token of its own


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def load() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_arch_native.restype = ctypes.c_uint32
    for name in ("seccomp_arch_add", "seccomp_arch_remove"):
        getattr(library, name).argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    library.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p
    ]  # fmt: skip
    library.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.seccomp_release.argtypes = [ctypes.c_void_p]
    library.seccomp_syscall_resolve_name_arch.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    return library


def knows(library: ctypes.CDLL, name: str, abi: Abi) -> bool:
    return bool(library.seccomp_syscall_resolve_name_arch(_token(abi), name.encode()) == abi.numbers[name])


def compile(library: ctypes.CDLL, profile: dict[str, Any], abi: Abi) -> bytes:
    """A profile's program for one ABI alone; rules on calls unknown to libseccomp are left out, as by runc."""
    default = actions.value(profile["defaultAction"], profile.get("defaultErrnoRet"), "")
    context = library.seccomp_init(default)
    try:
        _only(library, context, _token(abi))
        for rule in profile["syscalls"]:
            answer = actions.value(rule["action"], rule.get("errnoRet"), "")
            comparisons = [
                _Comparison(item["index"], _OPERATORS[item["op"]], item["value"], item["valueTwo"])
                for item in rule.get("args", ())
            ]
            array = (_Comparison * len(comparisons))(*comparisons)
            for name in rule["names"]:
                number = library.seccomp_syscall_resolve_name(name.encode())
                if number != -1 and answer != default:
                    _must(library.seccomp_rule_add_array(context, answer, number, len(comparisons), array))
        with tempfile.TemporaryFile() as file:
            _must(library.seccomp_export_bpf(context, file.fileno()))
            file.seek(0)
            return file.read()
    finally:
        library.seccomp_release(context)


def _token(abi: Abi) -> int:
    return _X32 if abi.name == "x32" else abi.token


def _only(library: ctypes.CDLL, context: int, token: int) -> None:
    """A filter begins with the machine's own ABI, and takes no ABI of another byte order beside it."""
    native = library.seccomp_arch_native()
    if native != token:
        _must(library.seccomp_arch_remove(context, native))
        _must(library.seccomp_arch_add(context, token))


def _must(status: int) -> None:
    if status < 0:
        raise OSError(-status, os.strerror(-status))
