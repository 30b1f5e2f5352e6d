"""The descriptors that a caller has for a container's process, beside the three streams. On the launch path."""

from __future__ import annotations

import os

from runtime.oci.errors import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.journal import Journal


def preserved(count: int, process: dict[str, Any], journal: Journal) -> int:
    """--preserve-fds and $LISTEN_FDS together; sd_listen_fds(3) has the latter first. As with crun, callers may name
    more than they have. Refused."""
    listening = os.environ.get("LISTEN_FDS", "")
    if listening.isdigit() and int(listening):
        process["env"] = [*(process.get("env") or ()), f"LISTEN_FDS={listening}", "LISTEN_PID=1"]
        count += int(listening)
    numbers = range(3, 3 + count)
    given = [number for number in numbers if _given(number)]
    if given != list(numbers[: len(given)]):
        missing = next(number for number in numbers if number not in given)
        raise Refused(f"unable to preserve descriptor {missing}: it is not open, and {given[-1]} is")
    if len(given) < count:
        journal.warning(f"descriptors {3 + len(given)} to {2 + count} are not open: nothing to preserve")
    return len(given)


def _given(number: int) -> bool:
    """Open before we were: what we open ourselves is closed on exec, and what came through one is not."""
    try:
        return os.get_inheritable(number)
    except OSError:
        return False
