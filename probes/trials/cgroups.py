"""Making a cgroup. `scratch` is a folder that does not exist yet, in a hierarchy; the runner removes it."""

from __future__ import annotations

import os
import struct

from arch import kernel
from probes.trials.attempt import call

BPF_PROG_LOAD, BPF_PROG_ATTACH = 5, 8
BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE = 15, 6


def create(scratch: str) -> str:
    """The names of the files in it: they say which limits this hierarchy has."""
    call("mkdir(cgroup)", os.mkdir, scratch)
    return " ".join(sorted(os.listdir(scratch)))


def devices(scratch: str) -> str:
    """A program that allows everything, attached as a device rule."""
    call("mkdir(cgroup)", os.mkdir, scratch)
    # r0 = 1; exit
    program = bytearray(struct.pack("=BBhi", 0xB7, 0, 0, 1) + struct.pack("=BBhi", 0x95, 0, 0, 0))
    text = bytearray(b"GPL\0")
    attributes = struct.pack(
        "=IIQQ", BPF_PROG_TYPE_CGROUP_DEVICE, len(program) // 8, kernel.address(program), kernel.address(text)
    )
    loaded = call("bpf(PROG_LOAD, CGROUP_DEVICE)", kernel.bpf, BPF_PROG_LOAD, bytearray(attributes.ljust(72, b"\0")))
    descriptor = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    attributes = struct.pack("=IIII", descriptor, loaded, BPF_CGROUP_DEVICE, 0)
    call("bpf(PROG_ATTACH, CGROUP_DEVICE)", kernel.bpf, BPF_PROG_ATTACH, bytearray(attributes))
    return ""
