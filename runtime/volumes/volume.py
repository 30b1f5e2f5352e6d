"""Volumes: folders that outlive containers, one below the program's data folder each."""

from __future__ import annotations

import os
from time import gmtime, strftime

from backends.storage.removal import remove_tree
from runtime import records
from runtime.bundle.mounts import check_volume_name
from runtime.errors import Damaged, InUse, InvalidInput, UnknownVolume, explain
from runtime.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any

    from runtime.paths import Paths

SCHEMA = 1
_RECORD = "volume.json"
_DATA = "data"
_UNFINISHED = ".new-"
_GONE = ".gone-"


class Volume(Value):
    """`folder` is what containers see; `anonymous` ones were made for one container and go with it."""

    name: str
    folder: str
    created: str = ""  # RFC 3339, UTC
    labels: dict[str, str] = {}
    anonymous: bool = False

    def inspect(self) -> dict[str, Any]:
        """As docker shows it."""
        return {
            "CreatedAt": self.created,
            "Driver": "local",
            "Labels": dict(self.labels),
            "Mountpoint": self.folder,
            "Name": self.name,
            "Options": None,
            "Scope": "local",
        }


class VolumeStore:
    def __init__(self, paths: Paths) -> None:
        self.folder = paths.volumes

    def ensure(self, name: str = "", labels: Mapping[str, str] | None = None, driver: str = "local") -> Volume:
        """The volume `name`, made if there is none; without a name a new anonymous one. InvalidInput, Problem."""
        if driver not in ("", "local"):
            raise InvalidInput(f"no volume driver is called {driver!r}", "this version has local")
        anonymous = not name
        name = name or os.urandom(32).hex()
        check_volume_name(name)
        try:
            return self.find(name)
        except UnknownVolume:
            pass
        record = {
            "name": name,
            "created": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()),
            "labels": dict(labels or {}),
            "anonymous": anonymous,
        }
        self._publish(name, record)
        return self.find(name)

    def _publish(self, name: str, record: dict[str, Any]) -> None:
        """Makes it whole under another name first: a volume that is there is complete."""
        unfinished = os.path.join(self.folder, _UNFINISHED + os.urandom(8).hex())
        try:
            os.makedirs(unfinished, 0o711)
            os.mkdir(os.path.join(unfinished, _DATA), 0o755)
            records.store(os.path.join(unfinished, _RECORD), record, SCHEMA)
            os.rename(unfinished, os.path.join(self.folder, name))
            records.sync_folder(self.folder)
        except OSError as error:
            _forget(unfinished)
            if os.path.isdir(os.path.join(self.folder, name, _DATA)):
                return  # another process was quicker: theirs is as good
            raise explain(error, f"make the volume {name}") from error

    def find(self, name: str) -> Volume:
        """UnknownVolume, Damaged."""
        check_volume_name(name)
        place = os.path.join(self.folder, name)
        try:
            record = records.load(os.path.join(place, _RECORD), SCHEMA)
        except FileNotFoundError:
            raise UnknownVolume(f"no volume is called {name!r}", "runtime volume ls shows those that exist") from None
        try:
            return Volume(
                str(record["name"]),
                os.path.join(place, _DATA),
                str(record.get("created", "")),
                dict(record.get("labels") or {}),
                bool(record.get("anonymous", False)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Damaged(f"the record of the volume {name} is damaged: {error}", f"see {place}") from error

    def list(self) -> tuple[Volume, ...]:
        """All of them by name; without those whose record is damaged."""
        found = []
        for name in self._names():
            try:
                found.append(self.find(name))
            except (UnknownVolume, Damaged, InvalidInput):
                continue
        return tuple(found)

    def _names(self) -> Iterable[str]:
        try:
            return sorted(name for name in os.listdir(self.folder) if not name.startswith("."))
        except FileNotFoundError:
            return ()

    def remove(self, name: str, users: Collection[str] = (), force: bool = False) -> None:
        """`users` are the containers that mount it. UnknownVolume (not with `force`), InUse, Problem."""
        try:
            self.find(name)
        except UnknownVolume:
            if force:
                return
            raise
        if users:
            raise InUse(f"the volume {name} is in use by {', '.join(sorted(users))}", "remove these containers first")
        gone = os.path.join(self.folder, _GONE + os.urandom(8).hex())
        try:
            os.rename(os.path.join(self.folder, name), gone)
            remove_tree(gone)
        except OSError as error:
            raise explain(error, f"remove the volume {name}") from error

    def prune(self, used: Collection[str], all_: bool = False) -> tuple[tuple[str, ...], int]:
        """Removes the anonymous volumes (with `all_`, every one) out of use: their names, and the bytes freed."""
        removed, freed = [], 0
        for volume in self.list():
            if volume.name in used or not (volume.anonymous or all_):
                continue
            freed += size_of(volume.folder)
            self.remove(volume.name)
            removed.append(volume.name)
        self.repair()
        return tuple(removed), freed

    def repair(self) -> tuple[str, ...]:
        """Removes what a killed process left half-made or half-removed."""
        try:
            names = [name for name in os.listdir(self.folder) if name.startswith((_GONE, _UNFINISHED))]
        except FileNotFoundError:
            return ()
        for name in names:
            _forget(os.path.join(self.folder, name))
        return tuple(f"removed the unfinished volume {name}" for name in names)


def _forget(tree: str) -> None:
    """What stays is found by the next repair."""
    try:
        remove_tree(tree)
    except OSError:
        return


def size_of(folder: str) -> int:
    """The bytes that the files below a folder take on disk."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(place, name)).st_blocks * 512
            except FileNotFoundError:
                continue
    return total
