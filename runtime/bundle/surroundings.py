"""What compiling a bundle needs to know besides request, image and report: facts of this container and this host,
gathered beforehand so that compiling stays pure."""

from __future__ import annotations

from runtime.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtime.bundle.devices import Node


class IdRange(Value):
    """`size` ids from `inside` on in the container are those from `outside` on of the host."""

    inside: int
    outside: int
    size: int


class Surroundings(Value):
    """
    identifier    the container's, 64 hexadecimal digits
    folder        where the generated files lie (`hostname`, `hosts`, `resolv.conf`); empty: none are mounted
    hostname      the host's, for containers that share it
    passwd group  /etc/passwd and /etc/group of the image's root, as text; empty when it has none
    volumes       the host's folder of each mount of type volume, by its target
    nodes         the host's devices by path, at least those that the request names
    namespaces    paths of the namespaces of other containers that the request joins, by OCI kind
    shm           a tmpfs of the host's to use as /dev/shm: another container's, or one that others may use
    uid_map       the user namespace's, empty for none
    device_rules  whether the chosen cgroups can hold a container to its devices; where they cannot, the user gave that
                  up, or the container has no right to make nodes
    withheld      capabilities that the chosen backend does not grant unless they are named
    contained     whether naming one of those is refused, as it breaks a promise
    groups        how many there are in the user namespace that we are in
    sysctls       the settings that this kernel has out of `sysctls.UNPRIVILEGED_NETWORK`
    """

    identifier: str
    architecture: str = "x86_64"
    rootfs: str = "rootfs"
    folder: str = ""
    hostname: str = ""
    passwd: str = ""
    group: str = ""
    cgroup: str = ""
    volumes: dict[str, str] = {}
    nodes: dict[str, Node] = {}
    namespaces: dict[str, str] = {}
    shm: str = ""
    uid_map: tuple[IdRange, ...] = ()
    gid_map: tuple[IdRange, ...] = ()
    cpus: int = 1
    newest_capability: int = 40
    capabilities: int | None = None  # mask of those that we may pass on; None: all
    sysctls: tuple[str, ...] = ()
    groups: int = 1 << 31
    rootless: bool = False
    withheld: tuple[str, ...] = ()
    contained: bool = True
    device_rules: bool = True
