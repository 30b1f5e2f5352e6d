"""Frozen records without generated code.

`dataclasses` compiles half a dozen methods for each class: 1 ms a class, which `run` would pay twenty times over at
every start. Here the same meaning comes from one base class. On the launch path.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**settings):  # noqa: ANN001, ANN003, ANN201, RUF100
        return lambda cls: cls


@dataclass_transform(frozen_default=True)
class Value:
    """A subclass's annotated names are its fields, in order, and what they are set to their defaults; a dictionary
    there stands for a new one each time."""

    if not TYPE_CHECKING:

        def __init_subclass__(cls) -> None:
            cls.__match_args__ = tuple(cls.__annotations__)

        def __init__(self, *values: Any, **named: Any) -> None:
            names = self.__match_args__
            if len(values) > len(names):
                raise TypeError(f"{type(self).__name__} takes {len(names)} values, not {len(values)}")
            given = dict(zip(names, values))
            for name in named:
                if name not in names or name in given:
                    raise TypeError(f"{type(self).__name__}: unexpected {name!r}")
            given.update(named)
            defaults = type(self).__dict__
            for name in names:
                if name not in given:
                    if name not in defaults:
                        raise TypeError(f"{type(self).__name__} needs {name!r}")
                    default = defaults[name]
                    given[name] = dict(default) if type(default) is dict else default
            self.__dict__.update(given)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *(self.__dict__[name] for name in fields(self))))

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={getattr(self, name)!r}" for name in fields(self))
        return f"{type(self).__name__}({said})"

    def replaced(self, **changes: Any) -> Self:
        """The same with other values for some fields."""
        return type(self)(**{**self.__dict__, **changes})


def fields(value: Value | type[Value]) -> tuple[str, ...]:
    """The names of a record's fields, in order."""
    names: tuple[str, ...] = getattr(value, "__match_args__")  # noqa: B009 - mypy does not know of it
    return names
