"""Names of systemd's: the unit of a container, the slice that it is in, and their place in the hierarchies. Pure.

`linux.cgroupsPath` is SLICE:PREFIX:NAME, as runc has it: the unit PREFIX-NAME.scope in SLICE. On the launch path.
"""

from __future__ import annotations

from backends.errors import CgroupError

SYSTEM_SLICE = "system.slice"
USER_SLICE = "user.slice"
_SLICE = ".slice"
_SCOPE = ".scope"
_LONGEST = 255  # systemd's UNIT_NAME_MAX, less the zero
_MARKS = frozenset("-_.:\\@")


class Place:
    """`unit` in `slice`; `below`: the folder of the unit, from where the service manager's own cgroups begin."""

    __slots__ = ("slice", "unit")

    def __init__(self, slice: str, unit: str) -> None:
        self.slice = slice
        self.unit = unit

    @property
    def below(self) -> str:
        return f"{expand(self.slice)}/{self.unit}"


def parse(path: str, rootless: bool) -> Place:
    """CgroupError for what is no SLICE:PREFIX:NAME."""
    parts = path.split(":")
    if len(parts) != 3 or not parts[2]:
        raise CgroupError(
            f"linux.cgroupsPath: systemd's are like slice:prefix:name, and this is {path!r}",
            "have the engine use systemd too, or let this program use cgroupfs",
        )
    slice, prefix, name = parts
    if name.endswith(_SLICE):
        raise CgroupError(f"linux.cgroupsPath: {name} is a slice, which holds no processes", "name a container")
    unit = f"{prefix}-{name}{_SCOPE}" if prefix else name + _SCOPE
    if len(unit) > _LONGEST or not all(_allowed(character) for character in unit):
        raise CgroupError(
            f"linux.cgroupsPath: {unit!r} is no name of a unit",
            f'use letters, digits and "-_.:\\@", {_LONGEST} of them at most',
        )
    place = Place(slice or (USER_SLICE if rootless else SYSTEM_SLICE), unit)
    expand(place.slice)
    return place


def _allowed(character: str) -> bool:
    return character in _MARKS or (character.isascii() and character.isalnum())


def expand(slice: str) -> str:
    """The folder of a slice: "a-b.slice" is in "a.slice" (systemd.slice(5)). CgroupError"""
    stem = slice[: -len(_SLICE)]
    if not slice.endswith(_SLICE) or not stem or "/" in slice:
        raise _no_slice(slice)
    if stem == "-":
        return ""
    path = prefix = ""
    for part in stem.split("-"):
        if not part:
            raise _no_slice(slice)
        prefix += part
        path += f"/{prefix}{_SLICE}"
        prefix += "-"
    return path


def _no_slice(slice: str) -> CgroupError:
    return CgroupError(f"linux.cgroupsPath: invalid slice name: {slice!r}", "slices are like a-b.slice, or -.slice")
