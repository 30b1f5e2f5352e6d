"""Groups of the resctrl file system: shares of caches and of memory bandwidth. linux.intelRdt of runtime-spec, and the
kernel's arch/x86/resctrl.rst. Off the launch path but for who asks for it."""

from __future__ import annotations

import os

from backends.errors import CgroupError, UnsupportedConfiguration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PATH = "config.json: linux.intelRdt"
_SCHEMATA = "schemata"
_TASKS = "tasks"
_ROOT = "/"
_MONITORED = {"enableCMT": "llc_occupancy", "enableMBM": "mbm_local_bytes"}


class Wish:
    """linux.intelRdt read. `lines` are for `schemata`; the `compared` ones of them must be in that of a group that is
    there already."""

    __slots__ = ("compared", "lines", "monitored", "name", "needed", "own")

    def __init__(self, intel_rdt: dict[str, Any], container: str) -> None:
        """UnsupportedConfiguration"""
        name = _text(intel_rdt, "closID")
        self.own = not name
        self.name = name or container
        if self.name != _ROOT and ("/" in self.name or self.name in (".", "..", "info", "mon_groups", "mon_data")):
            raise _refuse("closID", f"{self.name!r} is no name of a group")
        caches = _lines(_text(intel_rdt, "l3CacheSchema"))
        bandwidth = _text(intel_rdt, "memBwSchema")
        if bandwidth and ("\n" in bandwidth or not bandwidth.startswith("MB:")):
            raise _refuse("memBwSchema", f"{bandwidth!r} is not one line that begins with MB:")
        if bandwidth:
            caches = [line for line in caches if not line.startswith("MB:")]
        self.compared = [*caches, *_lines(bandwidth)]
        self.lines = [*self.compared, *_schemata(intel_rdt)]
        self.monitored = _flag(intel_rdt, "enableMonitoring")
        self.needed = [feature for key, feature in _MONITORED.items() if _flag(intel_rdt, key)]


class Group:
    """A container's group below `top`, where resctrl is mounted. All methods: CgroupError."""

    __slots__ = ("_folder", "_monitor", "_top", "_wish")

    def __init__(self, top: str, wish: Wish, container: str) -> None:
        self._top = top
        self._wish = wish
        self._folder = top if wish.name == _ROOT else f"{top}/{wish.name}"
        self._monitor = f"{self._folder}/mon_groups/{container}" if wish.monitored else ""

    def make(self) -> None:
        self._check_features()
        try:
            os.mkdir(self._folder)
        except FileExistsError:
            self._check_present()
        except OSError as error:
            raise self._error(f"cannot make the group {self._folder}", error) from error
        else:
            if not self._wish.own and not self._wish.lines:
                os.rmdir(self._folder)
                raise CgroupError(
                    f"linux.intelRdt.closID: there is no group {self._wish.name} in {self._top}",
                    f"`mkdir {self._folder}`, or say what it is to have with linux.intelRdt.schemata",
                )
        self.change()
        if self._monitor:
            try:
                os.mkdir(self._monitor)
            except FileExistsError:
                return
            except OSError as error:
                raise self._error(f"cannot make the monitoring group {self._monitor}", error) from error

    def change(self) -> None:
        """Of a group that is there: line by line, and what no line is about stays as it is."""
        for line in self._wish.lines:
            self._write(f"{self._folder}/{_SCHEMATA}", line)

    def add(self, pid: int) -> None:
        self._write(f"{self._folder}/{_TASKS}", str(pid))
        if self._monitor:
            self._write(f"{self._monitor}/{_TASKS}", str(pid))

    def remove(self) -> None:
        """What was made for this container alone: a group with a name of its own is others', too."""
        for folder in [self._folder] if self._wish.own else [self._monitor] if self._monitor else []:
            try:
                os.rmdir(folder)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise self._error(f"cannot remove {folder}", error) from error

    def _check_present(self) -> None:
        if self._wish.own or not self._wish.compared:
            return
        try:
            with open(f"{self._folder}/{_SCHEMATA}", encoding="ascii") as file:
                present = dict(map(_parsed, _lines(file.read())))
        except OSError as error:
            raise self._error(f"cannot read the group {self._folder}", error) from error
        for line in self._wish.compared:
            kind, shares = _parsed(line)
            if any(present.get(kind, {}).get(place) != share for place, share in shares.items()):
                raise CgroupError(
                    f"linux.intelRdt: the group {self._wish.name} is there, and {_SCHEMATA} does not say {line!r}",
                    "take another closID, or change the group",
                )

    def _check_features(self) -> None:
        if not self._wish.needed and not self._wish.monitored:
            return
        try:
            with open(f"{self._top}/info/L3_MON/mon_features", encoding="ascii") as file:
                features = file.read().split()
        except OSError:
            features = []
        lacking = [feature for feature in self._wish.needed if feature not in features]
        if lacking or not features:
            raise CgroupError(
                f"linux.intelRdt: this CPU does not monitor {', '.join(lacking) or 'its caches'}",
                "leave enableMonitoring, enableCMT and enableMBM out",
            )

    def _write(self, path: str, line: str) -> None:
        try:
            with open(path, "wb", 0) as file:
                file.write(f"{line}\n".encode())
        except OSError as error:
            raise self._error(f"cannot write {line!r} to {path}", error) from error

    def _error(self, what: str, error: OSError) -> CgroupError:
        """The kernel says more than the number of the error."""
        try:
            with open(f"{self._top}/info/last_cmd_status", encoding="utf-8") as file:
                status = file.read().strip()
        except OSError:
            status = ""
        said = f" ({status})" if status and status != "ok" else ""
        return CgroupError(f"linux.intelRdt: {what}: {error.strerror}{said}")


def mounted(mountinfo: str) -> str:
    """Where resctrl is mounted, by the text of /proc/self/mountinfo, or empty."""
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        if right.split(" ")[0] == "resctrl":
            return left.split(" ")[4]
    return ""


def top() -> str:
    """Where it is mounted on this host. UnsupportedConfiguration, naming who blocks it."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        found = mounted(file.read())
    if found:
        return found
    with open("/proc/filesystems", encoding="utf-8") as file:
        known = "resctrl" in file.read().split()
    if known:
        raise UnsupportedConfiguration(
            f"{_PATH}: the file system resctrl is not mounted on this host", "mount -t resctrl resctrl /sys/fs/resctrl"
        )
    raise UnsupportedConfiguration(
        f"{_PATH}: this kernel has no resctrl: it was built without CONFIG_X86_CPU_RESCTRL, or the CPU has none, or "
        "this is a virtual machine that is not given it",
        "leave linux.intelRdt out, or use a host with Intel RDT or AMD QoS",
    )


def forget(intel_rdt: dict[str, Any], container: str) -> None:
    """Takes away what was made for a container that has ended. CgroupError."""
    try:
        place = top()
    except UnsupportedConfiguration:
        return  # then nothing is there
    Group(place, Wish(intel_rdt, container), container).remove()


def _refuse(key: str, why: str) -> UnsupportedConfiguration:
    return UnsupportedConfiguration(f"{_PATH}.{key}: {why}")


def _text(parent: dict[str, Any], key: str) -> str:
    value = parent.get(key) or ""
    if not isinstance(value, str) or "\0" in value:
        raise _refuse(key, f"a string is wanted, not {value!r}")
    return value


def _flag(parent: dict[str, Any], key: str) -> bool:
    value = parent.get(key) or False
    if not isinstance(value, bool):
        raise _refuse(key, f"true or false is wanted, not {value!r}")
    return value


def _schemata(parent: dict[str, Any]) -> list[str]:
    """An array of lines; a draft of the specification had them in one string."""
    value = parent.get("schemata") or []
    if isinstance(value, str):
        return _lines(value)
    if not isinstance(value, list) or not all(isinstance(line, str) and "\n" not in line for line in value):
        raise _refuse("schemata", f"an array of lines is wanted, not {value!r}")
    return [line for line in value if line]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _parsed(line: str) -> tuple[str, dict[str, str]]:
    """ "L3:0=7f0;1=1f" as ("L3", {"0": "7f0", "1": "1f"}), without leading zeros."""
    kind, _, shares = line.partition(":")
    pairs = (share.partition("=")[::2] for share in shares.split(";") if share)
    return kind.strip(), {place.strip(): value.strip().lstrip("0") or "0" for place, value in pairs}
