"""The process of an `exec`: the container's own, but for what is asked. Lean, as `exec` is quick."""

from __future__ import annotations

from runtime.bundle import identity, program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.containers.request import ExecRequest


def exec_process(
    wish: ExecRequest, bundle: dict[str, Any], passwd: str = "", group: str = "", newest_capability: int = 40
) -> dict[str, Any]:
    """An OCI `process` object. `passwd` and `group` are the texts of the container's, needed only when `wish` names a
    user. InvalidInput."""
    base = bundle["process"]
    process = {key: base[key] for key in ("user", "noNewPrivileges", "rlimits", "oomScoreAdj", "apparmorProfile")
               if key in base}  # fmt: skip
    environment = dict(line.partition("=")[::2] for line in base["env"])
    if wish.user:
        who = identity.resolve(wish.user, (), passwd, group)
        process["user"] = identity.bundle_user(who)
        was = identity.resolve(str(base["user"]["uid"]), (), passwd, group)
        if environment.get("HOME") in (was.home, None):
            environment["HOME"] = who.home
    if wish.tty:
        environment.setdefault("TERM", "xterm")
    program.say(environment, wish.environment)
    process["env"] = [f"{key}={value}" for key, value in environment.items()]
    process["args"] = program.checked_arguments(list(wish.command))
    process["cwd"] = program.working_folder(wish, {"WorkingDir": base["cwd"]})
    process["capabilities"] = _capabilities(wish, base, process["user"]["uid"], newest_capability)
    process["terminal"] = wish.tty
    if wish.tty and len(wish.console_size) == 2:
        process["consoleSize"] = {"height": wish.console_size[0], "width": wish.console_size[1]}
    return process


def _capabilities(wish: ExecRequest, base: dict[str, Any], uid: int, newest: int) -> dict[str, list[str]]:
    from backends.security.capabilities import granted, oci

    bounding = base.get("capabilities", {}).get("bounding", ())
    return oci(granted(privileged=True, newest=newest) if wish.privileged else bounding, uid)
