"""Where things are kept unless somebody says otherwise, and for whom. On the launch path."""

from __future__ import annotations

import os
import sys


def program() -> str:
    """What we are called: engines and people who put a link named runc in our place see that name."""
    return "runc" if os.path.basename(sys.argv[0]) == "runc" else "runtime-oci"


def home() -> str:
    """Of states the usual place, and always the one of what is known of the host."""
    if not unprivileged() or (os.geteuid() == 0 and os.access("/run", os.W_OK)):
        return "/run/runtime-oci"
    return os.path.join(os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/runtime-{os.geteuid()}", "runtime-oci")


def unprivileged() -> bool:
    """Whether we are root in nobody's eyes but our own user namespace's, or not at all."""
    if os.geteuid() != 0:
        return True
    try:
        with open("/proc/self/uid_map", "rb") as stream:
            return stream.read().split() != [b"0", b"0", b"4294967295"]
    except FileNotFoundError:  # no user namespaces
        return False
