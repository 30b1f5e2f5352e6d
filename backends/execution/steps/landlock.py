"""A Landlock domain: processes in it can neither trace those outside nor look through their /proc/PID/root."""

from __future__ import annotations

import os
import struct

from arch import kernel
from backends.execution.steps.step import Context, Step

# linux/landlock.h
_VERSION = 1
_RULE_PATH_BENEATH = 1
_MAKE_BLOCK = 1 << 11
_REFER = 1 << 13


class ConfineLooks(Step):
    """landlock(7), "Ptrace restrictions": of any mode, so of /proc/PID/root, cwd, fd and mem too. Without it, a root in
    a chroot becomes the user of some process outside and walks through that one's root (capabilities(7), CAP_SETUID).

    A ruleset has to handle something: it refuses block devices, which the container may not make anyway. In Linux 5.13
    to 5.18 every ruleset keeps files from being renamed or linked into other folders (EXDEV); later ones are told not
    to. Takes CAP_SYS_ADMIN where no_new_privs is not set, so comes before capabilities are dropped.
    """

    __slots__ = ()

    def describe(self) -> str:
        return "keep it from the roots of processes outside with Landlock"

    def execute(self, context: Context) -> None:
        version = kernel.syscall("landlock_create_ruleset", None, 0, _VERSION)
        handled = _MAKE_BLOCK | (_REFER if version >= 2 else 0)
        attributes = struct.pack("=Q", handled)
        ruleset = kernel.syscall("landlock_create_ruleset", kernel.address(attributes), len(attributes), 0)
        try:
            if handled & _REFER:
                self._allow(ruleset, _REFER)
            kernel.syscall("landlock_restrict_self", ruleset, 0)
        finally:
            os.close(ruleset)

    def _allow(self, ruleset: int, access: int) -> None:
        root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            rule = struct.pack("=Qi", access, root)
            kernel.syscall("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, kernel.address(rule), 0)
        finally:
            os.close(root)
