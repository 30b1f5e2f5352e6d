"""The flags of `run` and `create`, as docker users know them, and the request that they make."""

from __future__ import annotations

import os

from runtime.cli.declaration import Argument, Flag
from runtime.cli.values import (
    cpus,
    environment,
    lines_of,
    pairs,
    restart_policy,
    signed_size,
    size,
    throttles,
    whole,
)
from runtime.errors import InvalidInput, Unsupported, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from runtime.containers.request import Device, Mount, Request, Resources, Ulimit


def _many(*names: str, section: str, metavar: str, help: str) -> Flag:
    return Flag(*names, section=section, metavar=metavar, help=help, many=True)


def _text(*names: str, section: str, metavar: str, help: str) -> Flag:
    return Flag(*names, section=section, metavar=metavar, help=help, default="")


def _flag(*names: str, section: str, help: str) -> Flag:
    return Flag(*names, section=section, help=help, switch=True)


def _number(
    *names: str, section: str, help: str, convert: Callable[[str, str], Any] = whole, metavar: str = "NUMBER"
) -> Flag:
    return Flag(*names, section=section, help=help, convert=convert, metavar=metavar)


IMAGE_AND_COMMAND = Argument("words", "IMAGE [COMMAND] [ARG]...", many=True, required=False, complete="images")

_P = "The program"
PROGRAM = (
    _text("--name", section=_P, metavar="NAME", help="Name the container."),
    _flag("-i", "--interactive", section=_P, help="Keep its standard input open."),
    _flag("-t", "--tty", section=_P, help="Give it a terminal."),
    _many("-a", "--attach", section=_P, metavar="STREAM", help="Attach to stdin, stdout or stderr only."),
    _many("-e", "--env", section=_P, metavar="KEY[=VALUE]", help="Set an environment variable."),
    _many("--env-file", section=_P, metavar="FILE", help="Set those in a file of KEY=VALUE lines."),
    _text("-w", "--workdir", section=_P, metavar="FOLDER", help="Start in this folder."),
    _text("-u", "--user", section=_P, metavar="USER[:GROUP]", help="Run as this user, by name or number."),
    _many("--group-add", section=_P, metavar="GROUP", help="Be in this group too."),
    Flag("--entrypoint", section=_P, metavar="PROGRAM", help="Run this in place of the image's entrypoint."),
    _flag("--init", section=_P, help="Put an init before it that reaps processes and forwards signals."),
    _text("--stop-signal", section=_P, metavar="SIGNAL", help="The signal that asks it to end."),
    _number("--stop-timeout", section=_P, metavar="SECONDS", help="How long `stop` waits before it kills."),
    _text("--restart", section=_P, metavar="POLICY", help="no, always, unless-stopped or on-failure[:TIMES]."),
    _flag("--rm", section=_P, help="Remove the container when it ends."),
    _text("--cidfile", section=_P, metavar="FILE", help="Write the container's identifier to a new file."),
    _many("-l", "--label", section=_P, metavar="KEY=VALUE", help="Put a label on the container."),
    _many("--label-file", section=_P, metavar="FILE", help="Put on the labels in a file."),
    _many("--annotation", section=_P, metavar="KEY=VALUE", help="An annotation of the OCI bundle."),
    _text("--detach-keys", section=_P, metavar="KEYS", help="Keys that detach the terminal (ctrl-p,ctrl-q)."),
)

_F = "Files"
FILES = (
    _many("-v", "--volume", section=_F, metavar="[SOURCE:]TARGET[:ro]", help="Mount a volume or a folder."),
    _many("--mount", section=_F, metavar="type=...,source=...,target=...", help="Mount in docker's long form."),
    _many("--tmpfs", section=_F, metavar="TARGET[:OPTIONS]", help="Mount an empty tmpfs."),
    _many("--volumes-from", section=_F, metavar="CONTAINER[:ro]", help="Mount the volumes of another container."),
    _flag("--read-only", section=_F, help="Make the root file system read-only."),
    _number("--shm-size", section=_F, convert=size, metavar="SIZE", help="Size of /dev/shm (64m)."),
    _many("--device", section=_F, metavar="SOURCE[:TARGET][:rwm]", help="Let it use a device of the host."),
    _many("--device-cgroup-rule", section=_F, metavar="RULE", help="Allow devices by number: 'c 189:* rwm'."),
    _text("--rootfs", section=_F, metavar="FOLDER", help="Run in this folder as it is, without any image."),
)

_L = "Limits"
LIMITS = (
    _number("-m", "--memory", section=_L, convert=size, metavar="SIZE", help="Most memory."),
    _number(
        "--memory-swap",
        section=_L,
        convert=signed_size,
        metavar="SIZE",
        help="Most memory and swap together; -1 for no limit.",
    ),
    _number("--memory-reservation", section=_L, convert=size, metavar="SIZE", help="Memory it falls back to."),
    _number("--memory-swappiness", section=_L, help="0 to 100."),
    _flag("--oom-kill-disable", section=_L, help="Wait for memory in place of being killed."),
    _number("--oom-score-adj", section=_L, help="-1000 to 1000."),
    _number("--cpus", section=_L, convert=cpus, help="Most CPU time, in CPUs: 1.5."),
    _number("-c", "--cpu-shares", section=_L, help="Weight against other containers (1024)."),
    _number("--cpu-period", section=_L, metavar="MICROSECONDS", help="Period of the CPU limit."),
    _number("--cpu-quota", section=_L, metavar="MICROSECONDS", help="CPU time in each period."),
    _number("--cpu-rt-period", section=_L, metavar="MICROSECONDS", help="Real-time period."),
    _number("--cpu-rt-runtime", section=_L, metavar="MICROSECONDS", help="Real-time CPU time in each."),
    _text("--cpuset-cpus", section=_L, metavar="LIST", help="CPUs that it may use: 0-3,5."),
    _text("--cpuset-mems", section=_L, metavar="LIST", help="Memory nodes that it may use."),
    _number("--pids-limit", section=_L, help="Most processes; -1 for no limit."),
    _many("--ulimit", section=_L, metavar="NAME=SOFT[:HARD]", help="A resource limit: nofile=1024:2048."),
    _number("--blkio-weight", section=_L, help="Weight of its block I/O, 10 to 1000."),
    _many("--blkio-weight-device", section=_L, metavar="DEVICE:WEIGHT", help="The same for one device."),
    _many("--device-read-bps", section=_L, metavar="DEVICE:SIZE", help="Most bytes read a second."),
    _many("--device-write-bps", section=_L, metavar="DEVICE:SIZE", help="Most bytes written a second."),
    _many("--device-read-iops", section=_L, metavar="DEVICE:NUMBER", help="Most reads a second."),
    _many("--device-write-iops", section=_L, metavar="DEVICE:NUMBER", help="Most writes a second."),
    _text("--cgroup-parent", section=_L, metavar="PATH", help="The cgroup below which its own is made."),
)

_I = "Isolation"
ISOLATION = (
    _flag("--privileged", section=_I, help="Give it nearly all that root on the host has."),
    _many("--cap-add", section=_I, metavar="CAPABILITY", help="Grant a capability, or ALL."),
    _many("--cap-drop", section=_I, metavar="CAPABILITY", help="Take one away, or ALL."),
    _many(
        "--security-opt",
        section=_I,
        metavar="OPTION",
        help="no-new-privileges, seccomp=FILE|unconfined, apparmor=PROFILE, systempaths=unconfined.",
    ),
    _text("--pid", section=_I, metavar="MODE", help="Processes: host or container:NAME."),
    _text("--ipc", section=_I, metavar="MODE", help="Shared memory: private, shareable, host, container:NAME, none."),
    _text("--uts", section=_I, metavar="MODE", help="Host name: host."),
    _text("--userns", section=_I, metavar="MODE", help="Users: host or private."),
    _text("--cgroupns", section=_I, metavar="MODE", help="Cgroups: private or host."),
    _many("--sysctl", section=_I, metavar="NAME=VALUE", help="A kernel setting of its namespaces."),
)

_N = "Network"
NETWORK = (
    _text("--network", "--net", section=_N, metavar="NETWORK", help="none, host or container:NAME."),
    _text("-h", "--hostname", section=_N, metavar="NAME", help="The host name it sees."),
    _text("--domainname", section=_N, metavar="NAME", help="The NIS domain name it sees."),
    _many("--add-host", section=_N, metavar="NAME:ADDRESS", help="A line for /etc/hosts."),
    _many("--dns", section=_N, metavar="ADDRESS", help="A name server."),
    _many("--dns-search", section=_N, metavar="DOMAIN", help="A search domain."),
    _many("--dns-option", "--dns-opt", section=_N, metavar="OPTION", help="An option of resolv.conf."),
)  # fmt: skip

_B = "Image, logs and backends"
BACKENDS = (
    _text("--platform", section=_B, metavar="OS/ARCH[/VARIANT]", help="Which of an image's platforms."),
    Flag("--pull", section=_B, choices=("missing", "always", "never"), default="missing",
         help="When to fetch the image; this version never does."),
    _text("--log-driver", section=_B, metavar="DRIVER", help="json-file or none."),
    _many("--log-opt", section=_B, metavar="KEY=VALUE", help="max-size=10m, max-file=3."),
    _many("--require", section=_B, metavar="GUARANTEE", help="Refuse to run without it; `doctor` lists them."),
    _many("--prefer", section=_B, metavar="GUARANTEE", help="Run without it if need be, and say so."),
    _many("--forbid", section=_B, metavar="GUARANTEE", help="Refuse a backend that brings it."),
    _many("--backend", section=_B, metavar="FAMILY=NAME", help="Insist on a backend: storage=copy."),
    Flag("--explain", section=_B, switch=True, help="Show what would be chosen and done, and stop."),
)  # fmt: skip

CREATION = PROGRAM + FILES + LIMITS + ISOLATION + NETWORK + BACKENDS

# docker has them, and here they would be lies: refused with a reason, never passed over.
REFUSED = {
    "publish": ("-p, --publish", "there is no bridge network yet to publish ports of; --network host needs none"),
    "publish_all": ("-P, --publish-all", "there is no bridge network yet to publish ports of"),
    "gpus": ("--gpus", "GPUs are not supported; --device gives single devices"),
    "health_cmd": ("--health-cmd", "health checks are not supported"),
    "link": ("--link", "links need a bridge network, which this version does not have"),
    "ip": ("--ip", "fixed addresses need a bridge network, which this version does not have"),
    "ip6": ("--ip6", "fixed addresses need a bridge network, which this version does not have"),
    "mac_address": ("--mac-address", "addresses need a bridge network, which this version does not have"),
    "network_alias": ("--network-alias", "aliases need a bridge network, which this version does not have"),
    "runtime": ("--runtime", "choose with --backend execution=NAME"),
    "storage_opt": ("--storage-opt", "the size of a root file system cannot be limited"),
    "volume_driver": ("--volume-driver", "this version has the driver local only"),
    "isolation": ("--isolation", "it belongs to Windows"),
    "kernel_memory": ("--kernel-memory", "Linux has not had it since 5.16"),
}

REFUSED_FLAGS = tuple(
    Flag(
        *names.split(", "), name, section="", hidden=True,
        switch=name == "publish_all", many=name != "publish_all",
    )
    for name, (names, _) in REFUSED.items()
)  # fmt: skip

ACCEPTED_FLAGS = (
    # No-ops that scripts written for docker carry, and that change nothing here.
    Flag("--disable-content-trust", section="", hidden=True, switch=True, given=False),
    Flag("--no-healthcheck", section="", hidden=True, switch=True, given=False),
    Flag("--expose", section="", hidden=True, many=True),
)


def request(said: dict[str, Any], words: tuple[str, ...]) -> Request:
    """The request that flags make: `said` is what click parsed, `words` the image (not with --rootfs) and the command.
    InvalidInput, Unsupported."""
    from runtime.containers.request import Request, RestartPolicy

    if not said["rootfs"] and not words:
        raise InvalidInput("missing the image", "`runtime run --help` shows how it is used")
    _refuse(said)
    name, maximum = restart_policy(said["restart"])
    if said["rm"] and name != "no":
        raise InvalidInput("--rm and --restart contradict each other", "leave out one of them")
    profile, security = _seccomp(said["security_opt"])
    return Request(
        image="" if said["rootfs"] else words[0],
        rootfs=os.path.abspath(said["rootfs"]) if said["rootfs"] else "",
        platform=said["platform"],
        pull=said["pull"],
        name=said["name"],
        cidfile=said["cidfile"],
        labels=_labels(said),
        annotations=pairs(said["annotation"], "--annotation"),
        command=words if said["rootfs"] else words[1:],
        entrypoint=_entrypoint(said["entrypoint"]),
        environment=environment(said["env_file"], said["env"]),
        working_folder=said["workdir"],
        user=said["user"],
        groups=said["group_add"],
        tty=said["tty"],
        interactive=said["interactive"],
        detach=said.get("detach", False),
        attach=_streams(said["attach"]),
        detach_keys=said["detach_keys"],
        console_size=_console_size(said["tty"]),
        init=said["init"],
        stop_signal=said["stop_signal"],
        stop_timeout=said["stop_timeout"],
        restart=RestartPolicy(name, maximum),
        auto_remove=said["rm"],
        mounts=_mounts(said),
        volumes_from=said["volumes_from"],
        read_only=said["read_only"],
        shm_size=said["shm_size"],
        devices=_devices(said["device"]),
        device_cgroup_rules=said["device_cgroup_rule"],
        resources=resources(said),
        ulimits=_ulimits(said["ulimit"]),
        oom_score_adjustment=said["oom_score_adj"],
        cgroup_parent=said["cgroup_parent"],
        privileged=said["privileged"],
        cap_add=_names(said["cap_add"]),
        cap_drop=_names(said["cap_drop"]),
        security_options=security,
        seccomp_profile=profile,
        pid=said["pid"],
        ipc=said["ipc"],
        uts=said["uts"],
        userns=said["userns"],
        cgroupns=said["cgroupns"],
        sysctls=pairs(said["sysctl"], "--sysctl"),
        network=said["network"],
        hostname=said["hostname"],
        domainname=said["domainname"],
        add_hosts=said["add_host"],
        dns=said["dns"],
        dns_search=said["dns_search"],
        dns_options=said["dns_option"],
        expose=said["expose"],
        log_driver=said["log_driver"],
        log_options=pairs(said["log_opt"], "--log-opt"),
        backends=_backends(said["backend"]),
        require=said["require"],
        prefer=said["prefer"],
        forbid=said["forbid"],
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
    return tuple(name for text in texts for name in text.split(",") if name)


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


def _seccomp(options: tuple[str, ...]) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """The profile in the file that --security-opt seccomp=FILE names: read here, as the engine knows no folders of
    ours."""
    profile = None
    for text in options:
        key, _, value = text.replace(":", "=", 1).partition("=") if "=" not in text else text.partition("=")
        if key == "seccomp" and value and value != "unconfined":
            profile = _profile(value)
    return profile, options


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
    from runtime.settings import FAMILIES

    found = pairs(texts, "--backend")
    for family in found:
        if family not in FAMILIES:
            raise InvalidInput(f"--backend: no family is called {family!r}", f"they are {', '.join(FAMILIES)}")
    return found
