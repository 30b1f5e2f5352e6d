"""The functions that a --format template can call, and how Go prints values."""

from __future__ import annotations

import json
import re

from runtime.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class BadTemplate(InvalidInput):
    def __init__(self, message: str) -> None:
        super().__init__(f"--format: {message}", "such as '{{.ID}} {{.Names}}', 'table {{.ID}}', or json")


class NoValue:
    """A field that is not there: Go prints "<no value>", and an `if` takes it for false."""

    def __bool__(self) -> bool:
        return False


NO_VALUE = NoValue()


def show(value: Any) -> str:
    """A value as Go prints it."""
    if isinstance(value, NoValue) or value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{show(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(show(item) for item in value) + "]"
    return str(value)


def call(name: str, arguments: tuple[Any, ...]) -> Any:
    function = _FUNCTIONS.get(name)
    if function is None:
        raise BadTemplate(f"no function is called {name!r}; there are {', '.join(sorted(_FUNCTIONS))}")
    try:
        return function(*arguments)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError, OverflowError) as error:
        raise BadTemplate(f"{name} cannot be used like that: {error}") from error


def _json(value: Any) -> str:
    return json.dumps(None if isinstance(value, NoValue) else value, ensure_ascii=False, separators=(",", ":"))


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, dict):
            value = value.get(key, "")
        elif isinstance(value, NoValue) or value is None:
            return NO_VALUE
        else:
            value = value[key]
    return value


def _printf(layout: str, *values: Any) -> str:
    left = list(values)

    def one(found: re.Match[str]) -> str:
        if found.group(0) == "%%":
            return "%"
        if not left:
            return f"%!{found.group(2)}(MISSING)"
        value = left.pop(0)
        return _formatted(found.group(1), found.group(2), value)

    return re.sub(r"%([-+0 #]*[0-9]{0,4}(?:\.[0-9]{0,3})?)([a-zA-Z%])", one, layout)


def _formatted(options: str, verb: str, value: Any) -> str:
    if verb in "vs":
        return str(f"%{options}s" % show(value))
    if verb == "q":
        return json.dumps(show(value), ensure_ascii=False)
    if verb == "t":
        return show(bool(value))
    if verb in "dxXofeg":
        return str(f"%{options}{verb}" % value)
    raise ValueError(f"%{verb} is not known")


def _slice(value: Any, *bounds: int) -> Any:
    return value[slice(*bounds)] if len(bounds) > 1 else value[bounds[0] :] if bounds else value


def _truncate(text: str, length: int) -> str:
    return text[:length] if length >= 0 else text


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "json": _json,
    "index": _index,
    "len": len,
    "print": lambda *values: " ".join(show(value) for value in values),
    "println": lambda *values: " ".join(show(value) for value in values) + "\n",
    "printf": _printf,
    "upper": lambda text: show(text).upper(),
    "lower": lambda text: show(text).lower(),
    "title": lambda text: show(text).title(),
    "join": lambda values, separator: separator.join(show(value) for value in values),
    "split": lambda text, separator: show(text).split(separator),
    "slice": _slice,
    "truncate": _truncate,
    "pad": lambda text, before, after: " " * min(before, 1000) + show(text) + " " * min(after, 1000),
    "eq": lambda first, *others: any(first == other for other in others),
    "ne": lambda first, other: first != other,
    "lt": lambda first, other: first < other,
    "le": lambda first, other: first <= other,
    "gt": lambda first, other: first > other,
    "ge": lambda first, other: first >= other,
    "not": lambda value: not value,
    "and": lambda *values: next((value for value in values if not value), values[-1]),
    "or": lambda *values: next((value for value in values if value), values[-1]),
}
