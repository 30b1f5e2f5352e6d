"""A container as its folder below --root: what is written there, and what the kernel says to it. On the launch path.

ROOT/ID/state.json    its process and its cgroup
ROOT/ID/config.json   the bundle's, as it was when the container was created
ROOT/ID/gate          the socket at which its process waits to be started
ROOT/ID/door          the socket at which its resident lets programs in, on kernels that need one
"""

from __future__ import annotations

import os
import time

from backends.cgroups.manager import manager
from runtime import records
from runtime.oci.errors import NoContainer, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Cgroup

CREATING, CREATED, RUNNING, PAUSED, STOPPED = "creating", "created", "running", "paused", "stopped"
_SCHEMA = 1
_STATE = "state.json"
_CONFIG = "config.json"
_GATE = "gate"
_DOOR = "door"
_MOUNTED = "root"
_MARKS = frozenset("_+,-.")
_DEAD = (b"Z", b"X")


def check_identifier(identifier: str) -> None:
    if identifier in ("", ".", ".."):
        raise Refused("invalid container ID format")
    for character in identifier:
        if character not in _MARKS and not (character.isascii() and character.isalnum()):
            raise Refused(f"invalid container ID format: invalid character `{character}` in the ID")


class Container:
    """`record` is state.json; empty before it was written. While `creating`, its process is the creator."""

    __slots__ = ("folder", "identifier", "record")

    def __init__(self, root: str, identifier: str) -> None:
        check_identifier(identifier)
        self.identifier = identifier
        self.folder = f"{root}/{identifier}"
        self.record: dict[str, Any] = {}

    # ----------------------------------------------------------------------------------------------- on disk

    def make(self) -> None:
        """Its folder, which is its name too."""
        try:
            os.mkdir(self.folder, 0o711)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self.folder), 0o700, exist_ok=True)
            self.make()
        except FileExistsError:
            raise Refused("container with given ID already exists") from None

    def save(self, record: dict[str, Any]) -> None:
        self.record = record
        records.store(f"{self.folder}/{_STATE}", record, _SCHEMA, durable=False)

    def keep_config(self, content: bytes) -> None:
        """Changes of the bundle after the creation must not have an effect."""
        descriptor = os.open(f"{self.folder}/{_CONFIG}", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, content)
        finally:
            os.close(descriptor)

    def config(self) -> dict[str, Any]:
        return records.load(f"{self.folder}/{_CONFIG}")

    def remove(self) -> None:
        try:
            for name in os.listdir(self.folder):
                if name == _MOUNTED:
                    from backends.execution.chroot.remains import unmount_below

                    unmount_below(self.place)
                    os.rmdir(self.place)
                else:
                    os.unlink(f"{self.folder}/{name}")
            os.rmdir(self.folder)
        except FileNotFoundError:
            return

    @property
    def place(self) -> str:
        """Where the root is mounted if the container has no mount namespace of its own."""
        return f"{self.folder}/{_MOUNTED}"

    @property
    def door(self) -> str:
        return f"{self.folder}/{_DOOR}"

    @property
    def gate(self) -> str:
        return f"{self.folder}/{_GATE}"

    # ------------------------------------------------------------------------------------------ what is true

    def status(self) -> str:
        if not self._lives():
            return STOPPED
        if self.record["creating"]:
            return CREATING
        if self.record["cgroups"] and self.cgroup().frozen():
            return PAUSED  # also before it was started: nobody would answer at the gate
        return CREATED if os.path.lexists(self.gate) else RUNNING

    def _lives(self) -> bool:
        """The process of that pid that started at that time, and is no zombie."""
        try:
            with open(f"/proc/{self.record['pid']}/stat", "rb", 0) as stream:
                fields = stream.read().rpartition(b")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return fields[0] not in _DEAD and int(fields[19]) == self.record["start_time"]

    def cgroup(self) -> Cgroup:
        from backends.cgroups.layout import Layout

        group = manager(self.record["manager"], Layout({}, "", {})).open(self.record["cgroups"])
        if not self.record["cgroups"] and self._lives():
            group.add(self.record["pid"])  # then its descendants are found through /proc
        return group

    def own_processes(self) -> bool:
        """Whether the end of the first process ends all: it is the first of a PID namespace."""
        return bool(self.record["pid_namespace"])

    def state(self, status: str = "") -> dict[str, Any]:
        """As the specification's `state` has it, and runc prints it."""
        status = status or self.status()
        shown = {
            "ociVersion": self.record["oci_version"],
            "id": self.identifier,
            "pid": 0 if status in (STOPPED, CREATING) else self.record["pid"],
            "status": status,
            "bundle": self.record["bundle"],
            "rootfs": self.record["rootfs"],
            "created": self.record["created"],
        }
        if self.record.get("annotations"):
            shown["annotations"] = self.record["annotations"]
        shown["owner"] = self.record.get("owner", "")
        return shown


def find(root: str, identifier: str) -> Container:
    """NoContainer"""
    container = Container(root, identifier)
    try:
        container.record = records.load(f"{container.folder}/{_STATE}", _SCHEMA)
    except FileNotFoundError:
        raise NoContainer from None
    return container


def found(root: str, expression: str) -> list[str]:
    """The names in which the expression matches somewhere. Refused."""
    import re

    try:
        wanted = re.compile(expression)
    except re.error as error:
        raise Refused(f"invalid regular expression {expression!r}: {error}") from None
    return [container.identifier for container in every(root) if wanted.search(container.identifier)]


def every(root: str) -> list[Container]:
    found = []
    try:
        names = sorted(os.listdir(root))
    except FileNotFoundError:
        return []
    for name in names:
        if os.path.exists(f"{root}/{name}/{_STATE}"):
            try:
                found.append(find(root, name))
            except NoContainer:
                continue  # removed meanwhile
    return found


def now() -> str:
    """RFC 3339 with nanoseconds."""
    seconds, rest = divmod(time.time_ns(), 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09}Z"
