"""config.json as the configuration of an lxc container: text, for the version of LXC that is here. Pure.

What lxc has no words for, and steps of ours do instead once it has set up the rest (`finishing`): device nodes with
their modes, covered and read-only paths of /proc and /sys, the working folder, a read-only root, the domain name, and
the look for the program.
"""

from __future__ import annotations

from backends.execution.configuration import check, integer, items, need, refuse, section, text
from backends.execution.lxc import refusals, seccomp
from backends.execution.lxc.borders import add_namespaces, add_sysctls
from backends.execution.lxc.document import Document, Entry
from backends.execution.lxc.finishing import Finishing
from backends.execution.lxc.fstab import add_mounts
from backends.execution.lxc.limits import add_limits, add_rlimits
from backends.execution.lxc.rights import add_rights, add_users
from backends.execution.processes import Process
from backends.execution.steps.device import DEFAULT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Bundle
    from backends.execution.lxc.dialect import Dialect
    from backends.execution.plan import Namespaces
    from backends.execution.steps.step import Step
    from probes.report import HostReport

_CGROUPS = "/sys/fs/cgroup"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LEAD = "/proc/self/fd/3"
ROOT = "root"  # in the container's folder: where lxc mounts its root
POLICY = "seccomp"
HOOK = "hook"
# Before, lxc's own way across the mount of /sys is shut to it (4.0.6: EXDEV, by openat2's RESOLVE_NO_XDEV).
_SHOWS_CGROUPS = (5, 0)
_OWN_TERMINALS = (5, 0)


class Configuration:
    """`document` and `policy` are the files; `arguments` the program's, with a program of ours before it in `lead`, or
    none there; `steps` ours, once lxc has done its part; `inside` whether the container's root is its root by then."""

    __slots__ = ("arguments", "document", "inside", "lead", "policy", "steps")

    def __init__(
        self, document: Document, policy: str, arguments: list[str], lead: bytes, steps: list[Step], inside: bool
    ) -> None:
        self.document = document
        self.policy = policy
        self.arguments = arguments
        self.lead = lead
        self.steps = steps
        self.inside = inside


def configuration(
    bundle: Bundle, rootfs: str, report: HostReport, dialect: Dialect, container: str, folder: str
) -> Configuration:
    """`folder`: that of the container's files, the caller's. UnsupportedConfiguration, naming the JSON path."""
    check(bundle)
    refusals.check(bundle)
    linux = section(bundle, "linux", "linux")
    process = section(bundle, "process", "process")
    document = Document(dialect)
    document.add("lxc.rootfs.path", f"dir:{rootfs}" if dialect.renamed else rootfs, "root.path")
    document.add("lxc.rootfs.mount", f"{folder}/{ROOT}", "root.path")
    _names(document, bundle)
    namespaces = add_namespaces(document, linux, report)
    if namespaces.creates("user"):
        add_users(document, linux)
    add_sysctls(document, linux, namespaces)
    _places(document, linux, container)
    add_limits(document, linux, report)
    left = add_mounts(document, bundle, report)
    _cgroups(document, left)
    _devices(document, linux, namespaces)
    add_rights(document, bundle, report)
    policy = seccomp.policy(linux, report, dialect)
    if policy:
        document.add("lxc.seccomp.profile", f"{folder}/{POLICY}", "linux.seccomp")
    reader = Process(process, report, namespaces.has("user"))
    _program(document, process, reader)
    add_rlimits(document, process)
    inside = dialect.knows("lxc.hook.start-host")
    document.add("lxc.hook.start-host" if inside else "lxc.hook.mount", _for_shell(f"{folder}/{HOOK}"), "process")
    need(report, "namespace.setns", "linux.namespaces", "finishing what lxc has set up")
    shown = [] if dialect.version >= _SHOWS_CGROUPS else left
    steps = Finishing(bundle, linux, report, reader, namespaces).steps(inside, shown)
    lead, arguments = _leading(reader, str(report.machine.get("architecture", "")), dialect.version)
    return Configuration(document, policy, arguments, lead, steps, inside)


def _for_shell(path: str) -> str:
    """lxc has a shell run its hooks."""
    return "".join(letter if letter.isalnum() or letter in "/._-" else f"\\{letter}" for letter in path)


def _leading(reader: Process, architecture: str, version: tuple[int, ...]) -> tuple[bytes, list[str]]:
    """lxc leaves it to the container's init to take the terminal for its own: a program of ours does, and becomes the
    one that was asked for."""
    if not reader.terminal:
        return b"", reader.arguments
    if version < _OWN_TERMINALS:
        raise refuse(
            "process.terminal", "the terminal that an LXC before 5.0 gives a container is of the host's devpts"
        )
    from arch import lead

    name = reader.arguments[0]
    search = reader.variables.get("PATH") or _PATH
    candidates = [name] if "/" in name else [f"{folder or '.'}/{name}" for folder in search.split(":")]
    program = lead.program(architecture, len(candidates))
    if not program:
        raise refuse(
            "process.terminal", f"lxc gives a program no controlling terminal, and neither do we on {architecture}"
        )
    return program, [LEAD, *candidates, *reader.arguments]


def _names(document: Document, bundle: Bundle) -> None:
    linux = section(bundle, "linux", "linux")
    kinds = [entry.get("type") for entry in items(linux, "namespaces", "linux.namespaces", dict)]
    for key in ("hostname", "domainname"):
        if text(bundle, key, key) and "uts" not in kinds:
            raise refuse(key, "without a UTS namespace it would be the host's")
    name = text(bundle, "hostname", "hostname")
    if name:
        document.add("lxc.uts.name", name, "hostname")


def _places(document: Document, linux: dict[str, Any], container: str) -> None:
    """Where lxc makes the cgroups. What it cannot be told, it decides: lxc/NAME, or lxc.payload.NAME."""
    path = text(linux, "cgroupsPath", "linux.cgroupsPath").strip("/") or f"runtime/{container}"
    where = "linux.cgroupsPath"
    for key, place in (
        ("lxc.cgroup.dir.container", path),
        ("lxc.cgroup.dir.monitor", f"{path}.lxc"),
        ("lxc.cgroup.dir.monitor.pivot", path.rpartition("/")[0] or path),
    ):
        if document.dialect.knows(key):
            document.add(key, place, where)


def _cgroups(document: Document, left: list[dict[str, Any]]) -> None:
    for mount in left:
        target = text(mount, "destination", "mounts.destination")
        if target != _CGROUPS:
            raise refuse("mounts", f"lxc shows cgroups on {_CGROUPS} alone, not on {target}")
        if document.dialect.version >= _SHOWS_CGROUPS:
            manner = "ro" if "ro" in items(mount, "options", "mounts.options") else "rw"
            document.add("lxc.mount.auto", f"cgroup:{manner}:force", "mounts")  # also with a cgroup namespace


def _devices(document: Document, linux: dict[str, Any], namespaces: Namespaces) -> None:
    """Nodes are made by a step; who is root of a user namespace alone has the host's bound."""
    document.add("lxc.tty.max", "0", "process.terminal")
    if document.dialect.knows("lxc.autodev"):
        document.add("lxc.autodev", "0", "mounts")
    if not namespaces.has("user"):
        return
    for device in DEFAULT:
        document.mount(Entry(device.path, device.path, "none", ["bind"]))
    if items(linux, "devices", "linux.devices", dict):
        raise refuse("linux.devices", "execution by lxc has only the default devices in a user namespace")


def _program(document: Document, process: dict[str, Any], reader: Process) -> None:
    if not reader.terminal:
        document.add("lxc.console.path", "none", "process.terminal")
    if reader.cwd != "/":
        document.add("lxc.init.cwd", reader.cwd, "process.cwd")
    for name, value in reader.variables.items():
        document.add("lxc.environment", f"{name}={value}", "process.env")
    if process.get("oomScoreAdj") is not None:
        score = integer(process, "oomScoreAdj", "process.oomScoreAdj")
        document.add("lxc.proc", str(score), "process.oomScoreAdj", below="oom_score_adj")
