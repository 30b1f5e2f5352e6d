"""Everything a user may say about a container before it exists: what `run` and `create` turn their flags into.

A request is a value, free of the host's answers: names are not looked up, paths not opened. `None` and the empty string
mean "not said", so that the image's own settings and the defaults apply. Sizes are bytes, times are seconds.
"""

from __future__ import annotations

from runtime.errors import InvalidInput
from runtime.value import Value, fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Mount(Value):
    """One --mount, --volume or --tmpfs.

    type           "bind", "volume" or "tmpfs"
    source         an absolute folder or file for bind, a volume's name (empty: a new anonymous one), empty for tmpfs
    options        further OCI mount options: "rshared", "size=67108864", "mode=1777", "nosuid"
    create_source  whether a missing bind source becomes a folder, as --volume promises and --mount does not
    copy           whether an empty volume first gets what the image has at `target`
    """

    type: str
    source: str
    target: str
    read_only: bool = False
    options: tuple[str, ...] = ()
    create_source: bool = False
    copy: bool = True


class Device(Value):
    """A device of the host: `permissions` for the cgroup out of "rwm"."""

    source: str
    target: str
    permissions: str = "rwm"


class Ulimit(Value):
    """A resource limit by its short name ("nofile"); -1 is unlimited."""

    name: str
    soft: int
    hard: int


class Throttle(Value):
    """A block device's rate: bytes or operations a second."""

    device: str
    rate: int


class Resources(Value):
    """The limits of a container; what `update` may change later. None: not said."""

    memory: int | None = None
    memory_swap: int | None = None  # memory and swap together; -1 unlimited
    memory_reservation: int | None = None
    memory_swappiness: int | None = None
    oom_kill_disable: bool | None = None
    nano_cpus: int | None = None  # --cpus in billionths
    cpu_period: int | None = None  # microseconds
    cpu_quota: int | None = None  # microseconds
    cpu_rt_period: int | None = None  # microseconds
    cpu_rt_runtime: int | None = None  # microseconds
    cpu_shares: int | None = None
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    pids_limit: int | None = None  # -1 and 0 unlimited
    blkio_weight: int | None = None
    blkio_weight_device: tuple[Throttle, ...] = ()
    device_read_bps: tuple[Throttle, ...] = ()
    device_write_bps: tuple[Throttle, ...] = ()
    device_read_iops: tuple[Throttle, ...] = ()
    device_write_iops: tuple[Throttle, ...] = ()


class RestartPolicy(Value):
    """`name` out of "no", "always", "unless-stopped", "on-failure"; `maximum` restarts of the last, 0 for no bound."""

    name: str = "no"
    maximum: int = 0


class Request(Value):
    """A container as asked for. Either `image` or `rootfs`."""

    image: str = ""
    rootfs: str = ""  # an absolute folder used as it is
    platform: str = ""
    pull: str = "missing"
    name: str = ""
    cidfile: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}

    # ------------------------------------------------------------------------------------------ the program
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None  # an empty tuple takes the image's away
    environment: tuple[str, ...] = ()  # "KEY=value"; a lone "KEY" takes the image's away
    working_folder: str = ""
    user: str = ""
    groups: tuple[str, ...] = ()  # --group-add
    tty: bool = False
    interactive: bool = False
    detach: bool = False
    attach: tuple[str, ...] = ()  # --attach: out of "stdin", "stdout", "stderr"
    detach_keys: str = ""
    console_size: tuple[int, ...] = ()  # rows and columns of the terminal that asks, when there is one
    init: bool = False
    stop_signal: str = ""
    stop_timeout: int | None = None
    restart: RestartPolicy = RestartPolicy()
    auto_remove: bool = False

    # --------------------------------------------------------------------------------------------- its files
    mounts: tuple[Mount, ...] = ()
    volumes_from: tuple[str, ...] = ()
    read_only: bool = False
    shm_size: int | None = None
    devices: tuple[Device, ...] = ()
    device_cgroup_rules: tuple[str, ...] = ()

    # -------------------------------------------------------------------------------------------- its limits
    resources: Resources = Resources()
    ulimits: tuple[Ulimit, ...] = ()
    oom_score_adjustment: int | None = None
    cgroup_parent: str = ""

    # ------------------------------------------------------------------------------------------- its borders
    privileged: bool = False
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    security_options: tuple[str, ...] = ()  # "seccomp=unconfined", "no-new-privileges", ...
    seccomp_profile: dict[str, Any] | None = None  # what --security-opt seccomp=FILE held
    pid: str = ""
    ipc: str = ""
    uts: str = ""
    userns: str = ""
    cgroupns: str = ""
    sysctls: dict[str, str] = {}

    # ------------------------------------------------------------------------------------------- its network
    network: str = ""
    hostname: str = ""
    domainname: str = ""
    add_hosts: tuple[str, ...] = ()  # "name:address"
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    mac_address: str = ""
    publish: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()

    # ---------------------------------------------------------------------------------------- logs, backends
    log_driver: str = ""
    log_options: dict[str, str] = {}
    backends: dict[str, str] = {}  # forced by name: {"storage": "copy"}
    require: tuple[str, ...] = ()  # guarantees
    prefer: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the container's record; what was not said is left out."""
        plain: dict[str, Any] = _plain(self)
        return plain

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Request:
        """InvalidInput for a field that this version does not know."""
        request: Request = _build(cls, data)
        return request

    def with_resources(self, changes: Resources) -> Request:
        """This request with `changes`' limits in place of its own; what `changes` does not say stays."""
        default = Resources()
        said = {name: getattr(changes, name) for name in fields(changes)}
        said = {name: value for name, value in said.items() if value != getattr(default, name)}
        return self.replaced(resources=self.resources.replaced(**said))


class ExecRequest(Value):
    """One `exec`: another program in a running container."""

    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    working_folder: str = ""
    user: str = ""
    privileged: bool = False
    tty: bool = False
    interactive: bool = False
    detach: bool = False
    detach_keys: str = ""
    console_size: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        plain: dict[str, Any] = _plain(self)
        return plain

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ExecRequest:
        request: ExecRequest = _build(cls, data)
        return request


# Fields that hold values of these classes, one or a tuple of them.
_ONE = {"resources": Resources, "restart": RestartPolicy}
_MANY = {
    "mounts": Mount,
    "devices": Device,
    "ulimits": Ulimit,
    "blkio_weight_device": Throttle,
    "device_read_bps": Throttle,
    "device_write_bps": Throttle,
    "device_read_iops": Throttle,
    "device_write_iops": Throttle,
}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Value):
        plain = {name: _plain(getattr(value, name)) for name in fields(value)}
        if isinstance(value, (Request, ExecRequest, Resources)):
            blank = _BLANKS[type(value)]
            return {name: item for name, item in plain.items() if getattr(value, name) != getattr(blank, name)}
        return plain
    return value


def _build(cls: type[Any], data: dict[str, Any]) -> Any:
    unknown = set(data) - set(fields(cls))
    if unknown:
        raise InvalidInput(
            f"unknown field in a container's request: {', '.join(sorted(unknown))}",
            hint="it was written by a newer version of this program; use that one",
        )
    values: dict[str, Any] = {}
    for name, value in data.items():
        if name in _ONE:
            values[name] = _build(_ONE[name], value)
        elif name in _MANY:
            values[name] = tuple(_build(_MANY[name], item) for item in value)
        else:
            values[name] = tuple(value) if isinstance(value, list) else value
    return cls(**values)


_BLANKS: dict[type[Any], Any] = {Request: Request(), ExecRequest: ExecRequest(), Resources: Resources()}
