"""Where things are kept unless somebody says otherwise. On the launch path."""

from __future__ import annotations

import os


def home() -> str:
    """Of states the usual place, and always the one of what is known of the host."""
    if os.geteuid() == 0:
        return "/run/runtime-oci"
    return os.path.join(os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/runtime-{os.geteuid()}", "runtime-oci")
