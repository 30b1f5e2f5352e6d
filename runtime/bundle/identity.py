"""Who the container's process is: names looked up in the image's own passwd and group, given as text."""

from __future__ import annotations

from runtime.errors import InvalidInput
from runtime.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

_LARGEST = 2**31 - 1  # what docker and runc accept; 2**32 - 1 means "no change" to setuid(2)


class Identity(Value):
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str


class _User(Value):
    name: str
    uid: int
    gid: int
    home: str


class _Group(Value):
    name: str
    gid: int
    members: tuple[str, ...]


def _rows(text: str, columns: int) -> Iterator[list[str]]:
    """Lines as passwd(5) has them; what cannot be read is passed over, as the C library does."""
    for line in text.splitlines():
        line = line.strip()
        if line and not line.startswith("#"):
            row = line.split(":")
            yield row + [""] * (columns - len(row))


def _id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) <= _LARGEST else None


def _users(text: str) -> Iterator[_User]:
    for row in _rows(text, 7):
        uid, gid = _id(row[2]), _id(row[3])
        if uid is not None:
            yield _User(row[0], uid, gid or 0, row[5])


def _groups(text: str) -> Iterator[_Group]:
    for row in _rows(text, 4):
        gid = _id(row[2])
        if gid is not None:
            yield _Group(row[0], gid, tuple(name for name in row[3].split(",") if name))


def resolve(user: str, extra: Iterable[str], passwd: str, group: str) -> Identity:
    """`user` is NAME|UID[:GROUP|GID], empty for root; `extra` are more groups. As runc resolves them. InvalidInput."""
    name, colon, group_name = user.partition(":")
    found = _find_user(name, passwd)
    groups = tuple(_groups(group))
    joined: tuple[int, ...] = ()
    if colon and group_name:
        gid = _find_group(group_name, groups, user)
    else:
        gid = found.gid
        joined = tuple(item.gid for item in groups if found.name and found.name in item.members)
    more = tuple(_find_group(item, groups, item) for item in extra)
    return Identity(found.uid, gid, tuple(dict.fromkeys(joined + more)), found.home or "/")


def _find_user(name: str, passwd: str) -> _User:
    number = _id(name) if name else 0
    for item in _users(passwd):
        if (name and item.name == name) or (number is not None and item.uid == number):
            return item
    if number is None:
        if name.isascii() and name.isdigit():
            raise InvalidInput(f"--user: {name} is not a user id", f"they go from 0 to {_LARGEST}")
        raise InvalidInput(
            f"--user: the image has no user {name!r} in /etc/passwd", "give a numeric id, or add the user to the image"
        )
    return _User("", number, 0, "/root" if number == 0 and not name else "/")


def _find_group(name: str, groups: tuple[_Group, ...], said: str) -> int:
    number = _id(name)
    for item in groups:
        if item.name == name or (number is not None and item.gid == number):
            return item.gid
    if number is None:
        raise InvalidInput(
            f"{said!r}: the image has no group {name!r} in /etc/group",
            "give a numeric id, or add the group to the image",
        )
    return number


def bundle_user(who: Identity) -> dict[str, Any]:
    """`process.user` of a bundle."""
    user: dict[str, Any] = {"uid": who.uid, "gid": who.gid}
    if who.groups:
        user["additionalGids"] = list(who.groups)
    return user
