"""What flags' values mean: conversions for declarations, over the parsers of `runtime.bundle`, and files of lines."""

from __future__ import annotations

import os

from runtime.errors import InvalidInput, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_NANO = 1_000_000_000


def whole(text: str, flag: str) -> int:
    return int(text)


def size(text: str, flag: str) -> int:
    """Bytes, from "512m". InvalidInput."""
    from runtime.bundle.sizes import parse_size

    return parse_size(text, flag)


def signed_size(text: str, flag: str) -> int:
    """The same, with -1 for no limit."""
    from runtime.bundle.sizes import parse_signed_size

    return parse_signed_size(text, flag)


def cpus(text: str, flag: str) -> int:
    """Billionths of CPUs, from "1.5"."""
    whole, _, fraction = text.partition(".")
    digits = (whole or "0") + fraction
    if not (digits.isascii() and digits.isdigit()) or len(fraction) > 9:
        raise InvalidInput(f"{flag}: {text!r} is not a number of CPUs", "such as 1.5")
    return int(whole or "0") * _NANO + int((fraction or "0").ljust(9, "0"))


def pairs(texts: Iterable[str], flag: str) -> dict[str, str]:
    """ "key=value" each; a lone key has an empty value."""
    found = {}
    for text in texts:
        key, _, value = text.partition("=")
        if not key:
            raise InvalidInput(f"{flag}: {text!r} is not KEY=VALUE")
        found[key] = value
    return found


def lines_of(path: str, flag: str) -> list[str]:
    """The lines of a file of "KEY=value", without comments and blanks, as docker reads --env-file."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except OSError as error:
        raise explain(error, f"read {flag} {path}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{flag} {path}: not UTF-8: {error}") from error
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.lstrip()
        if not stripped or stripped.startswith("#"):
            continue
        key = stripped.partition("=")[0]
        if not key or any(character.isspace() for character in key):
            raise InvalidInput(f"{flag} {path}, line {number}: {key!r} cannot be a name", "write KEY=value")
        found.append(stripped)
    return found


def environment(files: Iterable[str], said: Iterable[str]) -> tuple[str, ...]:
    """--env-file and --env in docker's order; a lone KEY takes this process's value, or none if there is none."""
    found = []
    for line in [line for path in files for line in lines_of(path, "--env-file")] + list(said):
        key, equals, _ = line.partition("=")
        if not key:
            raise InvalidInput(f"--env: {line!r} is not KEY=value", "give the variable a name")
        if equals:
            found.append(line)
        elif key in os.environ:
            found.append(f"{key}={os.environ[key]}")
        else:
            found.append(key)
    return tuple(found)


def restart_policy(text: str) -> tuple[str, int]:
    """ "on-failure:3" as name and number. InvalidInput."""
    name, colon, count = text.partition(":")
    if name not in ("", "no", "always", "unless-stopped", "on-failure"):
        raise InvalidInput(
            f"--restart: no policy is called {name!r}", "they are no, always, unless-stopped and on-failure[:TIMES]"
        )
    if colon and (name != "on-failure" or not count.isdigit()):
        raise InvalidInput(f"--restart: {text!r}: only on-failure takes a number", "such as on-failure:5")
    return name or "no", int(count or 0)


def throttles(texts: Iterable[str], flag: str, sizes: bool) -> tuple[tuple[str, int], ...]:
    """ "/dev/sda:1mb" each, as device and number."""
    from runtime.bundle.sizes import parse_size

    found = []
    for text in texts:
        device, colon, rate = text.rpartition(":")
        if not colon or not device.startswith("/"):
            raise InvalidInput(f"{flag}: {text!r} is not DEVICE:NUMBER", "such as /dev/sda:1mb")
        if not sizes and not rate.isdigit():
            raise InvalidInput(f"{flag}: {rate!r} in {text!r} is not a number")
        found.append((device, parse_size(rate, flag) if sizes else int(rate)))
    return tuple(found)
