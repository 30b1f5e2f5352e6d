"""A caller of the execution backend with one thread, as its real callers are: the tests' own process has more.

Takes one JSON object on the command line and writes one to the descriptor it names; 0, 1 and 2 are the container's.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

sys.path[:0] = json.loads(sys.argv[2])

from arch import kernel  # noqa: E402
from backends import catalogue  # noqa: E402
from backends.contract import Cgroup, Process, Stdio  # noqa: E402
from backends.errors import BackendError, StepFailed  # noqa: E402
from probes.finding import Finding  # noqa: E402
from probes.report import HostReport  # noqa: E402


class Folders(Cgroup):
    """A cgroup that the test has made."""

    def joining(self, cloned: bool = False) -> list[str]:
        return [f"{path}/cgroup.procs" for name, path in self.paths.items() if not (cloned and name == "unified")]

    def into(self) -> str:
        return self.paths.get("unified", "")


def main(order: dict[str, Any]) -> dict[str, Any]:
    backend = catalogue.load("execution", order.get("backend", "namespaces"))()
    report = HostReport({}, {}, {}, [Finding(name, state) for name, state in order["report"].items()])
    options = {"die_with_parent": True, **order["options"]}
    if "seccomp" in options:
        options["seccomp"] = bytes.fromhex(options["seccomp"])
    cgroup = Folders(order["cgroup"]) if order["cgroup"] else None
    if order.get("mask"):
        mask(order["mask"])
    result: dict[str, Any] = {"entered": []}
    plan = backend.plan(order["bundle"], order["rootfs"], report, **options)
    if order.get("user"):
        os.setgroups([])
        os.setresgid(order["user"], order["user"], order["user"])
        os.setresuid(order["user"], order["user"], order["user"])
        kernel.set_dumpable(True)  # which the change took away, and an exec would bring back
    process = backend.create(plan, Stdio(0, 1, 2), cgroup)
    result["created"] = bool(os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None)
    backend.start(process)
    result["pid"] = process.pid
    if order.get("linger"):
        tell(order["answer"], result)
        signal.pause()
    for wish in order["enter"]:
        other = backend.enter(order["bundle"], process.pid, wish, Stdio(0, 1, 2), cgroup, report)
        result["entered"].append({"console": drain(other), "status": wait(other.pid)})
    for number in order["signals"]:
        backend.signal(process, number)
    result["console"] = drain(process)
    result["status"] = wait(process.pid)
    result["children"] = children()
    return result


def mask(calls: list[str]) -> None:
    """Has the kernel answer ENOSYS to some calls, as an older one would."""
    from arch import syscalls

    table = syscalls.number
    program = b"\x20\0\0\0\0\0\0\0"  # load the call's number
    for call in calls:
        # equal: answer; else pass over it
        program += b"\x15\0\0\x01" + table(call, "x86_64").to_bytes(4, "little")
        program += b"\x06\0\0\0" + (0x00050000 | 38).to_bytes(4, "little")
    program += b"\x06\0\0\0" + (0x7FFF0000).to_bytes(4, "little")
    kernel.seccomp_filter(program)


def drain(process: Process) -> str:
    """What the terminal says until its last user is gone."""
    text = b""
    while process.console >= 0:
        try:
            data = os.read(process.console, 4096)
        except OSError:  # EIO
            break
        if not data:
            break
        text += data
    return text.decode()


def wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def tell(descriptor: int, answer: dict[str, Any]) -> None:
    os.write(descriptor, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    wanted = json.loads(sys.argv[1])
    os.set_inheritable(wanted["answer"], False)
    try:
        answer = main(wanted)
    except StepFailed as error:
        answer = {"error": type(error).__name__, "text": str(error), "step": error.step, "errno": error.errno}
        answer["hint"] = error.hint
        answer["children"] = children()
    except BackendError as error:
        answer = {"error": type(error).__name__, "text": str(error), "hint": error.hint}
    tell(wanted["answer"], answer)
