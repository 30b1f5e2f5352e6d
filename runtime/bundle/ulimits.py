"""--ulimit: resource limits of the container's processes."""

from __future__ import annotations

from runtime.containers.request import Ulimit
from runtime.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = (
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
    "rttime", "sigpending", "stack", "as",
)  # fmt: skip

_INFINITY = 2**64 - 1  # RLIM_INFINITY, as the OCI spec wants it


def parse_ulimit(text: str) -> Ulimit:
    """ "nofile=1024:2048"; one number is both. "unlimited" and -1 are no limit. InvalidInput."""
    name, equals, values = text.partition("=")
    if not equals or not values:
        raise InvalidInput(f"--ulimit: {text!r} has no value", "write NAME=SOFT[:HARD], such as nofile=1024:2048")
    if name not in NAMES:
        raise InvalidInput(f"--ulimit: no limit is called {name!r}", f"the names are {', '.join(sorted(NAMES))}")
    soft_text, colon, hard_text = values.partition(":")
    soft = _number(soft_text, text)
    hard = _number(hard_text, text) if colon else soft
    if _height(soft) > _height(hard):
        raise InvalidInput(f"--ulimit: in {text!r} the soft limit is above the hard one", "write NAME=SOFT:HARD")
    return Ulimit(name, soft, hard)


def _number(text: str, whole: str) -> int:
    if text in ("unlimited", "-1"):
        return -1
    if not (text.isascii() and text.isdigit()):
        raise InvalidInput(f"--ulimit: {text!r} in {whole!r} is not a number", "write a number or unlimited")
    return int(text)


def _height(value: int) -> int:
    return _INFINITY if value == -1 else value


def rlimits(ulimits: Iterable[Ulimit]) -> list[dict[str, object]]:
    """`process.rlimits` of a bundle; the last of several of one name wins."""
    chosen = {limit.name: limit for limit in ulimits}
    return [
        {"type": f"RLIMIT_{name.upper()}", "soft": _height(limit.soft), "hard": _height(limit.hard)}
        for name, limit in sorted(chosen.items())
    ]
