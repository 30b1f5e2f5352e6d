"""What `inspect` and `ps` say of a container, in the shape that docker's users and tools know."""

from __future__ import annotations

import time

from runtime import records
from runtime.containers.control import Target
from runtime.containers.record import given_up
from runtime.containers.status import EXITED, INTERRUPTED, NEVER_STARTED, PAUSED, RESTARTING, RUNNING
from runtime.errors import Damaged
from runtime.monitor.log import timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NEVER = "0001-01-01T00:00:00Z"


def inspect(target: Target) -> dict[str, Any]:
    """docker's inspect document, with ours below "Runtime": what was selected and why, and what was given up."""
    record, request = target.record, target.record["request"]
    bundle = _bundle(target)
    process = bundle.get("process") or {}
    arguments = process.get("args") or [""]
    return {
        "Id": record["id"],
        "Name": "/" + record["name"],
        "Created": record["created"],
        "Path": arguments[0],
        "Args": arguments[1:],
        "State": state(target),
        "Image": record["image"]["id"],
        "ResolvConfPath": target.paths.container(target.identifier) + "/resolv.conf",
        "HostnamePath": target.paths.container(target.identifier) + "/hostname",
        "HostsPath": target.paths.container(target.identifier) + "/hosts",
        "LogPath": target.paths.log(target.identifier) if record["log"]["driver"] != "none" else "",
        "RestartCount": int(target.status.live.get("restarts") or target.status.exit.get("restarts") or 0),
        "Driver": record["storage"].get("backend", "rootfs"),
        "Platform": "linux",
        "Config": _config(target, process, request),
        "HostConfig": _host_config(target, bundle, request),
        "Mounts": mounts(target, bundle),
        "NetworkSettings": {"Networks": {}, "SandboxKey": _namespace(target, "net")},
        "Runtime": {
            "Selections": record["selections"],
            "Isolation": record.get("isolation", []),
            "GivenUp": given_up(target.record),
            "Bundle": target.paths.container(target.identifier),
            "Request": request,
            "Cgroups": target.status.live.get("cgroup", {}),
            "Leftovers": target.status.exit.get("leftovers", []),
        },
    }


def _bundle(target: Target) -> dict[str, Any]:
    try:
        return records.load(target.paths.bundle(target.identifier))
    except (FileNotFoundError, Damaged):
        return {}


def state(target: Target) -> dict[str, Any]:
    status = target.status
    names = {INTERRUPTED: "dead", RESTARTING: "restarting"}
    return {
        "Status": names.get(status.name, status.name),
        "Running": status.running,
        "Paused": status.name == PAUSED,
        "Restarting": status.name == RESTARTING,
        "OOMKilled": bool(status.exit.get("oom")) and not status.running,
        "Dead": status.name == INTERRUPTED,
        "Pid": status.pid,
        "ExitCode": 0 if status.running else int(status.exit.get("code", 0)),
        "Error": "" if status.running else str(status.exit.get("error", "")),
        "StartedAt": started(target) or NEVER,
        "FinishedAt": status.exit.get("finished") or NEVER,
    }


def started(target: Target) -> str:
    moment = target.status.live.get("started")
    if target.status.busy and moment:
        return timestamp(int(moment * 1e9))
    return str(target.status.exit.get("started") or "")


def _config(target: Target, process: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    image = target.record["image"]
    user = process.get("user") or {}
    return {
        "Hostname": _bundle(target).get("hostname", ""),
        "Domainname": request.get("domainname", ""),
        "User": request.get("user") or image["config"].get("User") or "",
        "Tty": bool(process.get("terminal")),
        "OpenStdin": bool(request.get("interactive")),
        "Env": process.get("env") or [],
        "Cmd": request.get("command") or image["config"].get("Cmd"),
        "Entrypoint": request.get("entrypoint", image["config"].get("Entrypoint")),
        "Image": image["reference"],
        "WorkingDir": process.get("cwd", ""),
        "Labels": labels(target),
        "StopSignal": str(target.record["stop"]["signal"]),
        "StopTimeout": target.record["stop"]["timeout"],
        "Volumes": image["config"].get("Volumes"),
        "Uid": user.get("uid", 0),
        "Gid": user.get("gid", 0),
    }


def labels(target: Target) -> dict[str, str]:
    return {**(target.record["image"]["config"].get("Labels") or {}), **target.record["request"].get("labels", {})}


def _host_config(target: Target, bundle: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    resources = request.get("resources", {})
    restart = target.record["restart"]
    linux = bundle.get("linux") or {}
    return {
        "AutoRemove": target.record["auto_remove"],
        "Binds": [
            f"{mount['source']}:{mount['target']}" + (":ro" if mount["read_only"] else "")
            for mount in request.get("mounts", [])
            if mount["type"] == "bind"
        ],
        "CapAdd": request.get("cap_add"),
        "CapDrop": request.get("cap_drop"),
        "CgroupnsMode": request.get("cgroupns", ""),
        "CpuShares": resources.get("cpu_shares", 0),
        "CpusetCpus": resources.get("cpuset_cpus", ""),
        "CpusetMems": resources.get("cpuset_mems", ""),
        "IpcMode": request.get("ipc") or "private",
        "Init": target.record["init"],
        "LogConfig": {"Type": target.record["log"]["driver"], "Config": request.get("log_options", {})},
        "MaskedPaths": linux.get("maskedPaths"),
        "Memory": resources.get("memory") or 0,
        "MemoryReservation": resources.get("memory_reservation") or 0,
        "MemorySwap": resources.get("memory_swap") or 0,
        "NanoCpus": resources.get("nano_cpus") or 0,
        "NetworkMode": request.get("network") or "none",
        "PidMode": request.get("pid", ""),
        "PidsLimit": resources.get("pids_limit"),
        "Privileged": bool(request.get("privileged")),
        "ReadonlyPaths": linux.get("readonlyPaths"),
        "ReadonlyRootfs": bool(request.get("read_only")),
        "RestartPolicy": {"Name": restart["name"], "MaximumRetryCount": restart["maximum"]},
        "SecurityOpt": request.get("security_options"),
        "UTSMode": request.get("uts", ""),
        "UsernsMode": request.get("userns", ""),
    }


def mounts(target: Target, bundle: dict[str, Any]) -> list[dict[str, Any]]:
    """What the user and the image mounted, not what every container has."""
    wanted = {mount["target"]: mount for mount in target.record["request"].get("mounts", [])}
    wanted.update((path, {"type": "volume"}) for path in target.record["image"]["config"].get("Volumes") or {})
    found = []
    for mount in bundle.get("mounts") or []:
        asked = wanted.get(mount["destination"])
        if asked is not None:
            options = mount.get("options", [])
            found.append(
                {
                    "Type": asked["type"],
                    "Source": mount.get("source", ""),
                    "Destination": mount["destination"],
                    "Mode": ",".join(asked.get("options", ())),
                    "RW": "ro" not in options,
                    "Propagation": next((word for word in options if word.lstrip("r") in _PROPAGATIONS), ""),
                }
            )
    return found


_PROPAGATIONS = ("shared", "slave", "private")


def _namespace(target: Target, kind: str) -> str:
    return f"/proc/{target.status.pid}/ns/{kind}" if target.status.pid else ""


# --------------------------------------------------------------------------------------------------------- ps


def summary(target: Target) -> dict[str, Any]:
    """One row of `ps`: the fields of docker's `ps --format`, and the moments as they are."""
    record = target.record
    bundle = _bundle(target)
    arguments = (bundle.get("process") or {}).get("args") or []
    return {
        "ID": record["id"],
        "Names": record["name"],
        "Image": record["image"]["reference"],
        "Command": " ".join(arguments),
        "CreatedAt": record["created"],
        "RunningFor": ago(record["created"]),
        "State": state(target)["Status"],
        "Status": sentence(target),
        "Labels": labels(target),
        "Ports": "",
        "Networks": record["request"].get("network") or "none",
        "Mounts": [mount["Destination"] for mount in mounts(target, bundle)],
    }


def sentence(target: Target) -> str:
    """ "Up 3 minutes (Paused)", "Exited (0) 2 hours ago"."""
    status = target.status
    if status.name in (RUNNING, PAUSED):
        return f"Up {ago(started(target), '')}" + (" (Paused)" if status.name == PAUSED else "")
    code = int(status.exit.get("code", 0))
    if status.name == RESTARTING:
        return f"Restarting ({code}) {ago(status.exit.get('finished', ''))}"
    if status.name == EXITED:
        return f"Exited ({code}) {ago(status.exit['finished'])}"
    if status.name == NEVER_STARTED:
        return "Created" + (f" (failed: {code})" if code else "")
    return status.name.capitalize()


_UNITS = ((31536000, "year"), (2592000, "month"), (604800, "week"), (86400, "day"), (3600, "hour"), (60, "minute"))


def ago(moment: str, suffix: str = " ago") -> str:
    """How long since an RFC 3339 moment, in docker's words."""
    if not moment:
        return ""
    from calendar import timegm

    seconds = max(0, int(time.time() - timegm(time.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S"))))
    for size, name in _UNITS:
        if seconds >= 2 * size or (seconds >= size and size < 86400):
            number = seconds // size
            return (f"{number} {name}s" if number > 1 else f"About {'an' if name == 'hour' else 'a'} {name}") + suffix
    if seconds < 1:
        return "Less than a second" + suffix
    return f"{seconds} second{'s' if seconds != 1 else ''}{suffix}"
