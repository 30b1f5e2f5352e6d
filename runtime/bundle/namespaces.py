"""Which namespaces a container has for itself, shares with the host, or joins: --network, --pid, --ipc and the like."""

from __future__ import annotations

from runtime.errors import InvalidInput
from runtime.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from probes.report import HostReport
    from runtime.bundle.surroundings import Surroundings
    from runtime.containers.request import Request

OWN = "own"
HOST = "host"
JOINED = "joined"
CONTAINER = "container:"

# flag -> the words that mean a namespace of the container's own, beside the empty one
_OWN_WORDS = {
    "network": ("none", "private", "bridge", "default"),
    "pid": ("private",),
    "ipc": ("private", "shareable", "none"),
    "uts": ("private",),
    "userns": ("private", "auto", "remap"),
    "cgroupns": ("private",),
}
_JOINABLE = ("network", "pid", "ipc")


class Namespaces(Value):
    """For each kind: OWN, HOST or JOINED."""

    network: str
    pid: str
    ipc: str
    uts: str
    user: str
    cgroup: str

    def own(self) -> frozenset[str]:
        kinds = ("network", "pid", "ipc", "uts", "user", "cgroup")
        return frozenset(kind for kind in kinds if getattr(self, kind) == OWN)


def mode(flag: str, value: str) -> str:
    """OWN, HOST or JOINED; InvalidInput for a word that is none of a flag's."""
    if not value or value in _OWN_WORDS[flag]:
        return OWN
    if value == "host":
        return HOST
    if value.startswith(CONTAINER) and len(value) > len(CONTAINER) and flag in _JOINABLE:
        return JOINED
    words = [*_OWN_WORDS[flag], "host", *(("container:NAME",) if flag in _JOINABLE else ())]
    if flag == "network":
        raise InvalidInput(
            f"--network: there is no network {value!r}", "this version has none, host and container:NAME"
        )
    raise InvalidInput(f"--{flag}: no mode is called {value!r}", f"it may be {', '.join(words)}")


def joined_container(value: str) -> str:
    """The name in "container:NAME", or the empty string."""
    return value[len(CONTAINER) :] if value.startswith(CONTAINER) else ""


def namespaces(request: Request, surroundings: Surroundings, report: HostReport) -> Namespaces:
    user = mode("userns", request.userns)
    if request.userns and user == OWN and not surroundings.uid_map:
        raise InvalidInput(
            f"--userns {request.userns}: no range of ids is set aside for containers",
            "add a line to /etc/subuid and /etc/subgid, or leave out --userns",
        )
    if not surroundings.uid_map:
        user = HOST
    elif surroundings.rootless:
        user = OWN
    cgroup = mode("cgroupns", request.cgroupns)
    if not request.cgroupns and (request.privileged or not report.has("namespace.cgroup")):
        cgroup = HOST
    found = Namespaces(
        network=mode("network", request.network),
        pid=mode("pid", request.pid),
        ipc=mode("ipc", request.ipc),
        uts=mode("uts", request.uts),
        user=user,
        cgroup=cgroup,
    )
    _contradictions(request, found)
    return found


def _contradictions(request: Request, found: Namespaces) -> None:
    if found.uts == HOST and (request.hostname or request.domainname):
        raise InvalidInput("--hostname and --uts host: the host's name would change", "leave out one of them")
    if found.network == JOINED and (request.dns or request.add_hosts):
        raise InvalidInput("--dns and --add-host belong to the container whose network is joined", "set them there")
    if found.network != OWN and request.publish:
        raise InvalidInput("--publish has no meaning with the network of another", "leave out --publish")
    if found.user == OWN and request.privileged and request.userns:
        raise InvalidInput("--privileged and --userns contradict each other", "leave out one of them")


def bundle_namespaces(found: Namespaces, surroundings: Surroundings) -> list[dict[str, Any]]:
    """`linux.namespaces`."""
    listed: list[dict[str, Any]] = [{"type": "mount"}]
    for kind in ("network", "uts", "pid", "ipc", "user", "cgroup"):
        how = getattr(found, kind)
        if how == OWN:
            listed.append({"type": kind})
        elif how == JOINED:
            listed.append({"type": kind, "path": surroundings.namespaces[kind]})
    return listed
