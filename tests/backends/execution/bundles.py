"""Bundles for the tests, built around a root filesystem of a static busybox or of this machine's own programs."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
from typing import Any

PROGRAMS = (
    "sh", "cat", "ls", "id", "env", "sleep", "true", "false", "mkdir", "touch", "stat", "mount", "readlink", "head",
    "tail", "grep", "dd", "kill", "ps", "hostname", "uname", "pwd", "echo", "test", "rm", "ln", "find", "wc", "tty",
    "stty", "chmod", "sort", "dirname", "setsid", "unshare", "cut", "tr",
)  # fmt: skip
FOLDERS = ("proc", "sys", "dev", "tmp", "etc", "root", "run", "var", "usr/bin", "home")

CAPABILITIES = [
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
    "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
    "CAP_AUDIT_WRITE",
]  # fmt: skip

MOUNTS: list[dict[str, Any]] = [
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
    {
        "destination": "/dev",
        "type": "tmpfs",
        "source": "tmpfs",
        "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
        "destination": "/dev/pts",
        "type": "devpts",
        "source": "devpts",
        "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
    {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
    {
        "destination": "/dev/shm",
        "type": "tmpfs",
        "source": "shm",
        "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=67108864"],
    },
]

BUNDLE: dict[str, Any] = {
    "ociVersion": "1.2.0",
    "hostname": "box",
    "root": {"path": "rootfs"},
    "process": {
        "args": ["/bin/true"],
        "env": ["PATH=/usr/bin:/bin", "HOME=/root"],
        "cwd": "/",
        "user": {"uid": 0, "gid": 0},
        "noNewPrivileges": True,
        "capabilities": {
            "bounding": CAPABILITIES,
            "effective": CAPABILITIES,
            "permitted": CAPABILITIES,
        },
    },
    "mounts": MOUNTS,
    "linux": {
        "namespaces": [
            {"type": "mount"},
            {"type": "pid"},
            {"type": "uts"},
            {"type": "ipc"},
            {"type": "network"},
            {"type": "cgroup"},
        ],
        "maskedPaths": ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/sys/firmware"],
        "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
}

FILTER = {"defaultAction": "SCMP_ACT_ALLOW"}

USER_MAPPINGS = {
    "uidMappings": [{"containerID": 0, "hostID": 200000, "size": 65536}],
    "gidMappings": [{"containerID": 0, "hostID": 200000, "size": 65536}],
}


def make_bundle(*arguments: str, **overrides: Any) -> dict[str, Any]:
    """The default bundle that executes `arguments`. Overrides go by path, two underscores between the keys:
    process__cwd="/tmp", linux__sysctl={...}; None takes a key away."""
    bundle = copy.deepcopy(BUNDLE)
    if arguments:
        bundle["process"]["args"] = list(arguments)
    for path, value in overrides.items():
        *parents, last = path.split("__")
        place = bundle
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return bundle


def shell(script: str, **overrides: Any) -> dict[str, Any]:
    return make_bundle("/bin/sh", "-c", script, **overrides)


def namespaces(*kinds: str, **paths: str) -> list[dict[str, str]]:
    return [{"type": kind} for kind in kinds] + [{"type": kind, "path": path} for kind, path in paths.items()]


def with_user_namespace(bundle: dict[str, Any]) -> dict[str, Any]:
    bundle["linux"]["namespaces"].append({"type": "user"})
    bundle["linux"].update(copy.deepcopy(USER_MAPPINGS))
    return bundle


def make_rootfs(folder: str) -> str:
    """A root filesystem in `folder`: busybox where it is static, else this machine's programs and their libraries."""
    for name in FOLDERS:
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    os.chmod(os.path.join(folder, "tmp"), 0o1777)
    os.symlink("usr/bin", os.path.join(folder, "bin"))
    busybox = shutil.which("busybox")
    if busybox and not _libraries(busybox):
        shutil.copy(busybox, os.path.join(folder, "usr/bin/busybox"))
        for name in PROGRAMS:
            os.symlink("busybox", os.path.join(folder, "usr/bin", name))
    else:
        for name in PROGRAMS:
            _copy_program(name, folder)
    _write(folder, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\n")
    _write(folder, "etc/group", "root:x:0:\nuser:x:1000:\n")
    return folder


def _write(folder: str, name: str, text: str) -> None:
    with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
        stream.write(text)


def _copy_program(name: str, folder: str) -> None:
    program = shutil.which(name)
    if program is None:
        return
    program = os.path.realpath(program)
    shutil.copy(program, os.path.join(folder, "usr/bin", name))
    for library in _libraries(program):
        target = folder + library
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.exists(target):
            shutil.copy(os.path.realpath(library), target)


def _libraries(program: str) -> list[str]:
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    words = [word for line in done.stdout.splitlines() for word in line.split()]
    return [word for word in words if word.startswith("/") and not word.endswith(":")]
