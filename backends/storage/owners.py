"""Owners that we may not give: noted beside the file in an attribute, for archives to give them back.

An ordinary user gives files to nobody else. In a user namespace with one id everything belongs to its root, chown(2) to
others is EINVAL; without one everything belongs to the user himself, and chown(2) is EPERM. There he is also held to
modes, so he keeps his own rights to what an image closes to its owner.

`user.runtime.owner` is "UID:GID", or "UID:GID:MODE" where the mode is another than the image's. Links and devices take
no such attributes (xattr(7)): theirs are taken for root's.
"""

from __future__ import annotations

import errno
import os
from stat import S_ISDIR, S_ISREG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.storage.entry import Entry

OWNER = b"user.runtime.owner"
_REFUSED = (errno.EPERM, errno.EINVAL)
_restricted: list[bool] = []


def restricted() -> bool:
    """Whether there is nobody else whom we could give a file to."""
    if not _restricted:
        _restricted.append(os.geteuid() != 0 or _alone())
    return _restricted[0]


def _alone() -> bool:
    try:
        with open("/proc/self/uid_map", encoding="ascii") as file:
            return sum(int(line.split()[2]) for line in file) == 1
    except FileNotFoundError:  # before Linux 3.5
        return False


def give(descriptor: int, entry: Entry, folder: bool = False) -> None:
    """An archive's entry, open here, its owner and its mode. OSError."""
    if not restricted():
        os.fchown(descriptor, entry.uid, entry.gid)
        os.fchmod(descriptor, entry.mode)
        return
    mode = entry.mode | _kept(folder)
    changed = b":%o" % entry.mode if mode != entry.mode else b""
    if changed or entry.uid or entry.gid:
        # Before the mode, which may take from us what this needs.
        os.setxattr(descriptor, OWNER, b"%d:%d%b" % (entry.uid, entry.gid, changed))
    os.fchmod(descriptor, mode)


def give_unopened(name: bytes, entry: Entry, folder: int) -> None:
    """The same of a link or a device, whose owner is not noted."""
    try:
        os.chown(name, entry.uid, entry.gid, dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _REFUSED or not restricted():
            raise


def _kept(folder: bool) -> int:
    """The rights that we need on our own files; root of a user namespace has them by its capabilities."""
    if os.geteuid() == 0:
        return 0
    return 0o700 if folder else 0o600


def below(folder: int, name: str, status: os.stat_result) -> tuple[int, int, int]:
    """`noted` of something in an open folder."""
    attributes = {}
    if restricted() and (S_ISDIR(status.st_mode) or S_ISREG(status.st_mode)):
        try:
            attributes[OWNER] = os.getxattr(f"/proc/self/fd/{folder}/{name}", OWNER, follow_symlinks=False)
        except OSError:  # nothing was noted, or nothing can be
            pass
    return noted(status, attributes)


def noted(status: os.stat_result, attributes: dict[bytes, bytes]) -> tuple[int, int, int]:
    """The mode, user and group that a file is to have in an archive. Takes the note out of its attributes."""
    mode, uid, gid = status.st_mode & 0o7777, status.st_uid, status.st_gid
    note = attributes.pop(OWNER, b"")
    if not restricted():
        return mode, uid, gid
    if uid == os.geteuid():
        uid = gid = 0
    words = note.split(b":")
    if not 2 <= len(words) <= 3 or not all(word.isdigit() for word in words):
        return mode, uid, gid
    if len(words) == 3 and (S_ISDIR(status.st_mode) or S_ISREG(status.st_mode)):
        meant = int(words[2].translate(None, b"89") or b"0", 8) & 0o7777
        if mode == meant | _kept(S_ISDIR(status.st_mode)):  # else somebody has changed it since
            mode = meant
    return mode, int(words[0]), int(words[1])
