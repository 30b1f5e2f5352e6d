"""`runtime-oci exec`. On the launch path."""

from __future__ import annotations

import os

from backends.errors import BackendError
from runtime.errors import Problem
from runtime.oci import console, subgroup
from runtime.oci.attendance import Attendance
from runtime.oci.container import PAUSED, STOPPED, Container, find
from runtime.oci.descriptors import preserved
from runtime.oci.entering import OPTIONS, process_of
from runtime.oci.errors import Refused, start_words, words
from runtime.oci.host import Host
from runtime.oci.options import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Process
    from runtime.oci.settings import Settings

COMMAND = Command(
    "exec", "run another process in a container", "CONTAINER-ID [COMMAND [ARGUMENT...]]", OPTIONS, most=-1, ordered=True
)
_FAILED = 255
_SIGKILL = 9


class ExecFailed(Refused):
    exit_code = _FAILED


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    try:
        container = find(settings.root, arguments[0])
        status = container.status()
        if status == STOPPED:
            raise Refused("cannot exec in a stopped container")
        if status == PAUSED and not said["ignore-paused"]:
            raise Refused("cannot exec in a paused container (use --ignore-paused to override)")
        attendance = None if said["detach"] else Attendance(reap_others=False)
        process = _enter(container, status, settings, said, arguments[1:])
    except Problem as error:
        raise ExecFailed(f"exec failed: {words(error)}") from error
    return 0 if attendance is None else attendance.follow(process)


def _enter(
    container: Container, status: str, settings: Settings, said: dict[str, Any], words_given: list[str]
) -> Process:
    config = container.config()
    wanted = process_of(config, said, words_given, settings.journal)
    foreground = not said["detach"] and not said["console-socket"]
    console.check(wanted, said["console-socket"], foreground)
    host = Host(container.record.get("execution", ""))
    _tell(container, wanted, settings)
    try:
        process = host.backend.enter(
            config,
            container.record["pid"],
            wanted,
            console.stdio(foreground),
            subgroup.chosen(container, said["cgroup"]),
            report=host.report,
            seccomp=host.filter(config),
            preserved=preserved(said["preserve-fds"], wanted, settings.journal),
            state=container.state(status),
            door=container.door if os.path.lexists(container.door) else "",
        )
    except (BackendError, OSError) as error:
        raise Refused(start_words(error, wanted)) from error
    if said["console-socket"]:
        console.hand_over(said["console-socket"], process.console)
        process.console = -1
    settings.journal.debug("setns_init: about to exec: the program is in place")
    if said["pidfd-socket"]:
        console.hand_over_pidfd(said["pidfd-socket"], process.pid)
    if said["pid-file"]:
        from runtime.oci.pidfile import write_pid

        try:
            write_pid(said["pid-file"], process.pid)
        except OSError as error:
            host.backend.signal(process, _SIGKILL)
            raise Refused(words(error)) from error
    return process


def _tell(container: Container, process: dict[str, Any], settings: Settings) -> None:
    if not settings.journal.debugging:
        return
    debug = settings.journal.debug
    debug(f"nsexec container setup: into the namespaces of process {container.record['pid']}")
    initial = (process.get("execCPUAffinity") or {}).get("initial")
    if initial:
        from backends.execution.lists import numbers

        mask = sum(1 << cpu for cpu in numbers(initial, "process.execCPUAffinity.initial", "CPUs"))
        debug(f"nsexec: affinity: {mask:#x}")
    debug(f"child process in init(): execute {process.get('args')}")
