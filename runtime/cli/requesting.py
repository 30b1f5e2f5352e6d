"""From what the flags of `run`, `create` and `update` say to a request."""

from __future__ import annotations

import os

from runtime.cli.creation import REFUSED
from runtime.cli.values import environment, lines_of, pairs, restart_policy, throttles
from runtime.errors import InvalidInput, Unsupported, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.containers.request import Device, Mount, Request, Resources, Ulimit

# Fields of a request that a flag's value becomes as it is.
_PLAIN = {
    "platform": "platform", "pull": "pull", "name": "name", "cidfile": "cidfile", "working_folder": "workdir",
    "user": "user", "groups": "group_add", "tty": "tty", "interactive": "interactive", "detach_keys": "detach_keys",
    "init": "init", "stop_signal": "stop_signal", "stop_timeout": "stop_timeout", "auto_remove": "rm",
    "volumes_from": "volumes_from", "read_only": "read_only", "shm_size": "shm_size",
    "device_cgroup_rules": "device_cgroup_rule", "oom_score_adjustment": "oom_score_adj",
    "cgroup_parent": "cgroup_parent", "privileged": "privileged", "pid": "pid", "ipc": "ipc", "uts": "uts",
    "userns": "userns", "cgroupns": "cgroupns", "network": "network", "hostname": "hostname",
    "domainname": "domainname", "add_hosts": "add_host", "dns": "dns", "dns_search": "dns_search",
    "dns_options": "dns_option", "expose": "expose", "log_driver": "log_driver",
}  # fmt: skip


def request(said: dict[str, Any], words: tuple[str, ...]) -> Request:
    """The request that flags make: `said` is what was parsed, `words` the image (not with --rootfs) and the command.
    InvalidInput, Unsupported."""
    from runtime.containers.request import Request, RestartPolicy

    if not said["rootfs"] and not words:
        raise InvalidInput("missing the image", "`runtime run --help` shows how it is used")
    _refuse(said)
    name, maximum = restart_policy(said["restart"])
    if said["rm"] and name != "no":
        raise InvalidInput("--rm and --restart contradict each other", "leave out one of them")
    return Request(
        **{field: said[flag] for field, flag in _PLAIN.items()},
        image="" if said["rootfs"] else words[0],
        rootfs=os.path.abspath(said["rootfs"]) if said["rootfs"] else "",
        command=words if said["rootfs"] else words[1:],
        detach=said.get("detach", False),
        restart=RestartPolicy(name, maximum),
        labels=_labels(said),
        annotations=pairs(said["annotation"], "--annotation"),
        entrypoint=_entrypoint(said["entrypoint"]),
        environment=environment(said["env_file"], said["env"]),
        attach=_streams(said["attach"]),
        console_size=_console_size(said["tty"]),
        mounts=_mounts(said),
        devices=_devices(said["device"]),
        resources=resources(said),
        ulimits=_ulimits(said["ulimit"]),
        cap_add=_names(said["cap_add"]),
        cap_drop=_names(said["cap_drop"]),
        security_options=said["security_opt"],
        seccomp_profile=_seccomp(said["security_opt"]),
        sysctls=pairs(said["sysctl"], "--sysctl"),
        log_options=pairs(said["log_opt"], "--log-opt"),
        backends=_backends(said["backend"]),
        require=_names(said["require"]),
        prefer=_names(said["prefer"]),
        forbid=_names(said["forbid"]),
    )


def _refuse(said: dict[str, Any]) -> None:
    if said["pull"] == "always":
        raise Unsupported("--pull always: this version has no registries to fetch images from", "`load` takes them in")
    for name, (flag, reason) in REFUSED.items():
        if said.get(name):
            raise Unsupported(f"{flag}: {reason}", f"leave {flag.split(', ')[-1]} out")


def _labels(said: dict[str, Any]) -> dict[str, str]:
    lines = [line for path in said["label_file"] for line in lines_of(path, "--label-file")]
    return pairs([*lines, *said["label"]], "--label")


def _entrypoint(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    return (text,) if text else ()


def _names(texts: tuple[str, ...]) -> tuple[str, ...]:
    """--cap-add A,B is docker's too."""
    return tuple(name.strip() for text in texts for name in text.split(",") if name.strip())


def _streams(names: tuple[str, ...]) -> tuple[str, ...]:
    lowered = tuple(name.lower() for name in names)
    for name in lowered:
        if name not in ("stdin", "stdout", "stderr"):
            raise InvalidInput(f"--attach: no stream is called {name!r}", "they are stdin, stdout and stderr")
    return lowered


def _console_size(tty: bool) -> tuple[int, ...]:
    if not tty:
        return ()
    try:
        size = os.get_terminal_size(0)
    except OSError:
        return ()
    return (size.lines, size.columns)


def _mounts(said: dict[str, Any]) -> tuple[Mount, ...]:
    if not (said["mount"] or said["volume"] or said["tmpfs"]):
        return ()
    from runtime.bundle.mounts import parse_mount, parse_tmpfs, parse_volume

    found = [parse_volume(text) for text in said["volume"]]
    found.extend(parse_mount(text) for text in said["mount"])
    found.extend(parse_tmpfs(text) for text in said["tmpfs"])
    return tuple(found)


def _devices(texts: tuple[str, ...]) -> tuple[Device, ...]:
    if not texts:
        return ()
    from runtime.bundle.devices import parse_device

    return tuple(parse_device(text) for text in texts)


def _ulimits(texts: tuple[str, ...]) -> tuple[Ulimit, ...]:
    if not texts:
        return ()
    from runtime.bundle.ulimits import parse_ulimit

    return tuple(parse_ulimit(text) for text in texts)


def resources(said: dict[str, Any]) -> Resources:
    from runtime.containers.request import Resources, Throttle

    def of(name: str, sizes: bool) -> tuple[Throttle, ...]:
        found = throttles(said.get(name, ()), "--" + name.replace("_", "-"), sizes)
        return tuple(Throttle(device, rate) for device, rate in found)

    plain = (
        "memory", "memory_swap", "memory_reservation", "memory_swappiness", "cpu_period", "cpu_quota",
        "cpu_rt_period", "cpu_rt_runtime", "cpu_shares", "pids_limit", "blkio_weight",
    )  # fmt: skip
    return Resources(
        **{name: said.get(name) for name in plain},
        oom_kill_disable=said.get("oom_kill_disable") or None,
        nano_cpus=said.get("cpus"),
        cpuset_cpus=said.get("cpuset_cpus") or "",
        cpuset_mems=said.get("cpuset_mems") or "",
        blkio_weight_device=of("blkio_weight_device", False),
        device_read_bps=of("device_read_bps", True),
        device_write_bps=of("device_write_bps", True),
        device_read_iops=of("device_read_iops", False),
        device_write_iops=of("device_write_iops", False),
    )


def _seccomp(options: tuple[str, ...]) -> dict[str, Any] | None:
    """The profile in the file that --security-opt seccomp=FILE names: read here, as the engine knows no folders of
    ours."""
    profile = None
    for text in options:
        key, _, value = text.replace(":", "=", 1).partition("=") if "=" not in text else text.partition("=")
        if key == "seccomp" and value and value != "unconfined":
            profile = _profile(value)
    return profile


def _profile(path: str) -> dict[str, Any]:
    import json

    try:
        with open(path, encoding="utf-8") as file:
            profile = json.load(file)
    except OSError as error:
        raise explain(error, f"read the seccomp profile {path}") from error
    except ValueError as error:
        raise InvalidInput(f"the seccomp profile {path} is not JSON: {error}") from error
    if not isinstance(profile, dict):
        raise InvalidInput(f"the seccomp profile {path} is not a JSON object")
    return profile


def _backends(texts: tuple[str, ...]) -> dict[str, str]:
    from runtime.configuration import FAMILIES

    found = pairs(texts, "--backend")
    for family in found:
        if family not in FAMILIES:
            raise InvalidInput(f"--backend: no family is called {family!r}", f"they are {', '.join(FAMILIES)}")
    return found
