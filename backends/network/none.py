"""No network: a namespace of its own in which there is loopback alone. On the launch path."""

from __future__ import annotations

from backends.contract import Lease, NetworkBackend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from probes.report import HostReport


class NoNetwork(NetworkBackend):
    """Nothing to connect. Loopback is brought up by the execution backend in every new network namespace
    (`backends.network.loopback`), with which this backend is complete."""

    name = "none"
    title = "a network namespace with loopback alone"

    def guarantees(self, report: HostReport) -> frozenset[str]:
        from backends.catalogue import find  # deciding is off the launch path

        return find("network", self.name).guarantees(report)

    def namespace(self) -> bool:
        return True

    def connect(self, container: str, wish: dict[str, Any], pid: int) -> Lease:
        return Lease({"network": self.name})

    def disconnect(self, lease: Lease) -> None:
        return None
