"""--sysctl: kernel settings that belong to a namespace of the container's own."""

from __future__ import annotations

from runtime.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_IPC = frozenset(
    ("kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
     "kernel.shmmni", "kernel.shm_rmid_forced")
)  # fmt: skip

# docker gives them to every container with a network of its own (since 20.10): ports below 1024 and ping need no
# capability there.
PING = "net.ipv4.ping_group_range"
UNPRIVILEGED_NETWORK = {
    "net.ipv4.ip_unprivileged_port_start": "0",
    PING: "0 2147483647",
}


def normal_name(name: str) -> str:
    """The dotted spelling. As sysctl(8): where a slash comes before the first dot, slashes separate and dots are
    part of a name ("net/ipv4/conf/eth0.1/forwarding")."""
    slash, dot = name.find("/"), name.find(".")
    if slash >= 0 and (dot < 0 or slash < dot):
        return name.translate(str.maketrans("./", "/."))
    return name


def check_sysctls(sysctls: Mapping[str, str], own: Collection[str]) -> dict[str, str]:
    """The settings by normal name. `own` are the kinds of namespaces that the container has for itself. InvalidInput
    for one that would change the host."""
    checked = {}
    for given, value in sysctls.items():
        name = normal_name(given)
        kind = _namespace(name)
        if kind is None:
            raise InvalidInput(
                f"--sysctl {given}: it is not kept by any namespace, so it would change the whole host",
                "set it on the host with sysctl(8)",
            )
        if kind not in own:
            raise InvalidInput(
                f"--sysctl {given}: the container shares the {kind} namespace, so it would change it for others too",
                f"leave out --{'network' if kind == 'network' else kind}, or the --sysctl",
            )
        checked[name] = value
    return checked


def _namespace(name: str) -> str | None:
    if name.startswith("net."):
        return "network"
    if name in _IPC or name.startswith("fs.mqueue."):
        return "ipc"
    if name == "kernel.domainname":
        return "uts"
    return None
