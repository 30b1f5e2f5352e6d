"""The steps of another process in a running container. Pure. On the launch path of exec."""

from __future__ import annotations

from backends.execution.configuration import items, section
from backends.execution.namespaces.entrance import EnterTarget, EntryBirth
from backends.execution.processes import Process, filter_of
from backends.execution.steps.cgroup import JoinCgroup
from backends.execution.steps.secrecy import Conceal
from backends.execution.steps.step import Step
from backends.execution.steps.stream import NewSession

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from backends.contract import Bundle
    from probes.report import HostReport

    Entrance = Callable[[int, dict[str, Any], HostReport, int], tuple[Step, list[Step]]]


def entry_steps(
    bundle: Bundle,
    target: int,
    oci_process: dict[str, Any],
    report: HostReport | None,
    seccomp: bytes | None,
    die_with_parent: bool,
    preserved: int,
    state: dict[str, Any] | None = None,
    entrance: Entrance | None = None,
) -> list[Step]:
    """`bundle` is the container's, `oci_process` what `process` of config.json would be for this one; `entrance` gives
    the birth and the steps by which the child gets in, if not into the target's namespaces."""
    linux = section(bundle, "linux", "linux")
    user_namespace = any(entry.get("type") == "user" for entry in items(linux, "namespaces", "linux.namespaces", dict))
    report = report or _nothing_known()
    process = Process(oci_process, report, user_namespace)
    program = filter_of(linux, seccomp, report, state)
    birth, inside = (
        (EntryBirth(target, preserved, process.affinity("initial")), [EnterTarget(target)])
        if entrance is None
        else entrance(target, oci_process, report, preserved)
    )
    unnamed = [] if entrance is None else _kinds(linux)
    if unnamed:
        from backends.execution.chroot.entrance import Recognize

        inside = [Recognize(unnamed), *inside]
    steps: list[Step] = [birth, JoinCgroup(), *process.early(linux, entering=True), Conceal(), NewSession(), *inside]
    if linux.get("intelRdt") is not None:
        from backends.cgroups.resctrl import Wish
        from backends.execution.steps.resctrl import JoinResctrl

        container = (state or {}).get("id", "")
        steps.insert(2, JoinResctrl(Wish(linux["intelRdt"], container), container, making=False))
    if section(linux, "personality", "linux.personality"):
        from backends.execution.personality import step_of

        steps.append(step_of(linux))
    if process.terminal:
        from backends.execution.steps.terminal import OpenTerminal

        steps.append(OpenTerminal(process.uid, *process.size(), console=False))
    steps += process.late(program, preserved)
    steps += process.last(program, die_with_parent)
    return steps


def _kinds(linux: dict[str, Any]) -> list[str]:
    """The container's own namespaces that a way in by its root does not lead into."""
    entries = items(linux, "namespaces", "linux.namespaces", dict)
    return [entry["type"] for entry in entries if entry.get("type") in ("ipc", "uts", "network")]


def _nothing_known() -> HostReport:
    from probes.report import HostReport

    return HostReport({}, {}, {}, [])
