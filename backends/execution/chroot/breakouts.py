"""The capabilities with which a process leaves a chroot, and how. On the launch path."""

from __future__ import annotations

from backends.security.capabilities import NUMBERS

# capabilities(7), chroot(2)
WAYS: dict[str, str] = {
    "CAP_SYS_CHROOT": "a second chroot leaves the working folder outside of it",
    "CAP_SYS_PTRACE": "processes outside can be made to act, and /proc/PID/root entered",
    "CAP_SYS_ADMIN": "mounts, namespaces",
    "CAP_MKNOD": "the host's disks can be opened through a node of its own",
    "CAP_DAC_READ_SEARCH": "open_by_handle_at(2) opens any file of the file system",
    "CAP_SYS_MODULE": "code of its own in the kernel",
    "CAP_SYS_RAWIO": "memory and disks without a file system",
    "CAP_BPF": "programs of its own in the kernel",
    "CAP_PERFMON": "programs of its own in the kernel",
    "CAP_CHECKPOINT_RESTORE": "/proc/PID/map_files leads to files outside",
}

MASK = sum(1 << NUMBERS[name] for name in WAYS)
