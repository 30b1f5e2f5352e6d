"""What a process can never take back: no_new_privs, seccomp filters, labels, and a session keyring of its own."""

from __future__ import annotations

import errno
import os

from arch import kernel
from backends.errors import StepFailed
from backends.execution.steps.step import Context, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PROC_MAGIC = 0x9FA0


class ForbidNewPrivileges(Step):
    __slots__ = ()

    def describe(self) -> str:
        return "forbid new privileges"

    def execute(self, context: Context) -> None:
        kernel.set_no_new_privs()


class Filter(Step):
    """Puts the compiled seccomp filter in force. With no_new_privs as the last thing of all; without, it needs
    CAP_SYS_ADMIN, so comes right before capabilities are dropped: whatever is done under the filter, it must allow.

    listener   whom its notifications are for: steps.notify
    """

    __slots__ = ("flags", "listener", "program")

    def __init__(self, program: bytes, flags: int = 0, listener: Any = None) -> None:
        self.program = program
        self.flags = flags
        self.listener = listener

    def describe(self) -> str:
        return "filter system calls" + (f" by {len(self.program) // 8} instructions" if self.program else "")

    def execute(self, context: Context) -> None:
        if not self.program:
            raise StepFailed(self.describe(), "linux.seccomp was not compiled: its filter was not handed in")
        kernel.seccomp_filter(self.program, self.flags)


class SetPersonality(Step):
    """linux.personality"""

    __slots__ = ("domain",)

    def __init__(self, domain: int) -> None:
        self.domain = domain

    def describe(self) -> str:
        return f"set the execution domain {self.domain:#x}"

    def execute(self, context: Context) -> None:
        kernel.personality(self.domain)


class NewKeyring(Step):
    """The container does not see the keys of who started it. Given up where the kernel has no keyrings or no room:
    EDQUOT and EMLINK are limits of old kernels' that other containers use up."""

    __slots__ = ()

    def describe(self) -> str:
        return "create a session keyring"

    def execute(self, context: Context) -> None:
        try:
            kernel.keyctl_join_session(None)
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.EDQUOT, errno.EMLINK, errno.EPERM):
                raise


class Label(Step):
    """The security label that the exec takes on: process.apparmorProfile, process.selinuxLabel. Written through the
    host's /proc, as the image's may be anything (CVE-2019-16884)."""

    __slots__ = ("paths", "value")

    def __init__(self, paths: tuple[str, ...], value: str) -> None:
        self.paths = paths
        self.value = value

    def describe(self) -> str:
        return f"take on the label {self.value!r} with the exec"

    def execute(self, context: Context) -> None:
        for path in self.paths:
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                if kernel.fstatfs_type(descriptor) != _PROC_MAGIC:
                    raise StepFailed(self.describe(), f"{path} is not in a proc file system")
                self._write(descriptor)
            finally:
                os.close(descriptor)
            return
        raise StepFailed(self.describe(), f"no {' nor '.join(self.paths)} here", errno.ENOENT)

    def _write(self, descriptor: int) -> None:
        try:
            os.write(descriptor, self.value.encode())
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.EINVAL):
                raise
            what = self.value.rpartition(" ")[2]
            hint = "load it first: apparmor_parser --replace FILE, or semodule --install FILE"
            raise StepFailed(self.describe(), f"{what} is not loaded in the kernel", error.errno, hint) from None
