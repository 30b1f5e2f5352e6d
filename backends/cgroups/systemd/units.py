"""systemd as far as containers go: units started, changed and stopped over its bus, org.freedesktop.systemd1(5).

On the launch path.
"""

from __future__ import annotations

import os

from backends.cgroups.systemd.bus import BusError, Connection
from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.cgroups.systemd.properties import Property

_NAME = "org.freedesktop.systemd1"
_PATH = "/org/freedesktop/systemd1"
_MANAGER = "org.freedesktop.systemd1.Manager"
_BOOTED = "/run/systemd/system"  # sd_booted(3)
_SYSTEM = (("/run/systemd/private", False), ("/run/dbus/system_bus_socket", True))
_EXISTS = "org.freedesktop.systemd1.UnitExists"
_NO_UNIT = "org.freedesktop.systemd1.NoSuchUnit"
_HINT = "systemd's journal may tell more: journalctl -b -n 20"
_NOBODY = "leave --systemd-cgroup out (cgroupfs needs no systemd), or run where systemd is the first process"


def sockets(rootless: bool, environment: Any = None) -> list[tuple[str, bool]]:
    """Where a manager may listen, its own socket first: that needs no broker. An address, and whether it is one."""
    if not rootless:
        return list(_SYSTEM)
    environment = os.environ if environment is None else environment
    folder = environment.get("XDG_RUNTIME_DIR") or ""
    found = [(f"{folder}/systemd/private", False)] if folder else []
    for address in environment.get("DBUS_SESSION_BUS_ADDRESS", "").split(";"):
        kind, _, details = address.partition(":")
        for detail in details.split(",") if kind == "unix" else ():
            key, _, value = detail.partition("=")
            if key in ("path", "abstract"):
                found.append(("\0" * (key == "abstract") + value, True))
    return [*found, (f"{folder}/bus", True)] if folder else found


class Systemd:
    """The system's manager, or with `rootless` the user's."""

    __slots__ = ("_bus", "rootless")

    def __init__(self, rootless: bool) -> None:
        """CgroupError if none answers."""
        self.rootless = rootless
        if not os.path.isdir(_BOOTED):
            raise CgroupError(f"systemd was to make the cgroup, and does not run here (no {_BOOTED})", _NOBODY)
        tried = []
        for address, brokered in sockets(rootless):
            try:
                self._bus = Connection(address, brokered)
                if brokered:
                    rule = f"type='signal',sender='{_NAME}',path='{_PATH}',member='JobRemoved'"
                    broker = "org.freedesktop.DBus"
                    self._bus.call(broker, "/org/freedesktop/DBus", broker, "AddMatch", "s", rule)
                    self._call("Subscribe")
                return
            except (OSError, BusError) as error:
                tried.append(f"{address}: {getattr(error, 'strerror', '') or error}")
        whose = "the user's systemd" if rootless else "systemd"
        where = "; ".join(tried) or "neither XDG_RUNTIME_DIR nor DBUS_SESSION_BUS_ADDRESS is set"
        raise CgroupError(f"{whose} was to make the cgroup, and does not answer ({where})", _NOBODY)

    def close(self) -> None:
        self._bus.close()

    # ---------------------------------------------------------------------------------------------- questions

    def version(self) -> int:
        """As 252; 0 if it says nothing of the kind."""
        text = str(self._get("Version")).lstrip("v")
        length = next((place for place, character in enumerate(text) if not character.isdigit()), len(text))
        return int(text[:length] or 0)

    def control_group(self) -> str:
        """Where its own cgroups begin: empty, or for a user's "/user.slice/user-1.slice/user@1.service"."""
        return str(self._get("ControlGroup")).rstrip("/")

    def _get(self, name: str) -> Any:
        try:
            return self._bus.call(_NAME, _PATH, "org.freedesktop.DBus.Properties", "Get", "ss", _MANAGER, name)[0]
        except (BusError, OSError) as error:
            raise _failed(f"telling its {name}", error) from error

    def _call(self, member: str, signature: str = "", *values: Any) -> list[Any]:
        return self._bus.call(_NAME, _PATH, _MANAGER, member, signature, *values)

    # ------------------------------------------------------------------------------------------------- units

    def start(self, unit: str, properties: list[Property]) -> None:
        """A transient unit, running when this returns. CgroupError"""
        try:
            self._start(unit, properties)
        except BusError as error:
            if error.name != _EXISTS:
                raise _failed(f"starting {unit}", error) from error
            self.forget(unit)  # one that failed stays until somebody has looked
            try:
                self._start(unit, properties)
            except (BusError, OSError) as again:
                raise _failed(f"starting {unit}", again) from again
        except OSError as error:
            raise _failed(f"starting {unit}", error) from error

    def _start(self, unit: str, properties: list[Property]) -> None:
        (job,) = self._call("StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "replace", properties, [])
        result = self._end_of(job)
        if result != "done":
            self.forget(unit)
            raise CgroupError(f"systemd: starting {unit}: its job ended with {result!r}", _HINT)

    def _end_of(self, job: str) -> str:
        while True:
            _, path, _, result = self._bus.signal("JobRemoved")
            if path == job:
                return str(result)

    def change(self, unit: str, properties: list[Property]) -> None:
        """Until the next boot. CgroupError"""
        try:
            self._call("SetUnitProperties", "sba(sv)", unit, True, properties)
        except (BusError, OSError) as error:
            raise _failed(f"changing {unit}", error) from error

    def attach(self, unit: str, pid: int) -> None:
        """Moves a process into a running unit (systemd 238). CgroupError"""
        try:
            self._call("AttachProcessesToUnit", "ssau", unit, "", [pid])
        except (BusError, OSError) as error:
            raise _failed(f"moving process {pid} into {unit}", error) from error

    def stop(self, unit: str) -> None:
        """Kills what is in it; one that is not there is stopped. CgroupError"""
        try:
            (job,) = self._call("StopUnit", "ss", unit, "replace")
            self._end_of(job)
        except BusError as error:
            if error.name != _NO_UNIT:
                raise _failed(f"stopping {unit}", error) from error
        except OSError as error:
            raise _failed(f"stopping {unit}", error) from error
        self.forget(unit)

    def forget(self, unit: str) -> None:
        """One that failed goes; one that did not, or is gone, is none to forget."""
        try:
            self._call("ResetFailedUnit", "s", unit)
        except BusError:
            return
        except OSError as error:
            raise _failed(f"forgetting {unit}", error) from error


def _failed(what: str, error: Exception) -> CgroupError:
    return CgroupError(f"systemd: {what}: {getattr(error, 'strerror', '') or error}", _HINT)
