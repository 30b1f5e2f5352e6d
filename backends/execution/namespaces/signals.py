"""Signals to exactly one process. On the launch path."""

from __future__ import annotations

import errno
import os

from arch import kernel
from backends.execution.namespaces.parent import start_time

_OLD = (errno.ENOSYS, errno.EPERM, errno.EINVAL)  # before Linux 5.3, or an outer seccomp filter


def send(pid: int, started: int, number: int) -> None:
    """ProcessLookupError when that process is gone, whoever has its pid now."""
    try:
        descriptor = kernel.pidfd_open(pid)
    except OSError as error:
        if error.errno not in _OLD:
            raise
        _same(pid, started)
        os.kill(pid, number)
        return
    try:
        # Once open, the descriptor is of that process: what is compared now stays true.
        _same(pid, started)
        kernel.pidfd_send_signal(descriptor, number)
    finally:
        os.close(descriptor)


def _same(pid: int, started: int) -> None:
    if start_time(pid) != started:
        raise ProcessLookupError(errno.ESRCH, "the process is gone, and another has its pid", str(pid))
