"""The flags of `run` and `create`, as docker users know them."""

from __future__ import annotations

from runtime.cli.declaration import Argument, Flag
from runtime.cli.values import cpus, signed_size, size, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


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
    _many("--require", section=_I, metavar="GUARANTEE[,...]", help="Refuse to run without it; `doctor` lists them."),
    _many("--prefer", section=_I, metavar="GUARANTEE[,...]", help="Run without it if need be, and say so."),
    _many("--forbid", section=_I, metavar="GUARANTEE[,...]", help="Leave it out, and refuse a backend that cannot."),
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
