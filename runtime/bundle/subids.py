"""The ids that are set aside for containers: subuid(5), subgid(5)."""

from __future__ import annotations

import os

from runtime.bundle.surroundings import IdRange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtime.containers.request import Request


def ranges(request: Request) -> tuple[tuple[IdRange, ...], tuple[IdRange, ...]]:
    """The id maps of a user namespace of the container's own: the range that /etc/subuid gives us, from 0 on."""
    if not request.userns or request.userns == "host":
        return (), ()
    return subordinate("/etc/subuid"), subordinate("/etc/subgid")


def subordinate(path: str) -> tuple[IdRange, ...]:
    """subuid(5): the first range of this user, or of "containers", as docker and podman take theirs."""
    import pwd

    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
        with open(path) as file:
            lines = [line.strip().split(":") for line in file]
    except (OSError, KeyError):
        return ()
    for owner in (user, str(os.geteuid()), "containers"):
        for fields in lines:
            if len(fields) == 3 and fields[0] == owner and fields[1].isdigit() and fields[2].isdigit():
                return (IdRange(0, int(fields[1]), int(fields[2])),)
    return ()
