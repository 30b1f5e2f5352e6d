"""Whether an execution backend really works here: a whole container of it, with the smallest program there is.

Findings are about single operations. A security module, an outer sandbox or a kernel's quirk may refuse what a
container does with them all together: then the backend is passed over, with its reason, until the next boot, and the
next one is taken if it promises enough. Tried when a backend is first chosen; what came of it is kept with the report.
"""

from __future__ import annotations

import errno
import os
import time

from arch import smallest
from backends import catalogue
from backends.contract import Stdio
from backends.errors import BackendError, StepFailed, UnsupportedConfiguration
from backends.guarantees import FAMILIES
from backends.storage.removal import remove_tree
from runtime.bundle import compilation
from runtime.bundle.backing import withheld
from runtime.bundle.gathering import gather
from runtime.bundle.relinquishing import relinquish, relinquish_mounts
from runtime.containers.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import ExecutionBackend, Process
    from probes.report import HostReport
    from runtime.paths import Paths

FAMILY = "execution"
# What will be the same the next time. ENOSPC and EUSERS are limits of namespaces, which a full disk shares.
_LASTING = (
    errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EINVAL, errno.ENODEV, errno.EOPNOTSUPP, errno.EUSERS, errno.EXDEV,
)  # fmt: skip
_PATIENCE = 10.0  # seconds
_SIGKILL = 9
_SEPARATE = "network-namespace"


def examine(paths: Paths, report: HostReport, name: str) -> str | None:
    """Empty if the backend works, else what broke; None if that says nothing of the next time (no room, no memory)."""
    if name == "proot":
        from backends.execution.proot.trial import examine as follow

        return follow(report, paths.state)
    if not report.has("privilege.sys_admin"):
        return None  # a container of such a user is another than the one tried here
    folder = f"{paths.state}/health-{os.getpid()}"
    remove_tree(folder)
    backend: ExecutionBackend = catalogue.load(FAMILY, name)()
    try:
        root = _make_root(folder, report)
        return _attempt(backend, report, root, f"{folder}/mounted", paths)
    except UnsupportedConfiguration:
        return None  # the findings know: it is for each container to say
    except StepFailed as error:
        return str(error) if error.errno in _LASTING else None
    except (BackendError, OSError):
        return None
    finally:
        backend.clear({}, f"{folder}/mounted")
        remove_tree(folder)


def _make_root(folder: str, report: HostReport) -> str:
    root = f"{folder}/root"
    os.makedirs(root)
    os.mkdir(f"{folder}/mounted")
    descriptor = os.open(f"{root}/true", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o755)
    try:
        os.write(descriptor, smallest.program(str(report.machine["architecture"])) or b"#!/true\n")
    finally:
        os.close(descriptor)
    return root


def _attempt(backend: ExecutionBackend, report: HostReport, root: str, place: str, paths: Paths) -> str:
    bundle = _bundle(backend.name, report, root)
    options: dict[str, Any] = {"die_with_parent": True}
    if not backend.sheltered:
        options["place"] = place
    if backend.duties:
        options.update(container=os.path.basename(os.path.dirname(place)), place=place)
    if bundle["linux"].get("seccomp"):
        from backends.security import filter_cache

        architecture = str(report.machine["architecture"])
        options["seccomp"] = filter_cache.load_or_compile(bundle["linux"]["seccomp"], architecture, paths.filters)
    plan = backend.plan(bundle, root, report, **options)
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        process = backend.create(plan, Stdio(null, null, null))
    finally:
        os.close(null)
    if not smallest.program(str(report.machine["architecture"])):
        process.gate.abort()
        return ""
    backend.start(process)
    return _ended(backend, process)


def _bundle(name: str, report: HostReport, root: str) -> dict[str, Any]:
    """That of a container which asks for nothing, and gives up what this backend does not give here."""
    lost = FAMILIES[FAMILY] - catalogue.find(FAMILY, name).guarantees(report)
    if not report.has("namespace.net"):
        lost |= {_SEPARATE}
    request = relinquish(Request(rootfs=root, command=("/true",)), lost)
    architecture = str(report.machine["architecture"])
    surroundings = gather(request, "0" * 64, architecture, device_rules=False, withheld=withheld(name))
    bundle = compilation.compile_bundle(request, {}, report, surroundings)
    relinquish_mounts(bundle, lost)
    return bundle


def _ended(backend: ExecutionBackend, process: Process) -> str:
    deadline = time.monotonic() + _PATIENCE
    while True:
        pid, status = os.waitpid(process.keeper, os.WNOHANG)
        if pid:
            code = os.waitstatus_to_exitcode(backend.outcome(process, status))
            return "" if code in (0, -_SIGKILL) else f"a program that does nothing ended with {code} in it"
        if time.monotonic() > deadline:
            os.kill(process.pid, _SIGKILL)
            os.waitpid(process.keeper, 0)
            return "a program that does nothing does not end in it"
        time.sleep(0.0005)
