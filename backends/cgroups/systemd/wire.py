"""Values as D-Bus carries them (D-Bus Specification, "Marshaling"): by a signature, each aligned to its size. Pure.

Own code and no library: jeepney, the smallest there is, imports `enum`, `re`, `typing` and `socket`, 25 ms, as much as
all the rest of starting a container. On the launch path.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FIXED = {"y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d", "h": "I"}
_CLOSING = {"(": ")", "{": "}"}
_SIZES = {"y": 1, "g": 1, "v": 1, "n": 2, "q": 2, "x": 8, "t": 8, "d": 8, "(": 8, "{": 8}  # else 4


def types(signature: str) -> list[str]:
    """Its complete types: "sa(sv)u" -> ["s", "a(sv)", "u"]. ValueError"""
    found = []
    while signature:
        end = _end(signature, 0)
        found.append(signature[:end])
        signature = signature[end:]
    return found


def _end(signature: str, start: int) -> int:
    if start >= len(signature):
        raise ValueError(f"the signature {signature!r} is not complete")
    first = signature[start]
    if first == "a":
        return _end(signature, start + 1)
    if first not in _CLOSING:
        return start + 1
    position = start + 1
    while signature[position : position + 1] != _CLOSING[first]:
        position = _end(signature, position)
    return position + 1


def marshal(signature: str, values: tuple[Any, ...]) -> bytes:
    """Little-endian. A variant is a pair of its signature and its value."""
    out = bytearray()
    for kind, value in zip(types(signature), values):
        _put(out, kind, value)
    return bytes(out)


def _put(out: bytearray, kind: str, value: Any) -> None:
    first = kind[0]
    _pad(out, _SIZES.get(first, 4))
    if first in _FIXED:
        out += struct.pack("<" + _FIXED[first], value)
    elif first in "so":
        text = value.encode("utf-8", "surrogateescape")
        out += struct.pack("<I", len(text)) + text + b"\0"
    elif first == "g":
        out += bytes((len(value),)) + value.encode() + b"\0"
    elif first == "v":
        _put(out, "g", value[0])
        _put(out, *value)
    elif first == "a":
        _put_array(out, kind[1:], value)
    else:
        for inner, part in zip(types(kind[1:-1]), value):
            _put(out, inner, part)


def _put_array(out: bytearray, kind: str, values: Any) -> None:
    place = len(out)
    out += bytes(4)
    _pad(out, _SIZES.get(kind[0], 4))  # which the length does not count
    start = len(out)
    for value in values:
        _put(out, kind, value)
    struct.pack_into("<I", out, place, len(out) - start)


def _pad(out: bytearray, size: int) -> None:
    out += bytes(-len(out) % size)


class Reader:
    """Takes values off a message; `order` is struct's letter for its byte order. struct.error where it ends early."""

    __slots__ = ("_data", "_order", "position")

    def __init__(self, data: bytes, order: str, position: int = 0) -> None:
        self._data = data
        self._order = order
        self.position = position

    def take_all(self, signature: str) -> list[Any]:
        return [self.take(kind) for kind in types(signature)]

    def take(self, kind: str) -> Any:
        """Of a variant, its value alone."""
        first = kind[0]
        self.align(_SIZES.get(first, 4))
        if first in _FIXED:
            value = self._number(_FIXED[first])
            return bool(value) if first == "b" else value
        if first in "so":
            return self._text(self._number("I"))
        if first == "g":
            return self._text(self._number("B"))
        if first == "v":
            return self.take(self.take("g"))
        if first == "a":
            return self._array(kind[1:])
        return tuple(self.take_all(kind[1:-1]))

    def align(self, size: int) -> None:
        self.position += -self.position % size

    def _number(self, letter: str) -> Any:
        value = struct.unpack_from(self._order + letter, self._data, self.position)[0]
        self.position += struct.calcsize(letter)
        return value

    def _text(self, length: int) -> str:
        start = self.position
        self.position = start + length + 1
        return self._data[start : start + length].decode("utf-8", "surrogateescape")

    def _array(self, kind: str) -> list[Any]:
        length = self._number("I")
        self.align(_SIZES.get(kind[0], 4))
        end = self.position + length
        found = []
        while self.position < end:
            found.append(self.take(kind))
        return found
