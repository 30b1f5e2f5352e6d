"""System call filters: linux.seccomp of a bundle, compiled to the BPF program that the kernel takes.

The meaning of a profile is runc's and libseccomp's:

- the first rule for a call whose conditions hold decides, a rule without conditions above those with;
- rules that repeat the default action are none; two conditions on one argument are alternatives;
- a name that an ABI does not have is passed over, and reported;
- a call newer than any that the profile mentions gets ENOSYS, so that programs fall back as on an older kernel,
  unless the default lets calls through;
- ABIs that the profile does not list are killed.

On the launch path, where a filter from the cache is the rule: the compiler is imported when it is called.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.security.seccomp.compiler import Filter


def translate(seccomp: dict[str, Any], architecture: str) -> Filter:
    """Compiles `linux.seccomp` for a kernel of an architecture (our name). BadProfile, FilterTooLarge."""
    from backends.security.seccomp.compiler import translate as compiled

    return compiled(seccomp, architecture)


def compile(seccomp: dict[str, Any], architecture: str) -> bytes:
    """The program alone: an array of struct sock_filter."""
    return translate(seccomp, architecture).program


def flags(seccomp: dict[str, Any]) -> int:
    """The flags for seccomp(2) that a profile asks for; BadProfile."""
    if not seccomp.get("flags") and "SCMP_ACT_NOTIFY" not in str(seccomp.get("syscalls")):
        return 0
    from backends.security.seccomp.compiler import flags as read

    return read(seccomp)
