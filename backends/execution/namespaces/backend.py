"""Execution by raw namespaces: nothing between config.json and the kernel but steps. On the launch path."""

from __future__ import annotations

from backends.contract import ExecutionBackend, Process
from backends.execution.channel import knock
from backends.execution.namespaces.parent import Labour, begin, resume, start_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Bundle, Cgroup, Plan, Stdio
    from backends.execution.entry import Entrance
    from probes.report import HostReport


class NamespacesBackend(ExecutionBackend):
    name = "namespaces"

    def plan(
        self,
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
        place: str = "",
        door: str = "",
    ) -> Plan:
        """See `backends.execution.plan.make_plan`. `place`: a folder of the caller's, on which the root is mounted if
        the container has no mount namespace of its own; without one, that is refused."""
        from backends.execution.plan import make_plan  # with all steps, a fifth of what `enter` imports otherwise

        way = None
        if place and not owns_mounts(bundle):
            from backends.execution.namespaces.inheritance import SharedWay

            way = SharedWay(place)
        return make_plan(
            self.name,
            bundle,
            rootfs,
            report,
            seccomp,
            init,
            die_with_parent,
            preserved,
            container,
            folder,
            pivot,
            keyring,
            way,
            door if self.resides(report) else "",
        )

    def create(self, plan: Plan, stdio: Stdio, cgroup: Cgroup | None = None, gate: int = -1) -> Process:
        """`gate`: a socket of channel.listen, at which the process waits once `leave` was called."""
        labour = begin(plan.steps, stdio, cgroup, gate)
        labour.after = plan.settings["after"]
        labour.create()
        return _process(labour)

    def leave(self, process: Process) -> None:
        """A created process goes on waiting when the caller ends; `resume` is for who comes to start it."""
        process.gate.leave()

    def resume(self, gate: str, pid: int, started: int, after: list[Any], listener: Any = None) -> Process:
        """A process that waits at the gate of that path, ready for `start`; `after`: steps for then; `listener`:
        steps.notify's, for a filter that has one. OSError."""
        return Process(pid, started, -1, resume(knock(gate), pid, after, listener))

    def start(self, process: Process) -> None:
        """A poststart hook that fails is StepFailed with the program running: to go on or to kill it is the caller's
        choice."""
        labour: Labour = process.gate
        labour.go()

    def enter(
        self,
        bundle: Bundle,
        target: int,
        process: dict[str, Any],
        stdio: Stdio,
        cgroup: Cgroup | None = None,
        report: HostReport | None = None,
        seccomp: bytes | None = None,
        die_with_parent: bool = False,
        preserved: int = 0,
        state: dict[str, Any] | None = None,
        door: str = "",
    ) -> Process:
        """`report`: what this host cannot do is refused by name; without one it is tried. `state`: the container's, for
        an agent that answers its system calls. `door`: the plan's, if there is such a socket: then the process that is
        returned stands for the program, which has another pid. It passes signals on, and ends as the program does."""
        if door and report is not None:
            from backends.execution.namespaces.visit import visit

            return _process(
                visit(door, bundle, process, stdio, cgroup, report, seccomp, die_with_parent, preserved, state)
            )
        from backends.execution.entry import entry_steps

        entrance = self.entrance()
        if entrance is None and not owns_mounts(bundle):
            from backends.execution.namespaces.inheritance import entrance
        steps = entry_steps(bundle, target, process, report, seccomp, die_with_parent, preserved, state, entrance)
        labour = begin(steps, stdio, cgroup)
        labour.attend()
        labour.context.channel.close()
        return _process(labour)

    def resides(self, report: HostReport) -> bool:
        """Whether a process has to stay in each container to let programs in: setns(2) does not, before Linux 3.8."""
        return report["namespace.setns"].state in ("absent", "denied")

    def entrance(self) -> Entrance | None:
        """How a child gets into a running container, if not into its namespaces."""
        return None

    def signal(self, process: Process, number: int) -> None:
        from backends.execution.namespaces.signals import send

        send(process.pid, process.start_time, number)


def owns_mounts(bundle: Bundle) -> bool:
    """Whether the container has a mount namespace that is not the caller's."""
    entries = (bundle.get("linux") or {}).get("namespaces") or ()
    return any(entry.get("type") == "mount" for entry in entries)


def _process(labour: Labour) -> Process:
    pid = labour.context.pid
    return Process(pid, start_time(pid), labour.console, labour)
