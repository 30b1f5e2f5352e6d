"""HOME, where process.env says nothing of it: what the container's own /etc/passwd says of the user.

No specification asks for it; engines and programs rely on it since runc has always done it.
"""

from __future__ import annotations

import os

from backends.execution.steps.step import Context, Step

_PASSWD = "/etc/passwd"
_MOST = 1 << 20
_DEFAULT = "/"


class FindHome(Step):
    """In the container's root. Puts HOME among `variables`."""

    __slots__ = ("uid", "variables")

    def __init__(self, variables: dict[str, str], uid: int) -> None:
        self.variables = variables
        self.uid = uid

    def describe(self) -> str:
        return f"look up the home of user {self.uid}"

    def execute(self, context: Context) -> None:
        self.variables.pop("HOME", None)
        self.variables["HOME"] = home_of(self.uid, _read())


def home_of(uid: int, passwd: bytes) -> str:
    for line in passwd.splitlines():
        fields = line.split(b":")
        if len(fields) > 5 and fields[2] == b"%d" % uid:
            return os.fsdecode(fields[5]) or _DEFAULT
    return _DEFAULT


def _read() -> bytes:
    """Whatever an image has there must not keep us waiting."""
    try:
        descriptor = os.open(_PASSWD, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return b""
    try:
        return os.read(descriptor, _MOST)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
