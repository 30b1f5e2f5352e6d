"""`runtime-oci`: from the first line to the exit status. On the launch path."""

from __future__ import annotations

import gc
import os
import sys

from runtime.oci import image
from runtime.oci.place import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

# What engines and people wait for, whose code is kept in one file.
_KEPT = ("create", "delete", "exec", "kill", "run", "start", "state")


def main() -> NoReturn:
    gc.disable()  # nothing here lives long enough
    kept = next((word for word in sys.argv[1:] if word in _KEPT), "")
    path = f"{home()}/.code/{kept}"
    found = image.install(path) if kept else None

    from runtime.oci.front import run  # through the image

    status = run(sys.argv[1:])
    if kept and not status:
        image.complete(path, found)
    sys.stdout.flush()
    os._exit(status)  # nothing is left that the end of the process does not do


if __name__ == "__main__":
    main()
