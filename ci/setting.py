"""How a guest is set up before its command runs, whatever boots it: cgroups, privilege, what is taken away.

Kept as the lines of a shell script, the guest's init.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

HIERARCHIES = {
    "none": (),
    "v2": (),
    "v1": ("cpu,cpuacct", "memory,pids", "devices", "freezer", "blkio", "cpuset"),
    "hybrid": ("cpu,cpuacct", "freezer"),
}
USER = 1000
RESULTS = "/results"  # below the folder that a guest has for itself; $RESULTS inside


@dataclass(frozen=True)
class Setting:
    """`append`: to the kernel's command line. `sysctls`: name=value. `without`: modules that are not to be loaded."""

    cgroups: str = "v2"
    user: bool = False
    append: str = ""
    sysctls: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    timeout: float = 300  # seconds, from QEMU's start on


def mount_cgroups(layout: str) -> list[str]:
    top = "/sys/fs/cgroup"
    if layout == "none":
        return []
    if layout == "v2":
        return [f"mount -t cgroup2 cgroup2 {top}"]
    lines = [f"mount -t tmpfs cgroup {top}"]
    for names in (*HIERARCHIES[layout], "none,name=systemd"):
        folder = f"{top}/{'systemd' if 'systemd' in names else names}"
        lines.append(f"mkdir {folder} && mount -t cgroup -o {names} cgroup {folder} 2>/dev/null || rmdir {folder}")
    if layout == "hybrid":
        lines.append(f"mkdir {top}/unified && mount -t cgroup2 cgroup2 {top}/unified")
    return lines


def take_away(setting: Setting) -> list[str]:
    """By sysctl. One that this kernel does not have has nothing to take away."""
    return [
        f"echo {shlex.quote(value)} >/proc/sys/{name.replace('.', '/')} || true"
        for name, _, value in (sysctl.partition("=") for sysctl in setting.sysctls)
    ]


def privileged(command: list[str], setting: Setting, home: str) -> str:
    """The command in the shell's words, as root or as an ordinary user, whose folders are made."""
    if not setting.user:
        return shlex.join(command)
    own = (home, f"/run/user/{USER}")
    prepare = " && ".join(f"mkdir -p {path} && chown {USER}:{USER} {path}" for path in own)
    drop = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    drop += ["env", f"HOME={home}", "USER=user", f"XDG_RUNTIME_DIR=/run/user/{USER}"]
    return f"{prepare} && {shlex.join([*drop, *command])}"
