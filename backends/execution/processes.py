"""The steps that config.json's `process` asks for: the same for a container's first process and for later ones. Pure.

On the launch path.
"""

from __future__ import annotations

from arch import constants as c
from backends.execution.configuration import integer, items, need, refuse, section, text
from backends.execution.steps.affinity import FreeAffinity, SetAffinity
from backends.execution.steps.capability import DropBounding, SetCapabilities
from backends.execution.steps.program import Execute, FindProgram, Ready
from backends.execution.steps.restriction import Filter, ForbidNewPrivileges, Label
from backends.execution.steps.step import CHILD, PARENT, Step
from backends.execution.steps.stream import ArrangeStreams
from backends.execution.steps.user import SetUser
from backends.security.capabilities import NUMBERS
from backends.security.seccomp import actions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from probes.report import HostReport

    OciProcess = dict[str, Any]

_LONG_KNOWN = range(34)  # capabilities of Linux 2.6.32
_APPARMOR = ("/proc/self/attr/apparmor/exec", "/proc/self/attr/exec")  # the first since Linux 5.8
_SELINUX = ("/proc/self/attr/exec",)
# TSYNC: the process has one thread. WAIT_KILLABLE_RECV (Linux 5.19) is about a listener.
_NEVER = c.SECCOMP_FILTER_FLAG_TSYNC
_LISTENED = c.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV


class Process:
    """`process` read: its parts, and the steps made of them, for the places where a start needs them."""

    def __init__(self, process: OciProcess, report: HostReport, user_namespace: bool) -> None:
        self.arguments = items(process, "args", "process.args")
        if not self.arguments:
            raise refuse("process.args", "there is no program to execute")
        self.variables = _variables(items(process, "env", "process.env"))
        self.cwd = text(process, "cwd", "process.cwd") or "/"
        if not self.cwd.startswith("/"):
            raise refuse("process.cwd", f"{self.cwd!r} is not an absolute path")
        self.terminal = bool(process.get("terminal"))
        self._process = process
        self._report = report
        self._limits_in = PARENT if user_namespace else CHILD
        user = section(process, "user", "process.user")
        self.uid = integer(user, "uid", "process.user.uid")
        self.gid = integer(user, "gid", "process.user.gid")
        self.groups = items(user, "additionalGids", "process.user.additionalGids", int)
        self.mask = integer(user, "umask", "process.user.umask", 0o022)
        self.no_new_privileges = bool(process.get("noNewPrivileges"))

    def size(self) -> tuple[int, int]:
        """(rows, columns) of process.consoleSize."""
        size = section(self._process, "consoleSize", "process.consoleSize")
        return (
            integer(size, "height", "process.consoleSize.height"),
            integer(size, "width", "process.consoleSize.width"),
        )

    def affinity(self, key: str) -> list[int]:
        """The CPUs of process.execCPUAffinity, which is about processes that enter a running container; or none."""
        wish = section(self._process, "execCPUAffinity", "process.execCPUAffinity")
        listed = text(wish, key, f"process.execCPUAffinity.{key}")
        if not listed:
            return []
        from backends.execution.lists import numbers

        return numbers(listed, f"process.execCPUAffinity.{key}", "CPUs")

    def early(self, linux: dict[str, Any], entering: bool = False) -> list[Step]:
        """What needs rights, or files, of the host: after the cgroup, before anything of the container is entered."""
        steps: list[Step] = [FreeAffinity()]
        _, final = self.affinity("initial"), self.affinity("final")
        if entering and final:
            steps.append(SetAffinity(final))
        policy = section(linux, "memoryPolicy", "linux.memoryPolicy")
        if policy:
            from backends.execution.steps.mempolicy import steps_of

            steps += steps_of(policy)
        if self._process.get("oomScoreAdj") is not None:
            from backends.execution.steps.oom import SetOomScore

            steps.append(SetOomScore(integer(self._process, "oomScoreAdj", "process.oomScoreAdj")))
        steps += self._schedule()
        steps += self._labels()
        return steps

    def _schedule(self) -> list[Step]:
        if not self._process.get("scheduler") and not self._process.get("ioPriority"):
            return []
        from backends.execution.schedules import steps_of

        return steps_of(self._process)

    def _labels(self) -> list[Step]:
        steps: list[Step] = []
        profile = text(self._process, "apparmorProfile", "process.apparmorProfile")
        if profile and (profile != "unconfined" or self._report.has("lsm.apparmor")):
            need(self._report, "lsm.apparmor", "process.apparmorProfile", "an AppArmor profile")
            steps.append(Label(_APPARMOR, f"exec {profile}"))
        label = text(self._process, "selinuxLabel", "process.selinuxLabel")
        if label:
            need(self._report, "lsm.selinux", "process.selinuxLabel", "an SELinux label")
            steps.append(Label(_SELINUX, label))
        return steps

    def late(self, seccomp: Filter | None, preserved: int) -> list[Step]:
        """From inside the container's root to the moment before it waits: streams, limits, rights, the program."""
        steps: list[Step] = [ArrangeStreams(preserved, self.uid)]
        steps += self._limits()
        bounding, *sets = self._capabilities()
        steps.append(DropBounding(bounding))
        if not self.variables.get("HOME"):
            from backends.execution.steps.home import FindHome

            steps.append(FindHome(self.variables, self.uid))
        steps.append(SetUser(self.uid, self.gid, self.groups, self.mask, self.cwd))
        if seccomp is not None and not self.no_new_privileges:
            if self.uid:
                from backends.execution.steps.capability import RaiseCapabilities

                steps.append(RaiseCapabilities())
            steps.append(seccomp)
        steps.append(SetCapabilities(*sets))
        if self.no_new_privileges:
            need(self._report, "process.no_new_privs", "process.noNewPrivileges", "no_new_privs")
            steps.append(ForbidNewPrivileges())
        steps.append(FindProgram(self.arguments, self.variables.get("PATH"), self.uid))
        return steps

    def last(self, seccomp: Filter | None, die_with_parent: bool) -> list[Step]:
        steps: list[Step] = [Ready(die_with_parent)]
        if seccomp is not None and self.no_new_privileges:
            steps.append(seccomp)
        steps.append(Execute(self.arguments, self.variables))
        return steps

    def traces_more(self) -> bool:
        """Whether it may trace processes that have capabilities which it has not."""
        bounding = self._capabilities()[0]
        return bool(bounding >> NUMBERS["CAP_SYS_PTRACE"] & 1) and any(
            not bounding >> number & 1 for number in _LONG_KNOWN
        )

    def _limits(self) -> list[Step]:
        if not self._process.get("rlimits"):
            return []
        from backends.execution.steps.limit import LIMITS, SetLimits

        limits: list[tuple[str, int, int]] = []
        for number, limit in enumerate(items(self._process, "rlimits", "process.rlimits", dict)):
            path = f"process.rlimits[{number}]"
            name = text(limit, "type", f"{path}.type")
            if name not in LIMITS:
                raise refuse(f"{path}.type", f"there is no resource limit {name!r}")
            if any(name == known for known, _, _ in limits):
                raise refuse(f"{path}.type", f"{name} is limited twice")
            limits.append((name, integer(limit, "soft", f"{path}.soft"), integer(limit, "hard", f"{path}.hard")))
        return [SetLimits(limits, self._limits_in)]

    def _capabilities(self) -> tuple[int, int, int, int, int]:
        """(bounding, effective, permitted, inheritable, ambient); nothing where config.json says nothing."""
        sets = section(self._process, "capabilities", "process.capabilities")
        bounding, effective, permitted, inheritable, ambient = (
            mask(sets, name) for name in ("bounding", "effective", "permitted", "inheritable", "ambient")
        )
        if effective & ~permitted:
            raise refuse("process.capabilities.effective", "it holds more than the permitted set")
        if ambient & ~(permitted & inheritable):
            raise refuse("process.capabilities.ambient", "it holds what is not permitted and inheritable")
        if ambient:
            need(self._report, "process.ambient", "process.capabilities.ambient", "ambient capabilities")
        return bounding, effective, permitted, inheritable, ambient


def _variables(entries: list[str]) -> dict[str, str]:
    """Of two with the same name the later one, in its place."""
    variables: dict[str, str] = {}
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not equals or not name or "\0" in entry:
            why = "missing '='" if not equals else "name cannot be empty" if not name else "contains a nul byte"
            raise refuse("process.env", f"invalid environment variable {entry!r}: {why}")
        variables.pop(name, None)
        variables[name] = value
    return variables


def mask(sets: dict[str, Any], name: str) -> int:
    """One of the sets of process.capabilities as bits."""
    bits = 0
    for capability in items(sets, name, f"process.capabilities.{name}"):
        number = NUMBERS.get(capability)
        if number is None:
            raise refuse(f"process.capabilities.{name}", f"no capability is called {capability!r}")
        bits |= 1 << number
    return bits


def filter_of(
    linux: dict[str, Any], program: bytes | None, report: HostReport, state: dict[str, Any] | None = None
) -> Filter | None:
    """The step for linux.seccomp, whose compiled form the caller hands in; without, the plan can only be described.

    state   the container's, for an agent that answers its system calls
    """
    profile = linux.get("seccomp")
    if program is None and not profile:
        return None
    need(report, "seccomp.filter", "linux.seccomp", "a seccomp filter")
    flags = 0
    for name in items(profile or {}, "flags", "linux.seccomp.flags"):
        if name not in actions.FLAGS:
            raise refuse("linux.seccomp.flags", f"there is no flag {name}; they are {', '.join(actions.FLAGS)}")
        flags |= actions.FLAGS[name]
    if not profile:
        return Filter(program or b"", flags & ~_NEVER)
    if profile.get("listenerMetadata") and not profile.get("listenerPath"):
        raise refuse("linux.seccomp.listenerMetadata", "without linux.seccomp.listenerPath nobody is told it")
    actions.check(profile, report)
    if not actions.notifies(profile):
        return Filter(program or b"", flags & ~_NEVER & ~_LISTENED)
    from backends.execution.steps.notify import ListenedFilter, listener_of

    return ListenedFilter(program or b"", flags & ~_NEVER, listener_of(profile, state or {"ociVersion": "1.0.0"}))
