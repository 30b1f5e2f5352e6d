"""config.json's `hooks`: read, and executed with the container's state on standard input.

Off the launch path: imported before the fork, and only where a bundle has hooks.
"""

from __future__ import annotations

import _signal
import errno
import os
import select
import time

from arch import kernel
from backends.errors import StepFailed
from backends.execution.configuration import integer, items, refuse, section, text
from backends.execution.steps.mount import by_descriptor
from backends.execution.steps.program import restore_signals
from backends.execution.steps.step import CHILD, PARENT, Context, Step
from backends.execution.steps.stream import close_others

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# kind -> (place, the container's status then): runtime-spec, "POSIX-platform Hooks". "creating" is step 2 of the
# lifecycle, and hooks are run after it: crun and runtime-tools read it so, runc says "creating".
KINDS = {
    "prestart": (PARENT, "created"),
    "createRuntime": (PARENT, "created"),
    "createContainer": (CHILD, "created"),
    "startContainer": (CHILD, "created"),
    "poststart": (PARENT, "running"),
    "poststop": (PARENT, "stopped"),
}
_SIGKILL = 9
_TICK = 0.05
_MOST_OUTPUT = 4096


class Hook:
    """`timeout` in seconds, or 0 for none; `environment` None: that of who runs it, as with runc."""

    __slots__ = ("arguments", "environment", "path", "timeout")

    def __init__(self, path: str, arguments: list[str], environment: dict[str, str] | None, timeout: int) -> None:
        self.path = path
        self.arguments = arguments or [path]
        self.environment = environment
        self.timeout = timeout


def read(bundle: dict[str, Any], kind: str) -> list[Hook]:
    """UnsupportedConfiguration"""
    hooks = section(bundle, "hooks", "hooks")
    for name in hooks:
        if name not in KINDS:
            raise refuse(f"hooks.{name}", f"it is none of {', '.join(KINDS)}")
    found = []
    for number, entry in enumerate(items(hooks, kind, f"hooks.{kind}", dict)):
        path = f"hooks.{kind}[{number}]"
        program = text(entry, "path", f"{path}.path")
        if not program.startswith("/"):
            raise refuse(f"{path}.path", f"{program!r} is not an absolute path")
        timeout = integer(entry, "timeout", f"{path}.timeout")
        if timeout < 0 or ("timeout" in entry and timeout == 0):
            raise refuse(f"{path}.timeout", "it must be greater than zero")
        arguments = items(entry, "args", f"{path}.args")
        variables = items(entry, "env", f"{path}.env")
        environment = dict(variable.partition("=")[::2] for variable in variables)
        found.append(Hook(program, arguments, environment if entry.get("env") is not None else None, timeout))
    return found


class RunHooks(Step):
    """`state` lacks the status and the pid, which are known when the time comes. `variables`: the environment of hooks
    inside that name none; `cwd`: where hooks run that are not in the container's root."""

    __slots__ = ("cwd", "hooks", "kind", "place", "state", "variables")

    def __init__(
        self, kind: str, hooks: list[Hook], state: dict[str, Any], cwd: str, variables: dict[str, str] | None
    ) -> None:
        self.cwd = cwd
        self.variables = variables
        self.kind = kind
        self.hooks = hooks
        self.place, status = KINDS[kind]
        self.state = {**state, "status": status}

    def describe(self) -> str:
        return f"run the {self.kind} hooks {' '.join(hook.path for hook in self.hooks)}"

    def execute(self, context: Context) -> None:
        cwd = by_descriptor(context.root) if self.kind == "createContainer" else self.cwd
        for number, hook in enumerate(self.hooks):
            execute(hook, self.kind, number, {**self.state, "pid": context.pid}, cwd, self.variables)


class NotePid(Step):
    """The pid that hooks inside are told: the host's /proc knows it, as long as it is in sight."""

    __slots__ = ()

    def describe(self) -> str:
        return "note the process id outside"

    def execute(self, context: Context) -> None:
        context.pid = int(os.readlink("/proc/self"))


def steps_of(
    bundle: dict[str, Any], state: dict[str, Any], *kinds: str, variables: dict[str, str] | None = None
) -> list[Step]:
    import json  # noqa: F401 - found again by `execute`, which may run after the fork, where nothing can be loaded

    steps: list[Step] = []
    for kind in kinds:
        found = read(bundle, kind)
        if found:
            outside = KINDS[kind][0] == PARENT
            cwd = str(state.get("bundle") or "") if outside else ""
            steps.append(RunHooks(kind, found, state, cwd, None if outside else variables))
    return steps


def execute(
    hook: Hook,
    kind: str,
    number: int,
    state: dict[str, Any],
    cwd: str = "",
    variables: dict[str, str] | None = None,
) -> None:
    """Until it ends. StepFailed for a status other than 0, with what the hook said, and for one that takes too long."""
    import json

    step = f"run the {kind} hook {hook.path}"
    wrong = f"error running {kind} hook #{number}: {hook.path}:"  # as runc begins it
    stdin, feed = os.pipe2(os.O_CLOEXEC)
    listen, output = os.pipe2(os.O_CLOEXEC)
    pid = kernel.clone(0)
    if pid == 0:
        _become(hook, stdin, output, cwd, variables)
    os.close(stdin)
    os.close(output)
    _feed(feed, json.dumps(state).encode())
    try:
        status, said = _follow(pid, listen, hook.timeout)
    finally:
        os.close(listen)
    if status is None:
        raise StepFailed(step, f"{wrong} it took more than {hook.timeout} s", errno.ETIMEDOUT)
    if status:
        raise StepFailed(step, f"{wrong} {_ending(status)}: {said.strip()}")


def _ending(status: int) -> str:
    return f"exit status {status}" if status > 0 else f"signal: {(_signal.strsignal(-status) or '').lower()}"


def _become(hook: Hook, stdin: int, output: int, cwd: str, variables: dict[str, str] | None) -> None:
    try:
        if cwd:
            os.chdir(cwd)
        for number, descriptor in enumerate((stdin, output, output)):
            os.dup2(descriptor, number)
        close_others({0, 1, 2})
        restore_signals()
        environment = hook.environment if hook.environment is not None else variables
        os.execve(hook.path, hook.arguments, os.environ if environment is None else environment)
    except OSError as error:
        os.write(2, f"{hook.path}: {error.strerror}".encode())
    finally:
        os._exit(127)


def _feed(descriptor: int, data: bytes) -> None:
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except BrokenPipeError:
        return  # a hook need not read it
    finally:
        os.close(descriptor)


def _follow(pid: int, listen: int, timeout: int) -> tuple[int | None, str]:
    """(exit status, output); None for the status when the time was up. A hook may leave a daemon with its output."""
    deadline = time.monotonic() + timeout if timeout else 0.0
    said = b""
    while True:
        ready, _, _ = select.select([listen], [], [], _TICK)
        data = os.read(listen, _MOST_OUTPUT) if ready else b""
        said = (said + data)[-_MOST_OUTPUT:]
        if ready and data:
            continue
        done, status = os.waitpid(pid, 0 if ready and not deadline else os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), said.decode(errors="replace")
        if deadline and time.monotonic() > deadline:
            os.kill(pid, _SIGKILL)
            os.waitpid(pid, 0)
            return None, ""
        if ready:  # its output is closed, and it goes on
            time.sleep(_TICK)
