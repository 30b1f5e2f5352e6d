"""System call filters: linux.seccomp of a bundle, compiled to the BPF program that the kernel takes.

The meaning of a profile is runc's and libseccomp's:

- the first rule for a call whose conditions hold decides, a rule without conditions above those with;
- rules that repeat the default action are none; two conditions on one argument are alternatives;
- a name that an ABI does not have is passed over, and reported;
- a call newer than any that the profile mentions gets ENOSYS, so that programs fall back as on an older kernel,
  unless the default lets calls through;
- ABIs that the profile does not list are killed.
"""

from __future__ import annotations

from backends.security.seccomp.compiler import Filter, compile, flags, translate

__all__ = ["Filter", "compile", "flags", "translate"]
