"""Annotations that set properties of a container's unit: "org.systemd.property.NAME", a value in GVariant's text form.

runc has defined them (its docs/systemd-properties.md). Pure. On the launch path.
"""

from __future__ import annotations

from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.cgroups.systemd.properties import Property

PREFIX = "org.systemd.property."
_WHOLE = {"byte": "y", "int16": "n", "uint16": "q", "int32": "i", "uint32": "u", "int64": "x", "uint64": "t"}
_SHORTEST = 3  # letters of a name


def properties(annotations: dict[str, str]) -> list[Property]:
    """CgroupError for a name or a value that cannot be one."""
    found = []
    for key, text in annotations.items():
        if not key.startswith(PREFIX):
            continue
        name = key[len(PREFIX) :]
        if len(name) < _SHORTEST or not (name.isascii() and name.isalpha()):
            raise CgroupError(f"annotations.{key}: {name!r} is no property of systemd's", "they are made of letters")
        try:
            found.append(_in_microseconds(name, parse(text)))
        except ValueError as error:
            raise CgroupError(f"annotations.{key}: {error}", "values are like 'text', true or uint64 5") from None
    return found


def _in_microseconds(name: str, value: tuple[str, Any]) -> Property:
    """Unit files have seconds, the bus microseconds, by another name."""
    if not name.endswith("Sec") or name.endswith("USec"):
        return name, value
    if value[0] not in "nqiuxtdy":
        raise ValueError(f"{value[1]!r} is no number of seconds")
    return f"{name[:-3]}USec", ("t", int(value[1] * 1_000_000))


def parse(text: str) -> tuple[str, Any]:
    """A value's signature and itself. ValueError"""
    text = text.strip()
    word, _, rest = text.partition(" ")
    if word in _WHOLE:
        return _WHOLE[word], int(rest, 0)
    if word == "double":
        return "d", float(rest)
    if text in ("true", "false"):
        return "b", text == "true"
    if text[:1] == "[" and text[-1:] == "]":
        return _array(text[1:-1])
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return "s", text[1:-1].replace("\\" + text[0], text[0]).replace("\\\\", "\\")
    try:
        return ("d", float(text)) if "." in text else ("i", int(text, 0))
    except ValueError:
        raise ValueError(f"{text!r} is no value") from None


def _array(inside: str) -> tuple[str, list[Any]]:
    """Of values of one kind, without commas in them."""
    values = [parse(part) for part in inside.split(",") if part.strip()]
    if not values or any(kind != values[0][0] for kind, _ in values):
        raise ValueError("the values of a list are of one kind, and at least one")
    return "a" + values[0][0], [value for _, value in values]
