"""Putting a device program on a v2 cgroup and taking the old one off: bpf(2). On the launch path, where v2 is used."""

from __future__ import annotations

import errno
import os
import struct

from arch import kernel
from backends.cgroups.controllers.devices import Rules
from backends.cgroups.device_program import compile_rules
from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LOAD, _ATTACH, _DETACH, _OPEN_ID, _QUERY = 5, 8, 9, 13, 16  # commands
_TYPE = 15  # BPF_PROG_TYPE_CGROUP_DEVICE
_PLACE = 6  # BPF_CGROUP_DEVICE
_MULTIPLE = 2  # BPF_F_ALLOW_MULTI: programs of the cgroups above count too, and all must allow
_SIZE = 128  # of union bpf_attr, the part we know of; the rest is zero
_MOST = 64  # programs on one cgroup, BPF_CGROUP_MAX_PROGS
_HINTS = {
    errno.EPERM: "run as root with CAP_SYS_ADMIN (before Linux 5.11, with a higher RLIMIT_MEMLOCK too)",
    errno.EINVAL: "the kernel needs CONFIG_CGROUP_BPF, and Linux 4.15",
    errno.ENOSYS: "the kernel needs CONFIG_BPF_SYSCALL, and Linux 4.15",
}


def apply(rules: list[dict[str, Any]], folder: str) -> None:
    """Has the rules in force on the cgroup, and only these. CgroupError."""
    wanted = Rules(rules)
    everything = wanted.allowed and not wanted.exceptions
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        old = _attached(descriptor)
        if not everything:
            program = _load(compile_rules(wanted))
            try:
                _call(_ATTACH, struct.pack("=IIII", descriptor, program, _PLACE, _MULTIPLE))
            finally:
                os.close(program)
        # New before old: in between both must allow, so nothing is open that should be shut.
        for number in old:
            _detach(descriptor, number)
    except OSError as error:
        assert error.errno is not None
        raise CgroupError(
            f"linux.resources.devices: the device program for {folder}: {error.strerror} "
            f"({errno.errorcode.get(error.errno, error.errno)})",
            _HINTS.get(error.errno, ""),
        ) from error
    finally:
        os.close(descriptor)


def attached(folder: str) -> list[int]:
    """Ids of the device programs on a cgroup itself. OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return _attached(descriptor, strict=True)
    finally:
        os.close(descriptor)


def _call(command: int, attributes: bytes) -> tuple[int, bytearray]:
    buffer = bytearray(attributes.ljust(_SIZE, b"\0"))
    return kernel.syscall("bpf", command, kernel.address(buffer), _SIZE), buffer


def _load(program: bytes) -> int:
    licence = b"GPL\0"
    attributes = struct.pack(
        "=IIQQ", _TYPE, len(program) // 8, kernel.address(program), kernel.address(licence)
    )  # fmt: skip
    return _call(_LOAD, attributes)[0]


def _attached(descriptor: int, strict: bool = False) -> list[int]:
    """BPF_PROG_QUERY is of Linux 4.15. Who may not ask has not attached anything either."""
    ids = bytearray(4 * _MOST)
    try:
        _, answer = _call(_QUERY, struct.pack("=IIIIQI", descriptor, _PLACE, 0, 0, kernel.address(ids), _MOST))
    except OSError:
        if strict:
            raise
        return []
    count = struct.unpack_from("=I", answer, 24)[0]
    return list(struct.unpack_from(f"={count}I", ids))


def _detach(descriptor: int, number: int) -> None:
    program, _ = _call(_OPEN_ID, struct.pack("=I", number))
    try:
        _call(_DETACH, struct.pack("=III", descriptor, program, _PLACE))
    finally:
        os.close(program)
