"""Sizes, moments and spans of time as people read and write them."""

from __future__ import annotations

import re
import time
from calendar import timegm

from runtime.errors import InvalidInput

_DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SPAN = re.compile(r"(?:([0-9.]+)d)?(?:([0-9.]+)h)?(?:([0-9.]+)m)?(?:([0-9.]+)s)?(?:([0-9.]+)ms)?", re.ASCII)
_SECONDS = (86400.0, 3600.0, 60.0, 1.0, 0.001)
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(\.\d{1,9})?)?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE
)


def decimal_size(count: float) -> str:
    """ "77.9MB": three digits, as docker shows images."""
    return _scaled(count, 1000.0, _DECIMAL, 3)


def binary_size(count: float) -> str:
    """ "1.945GiB": four digits, as docker shows memory."""
    return _scaled(count, 1024.0, _BINARY, 4)


def _scaled(count: float, step: float, units: tuple[str, ...], digits: int) -> str:
    place = 0
    while count >= step and place < len(units) - 1:
        count /= step
        place += 1
    if float(f"{count:.{digits}g}") >= step and place < len(units) - 1:  # 999.9 kB is 1 MB when rounded
        count /= step
        place += 1
    return f"{count:.{digits}g}{units[place]}" if count < 10**digits else f"{count:.0f}{units[place]}"


def seconds(text: str, flag: str) -> float:
    """ "1h30m", "90s", "90". InvalidInput."""
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text, re.ASCII):
        return float(text)
    found = _SPAN.fullmatch(text)
    try:
        if not text or found is None:
            raise ValueError(text)
        return sum(float(part) * size for part, size in zip(found.groups(), _SECONDS) if part)
    except ValueError:
        raise InvalidInput(f"{flag}: {text!r} is no span of time", "such as 90s, 10m or 1h30m") from None


def moment(text: str, flag: str, now: float | None = None) -> str:
    """A moment as RFC 3339 in UTC with nine decimals, from RFC 3339, a date, seconds since 1970, or how long ago
    ("10m"). A moment without a zone is local time. InvalidInput."""
    if not text:
        return ""
    found = _MOMENT.fullmatch(text)
    if found is not None:
        return _absolute(found, text, flag)
    if re.fullmatch(r"[0-9]{6,}(\.[0-9]+)?", text, re.ASCII):
        whole, _, fraction = text.partition(".")
        return _written(int(whole), fraction)
    at = (time.time() if now is None else now) - seconds(text, flag)
    return _written(int(at), f"{int(at % 1 * 1e9):09}")


def _absolute(found: re.Match[str], text: str, flag: str) -> str:
    day, minutes, secs, fraction, zone = found.groups()
    try:
        parsed = time.strptime(f"{day} {minutes or '00:00'}:{secs or '00'}", "%Y-%m-%d %H:%M:%S")
    except ValueError:
        raise InvalidInput(f"{flag}: {text!r} is no moment", "such as 2024-01-31T13:00:00Z or 10m") from None
    if not zone:
        return _written(int(time.mktime(parsed)), (fraction or ".")[1:])
    offset = 0
    if zone.upper() != "Z":
        offset = (int(zone[1:3]) * 60 + int(zone[-2:])) * (-60 if zone[0] == "-" else 60)
    return _written(timegm(parsed) - offset, (fraction or ".")[1:])


def _written(whole: int, fraction: str) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{fraction[:9]:0<9}Z"
