"""What starting a container will do: config.json and the host's report made into steps. Pure. On the launch path."""

from __future__ import annotations

from arch import constants as c
from backends.contract import Plan
from backends.execution import mounts
from backends.execution.configuration import check, integer, items, mappings, need, refuse, section, text
from backends.execution.namespaces.birth import Birth, CloneBirth, UnshareBirth
from backends.execution.namespaces.kinds import KINDS
from backends.execution.options import PROPAGATION
from backends.execution.processes import Process, filter_of
from backends.execution.steps.cgroup import HideCgroups, JoinCgroup
from backends.execution.steps.hostname import SetDomainname, SetHostname
from backends.execution.steps.program import AwaitStart
from backends.execution.steps.root import BindRoot, MoveRoot, PartMounts, PivotRoot, SealRoot, SetRootPropagation
from backends.execution.steps.secrecy import Conceal
from backends.execution.steps.step import Step
from backends.execution.steps.stream import NewSession
from backends.execution.steps.user import BecomeRoot, MapUsers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Bundle
    from probes.report import HostReport

_CLOCKS = ("monotonic", "boottime")


class Namespaces:
    """linux.namespaces read: `new` holds clone's flags of new ones, `joined` (kind, path) of existing ones."""

    def __init__(self, linux: dict[str, Any], report: HostReport, own_mounts: bool = True) -> None:
        self.new = 0
        self.joined: list[tuple[str, str]] = []
        seen = set()
        for number, entry in enumerate(items(linux, "namespaces", "linux.namespaces", dict)):
            path = f"linux.namespaces[{number}]"
            name = text(entry, "type", f"{path}.type")
            kind = KINDS.get(name)
            if kind is None:
                raise refuse(f"{path}.type", f"there is no kind of namespace {name!r}")
            if name in seen:
                raise refuse(f"{path}.type", f"{name} is asked for twice")
            seen.add(name)
            need(report, kind.capability, f"{path}.type", f"a {name} namespace")
            place = text(entry, "path", f"{path}.path")
            if not place:
                self.new |= kind.flag
            elif not place.startswith("/"):
                raise refuse(f"{path}.path", f"{place!r} is not an absolute path")
            elif name == "mount" and not own_mounts:
                raise refuse(f"{path}.path", "a container's mounts cannot be set up in another's mount namespace")
            else:
                if name in ("pid", "user"):
                    need(report, "namespace.setns", f"{path}.path", f"joining a {name} namespace")
                self.joined.append((name, place))
        if own_mounts and not self.has("mount"):
            raise refuse("linux.namespaces", "without a mount namespace the host's root cannot be left")

    def creates(self, name: str) -> bool:
        return bool(self.new & KINDS[name].flag)

    def has(self, name: str) -> bool:
        return self.creates(name) or any(kind == name for kind, _ in self.joined)

    def birth(self, report: HostReport, preserved: int, offsets: str) -> Birth:
        """clone(2) at once where that is possible, see namespaces/birth.py."""
        flags = self.new & ~c.CLONE_NEWCGROUP  # made after the cgroup is joined
        kinds = {kind for kind, _ in self.joined}
        stepwise = kinds & {"pid", "user", "time"} or (self.creates("user") and self.joined) or self.creates("time")
        if not stepwise and self.creates("pid"):
            clone, unshare = report["namespace.pid.clone"], report["namespace.pid.unshare"]
            stepwise = unshare.present and clone.state in ("absent", "denied")
        if stepwise:
            return UnshareBirth(flags, self.joined, preserved, self.creates("user"), offsets)
        return CloneBirth(flags, self.joined, preserved)


class Way:
    """How a container's root is entered, by which the members of the family that make steps differ: this one with
    pivot_root, or by moving the root's mount, in a mount namespace."""

    __slots__ = ()

    def namespaces(self, bundle: dict[str, Any], linux: dict[str, Any], report: HostReport) -> Namespaces:
        """UnsupportedConfiguration for what cannot be had in this way."""
        return Namespaces(linux, report)

    def judged(self, report: HostReport, namespaces: Namespaces) -> HostReport:
        """The findings by which mounts are judged."""
        return report

    def opening(self, rootfs: str, parting: int, namespaces: Namespaces) -> list[Step]:
        return [PartMounts(parting, rootfs), BindRoot(rootfs)]

    def entering(self, report: HostReport, rootfs: str, pivot: bool) -> list[Step]:
        pivoting, move = report["mount.pivot_root"], report["mount.move"]
        if not pivot or (pivoting.state in ("absent", "denied") and move.present):
            return [MoveRoot(rootfs)]
        return [PivotRoot()]

    def entered(self, bundle: dict[str, Any], report: HostReport) -> list[Step]:
        """Once it is the root, and nothing is mounted any more."""
        return []


class Hooks:
    """config.json's hooks, for the places of a plan that they belong to; nearly always there are none."""

    def __init__(self, bundle: Bundle, container: str, folder: str, variables: dict[str, str]) -> None:
        self._variables = variables
        self._bundle = bundle
        self._any = bool(section(bundle, "hooks", "hooks"))
        self.state = {
            "ociVersion": bundle.get("ociVersion", ""),
            "id": container,
            "bundle": folder,
            "annotations": section(bundle, "annotations", "annotations"),
        }

    def steps(self, *kinds: str) -> list[Step]:
        if not self._any:
            return []
        from backends.execution.hooks import steps_of

        return steps_of(self._bundle, self.state, *kinds, variables=self._variables)

    def before_the_root(self) -> list[Step]:
        if not self._any:
            return []
        from backends.execution.hooks import NotePid

        steps = self.steps("prestart", "createRuntime")
        inside = self.steps("createContainer")
        return [*steps, NotePid(), *inside] if inside or self.steps("startContainer") else steps


def make_plan(
    backend: str,
    bundle: Bundle,
    rootfs: str,
    report: HostReport,
    seccomp: bytes | None = None,
    init: bool = False,
    die_with_parent: bool = False,
    preserved: int = 0,
    container: str = "",
    folder: str = "",
    pivot: bool = True,
    keyring: bool = True,
    way: Way | None = None,
    door: str = "",
) -> Plan:
    """UnsupportedConfiguration, naming the JSON path, for what this backend or this host cannot do.

    seccomp          linux.seccomp as compiled by backends.security
    init             process 1 is ours, and reaps
    die_with_parent  the container's process is killed when the calling process dies
    preserved        descriptors from 3 on that the program gets besides 0, 1 and 2
    container        its id, and
    folder           the bundle's folder, for the state that hooks are told
    pivot            False: pivot_root is not used, as on an initramfs
    keyring          False: the container keeps the caller's session keyring
    way              how its root is entered, if not with pivot_root
    door             where the socket of a resident will be, which lets programs in; none is left if empty
    """
    way = way or Way()
    check(bundle)
    linux = section(bundle, "linux", "linux")
    namespaces = way.namespaces(bundle, linux, report)
    user_namespace = namespaces.has("user")
    process = Process(section(bundle, "process", "process"), report, user_namespace)
    hooks = Hooks(bundle, container, folder, process.variables)
    status = "created" if process.no_new_privileges else "creating"  # the filter is the last of all, or before that
    program = filter_of(linux, seccomp, report, {**hooks.state, "status": status})
    steps: list[Step] = [namespaces.birth(report, preserved, _time_offsets(linux, namespaces))]
    if namespaces.creates("user"):
        steps.append(MapUsers(_mappings(linux, "uidMappings"), _mappings(linux, "gidMappings")))
    steps.append(JoinCgroup())
    steps += process.early(linux)
    steps += _resctrl(linux, container)
    resident = _resident(door, bundle, report, process)
    steps += [Conceal(), NewSession(), *_disguise("init" if init else "entrance" if resident else "")]
    steps += _outside(bundle, linux, namespaces, report, keyring)
    steps += _inside(bundle, linux, namespaces, process, report, rootfs, hooks, pivot, way)
    steps += resident
    steps += process.late(program, preserved)
    steps.append(AwaitStart())
    last = process.last(program, die_with_parent)
    if init:
        from backends.execution.steps.reaper import BecomeInit

        steps += [*hooks.steps("startContainer"), BecomeInit(), *last]
    else:
        steps += [*last[:-1], *hooks.steps("startContainer"), last[-1]]  # under the filter, as the program
    return Plan(backend, bundle, list(steps), {"after": hooks.steps("poststart")})


def _disguise(name: str) -> list[Step]:
    """For a process of ours that stays in the container."""
    if not name:
        return []
    from backends.execution.steps.secrecy import ForgetCommandLine

    return [ForgetCommandLine(name.encode())]


def _resident(door: str, bundle: Bundle, report: HostReport, process: Process) -> list[Step]:
    """None in a container that could trace it, and so have more capabilities than it was given."""
    if not door or process.traces_more():
        return []
    from backends.execution.namespaces.resident import LeaveResident

    return [LeaveResident(door, bundle, report)]


def _resctrl(linux: dict[str, Any], container: str) -> list[Step]:
    if linux.get("intelRdt") is None:
        return []
    wish = section(linux, "intelRdt", "linux.intelRdt")
    from backends.cgroups.resctrl import Wish
    from backends.execution.steps.resctrl import JoinResctrl

    return [JoinResctrl(Wish(wish, container), container, making=True)]


def _outside(
    bundle: Bundle, linux: dict[str, Any], namespaces: Namespaces, report: HostReport, keyring: bool
) -> list[Step]:
    """What the new namespaces get besides mounts."""
    steps: list[Step] = []
    if namespaces.creates("cgroup"):
        steps.append(HideCgroups())
    if namespaces.creates("network"):
        from backends.execution.steps.loopback import RaiseLoopback

        steps.append(RaiseLoopback())
    devices = section(linux, "netDevices", "linux.netDevices")
    if devices:
        from backends.execution.steps.netdevice import steps_of

        steps += steps_of(devices, namespaces.has("network"))
    for key, step in (("hostname", SetHostname), ("domainname", SetDomainname)):
        name = text(bundle, key, key)
        if name and not namespaces.has("uts"):
            raise refuse(key, "without a UTS namespace it would be the host's")
        if name:
            steps.append(step(name))
    if section(linux, "personality", "linux.personality"):
        from backends.execution.personality import step_of

        steps.append(step_of(linux))
    if keyring and not report.lacks("process.keyring"):
        from backends.execution.steps.restriction import NewKeyring

        steps.append(NewKeyring())
    return steps


def _inside(
    bundle: Bundle,
    linux: dict[str, Any],
    namespaces: Namespaces,
    process: Process,
    report: HostReport,
    rootfs: str,
    hooks: Hooks,
    pivot: bool,
    way: Way,
) -> list[Step]:
    """The container's root and everything in it, up to and including the moment when it is the root."""
    user_namespace = namespaces.has("user")
    propagation = _root_propagation(linux)
    found = mounts.Mounts(
        bundle, way.judged(report, namespaces), namespaces.creates("cgroup"), user_namespace, _parting(propagation)
    )
    steps: list[Step] = [*way.opening(rootfs, _parting(propagation), namespaces), *found.trees]
    if user_namespace:
        steps += found.openings()
        steps.append(BecomeRoot())
    steps += found.steps
    steps += mounts.devices(linux, found.own_dev, user_namespace)
    steps += _console(process)
    steps += found.seals
    steps += _sysctls(linux, namespaces)
    steps += mounts.covers(linux)
    steps += _cwd(process.cwd)
    steps += hooks.before_the_root()
    steps += way.entering(report, rootfs, pivot)
    if propagation:
        steps.append(SetRootPropagation(propagation))
    if section(bundle, "root", "root").get("readonly"):
        steps.append(SealRoot())
    return [*steps, *way.entered(bundle, report)]


def _console(process: Process) -> list[Step]:
    if not process.terminal:
        return []
    from backends.execution.steps.terminal import OpenTerminal

    return [OpenTerminal(process.uid, *process.size())]


def _cwd(cwd: str) -> list[Step]:
    if cwd == "/":
        return []
    from backends.execution.steps.folder import MakeFolder

    return [MakeFolder(cwd)]


def _sysctls(linux: dict[str, Any], namespaces: Namespaces) -> list[Step]:
    values = section(linux, "sysctl", "linux.sysctl")
    if not values:
        return []
    from backends.execution.sysctls import steps_of

    return steps_of(values, namespaces.has)


def _root_propagation(linux: dict[str, Any]) -> int:
    name = text(linux, "rootfsPropagation", "linux.rootfsPropagation")
    if name and name not in PROPAGATION:
        raise refuse("linux.rootfsPropagation", f"there is no propagation {name!r}")
    return PROPAGATION.get(name, 0)


def _parting(propagation: int) -> int:
    """What all mounts become before the root is bound, which an unbindable one could not be."""
    if propagation & (c.MS_PRIVATE | c.MS_UNBINDABLE):
        return c.MS_PRIVATE
    return propagation & c.MS_SHARED or c.MS_SLAVE


def _mappings(linux: dict[str, Any], key: str) -> list[tuple[int, int, int]]:
    lines = [(line["containerID"], line["hostID"], line["size"]) for line in mappings(linux, key, "linux")]
    if not lines:
        raise refuse(f"linux.{key}", "a new user namespace has nobody without a mapping")
    return lines


def _time_offsets(linux: dict[str, Any], namespaces: Namespaces) -> str:
    offsets = section(linux, "timeOffsets", "linux.timeOffsets")
    if not offsets:
        return ""
    if not namespaces.creates("time"):
        raise refuse("linux.timeOffsets", "without a new time namespace the clocks are the host's")
    lines = []
    for clock in offsets:
        if clock not in _CLOCKS:
            raise refuse(f"linux.timeOffsets.{clock}", f"the clock is none of {', '.join(_CLOCKS)}")
        entry = section(offsets, clock, f"linux.timeOffsets.{clock}")
        seconds = integer(entry, "secs", f"linux.timeOffsets.{clock}.secs")
        nanoseconds = integer(entry, "nanosecs", f"linux.timeOffsets.{clock}.nanosecs")
        lines.append(f"{clock} {seconds} {nanoseconds}\n")
    return "".join(lines)
