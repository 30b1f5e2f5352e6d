"""The host's network: the container is in its namespace, and sees its interfaces and ports. On the launch path."""

from __future__ import annotations

from backends.contract import Lease, NetworkBackend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from probes.report import HostReport


class HostNetwork(NetworkBackend):
    name = "host"
    title = "the host's own network"

    def guarantees(self, report: HostReport) -> frozenset[str]:
        return frozenset()

    def namespace(self) -> bool:
        return False

    def connect(self, container: str, wish: dict[str, Any], pid: int) -> Lease:
        return Lease({"network": self.name})

    def disconnect(self, lease: Lease) -> None:
        return None
