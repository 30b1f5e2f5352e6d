"""This host, as far as running a bundle goes: its report, its execution backend. On the launch path."""

from __future__ import annotations

from backends.execution.namespaces.backend import NamespacesBackend
from probes import cache
from runtime.oci.place import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from probes.report import HostReport


class Host:
    """What is known is kept in one place, whatever --root says: an engine has a --root a namespace."""

    __slots__ = ("backend", "report")

    def __init__(self) -> None:
        self.report: HostReport = cache.report(f"{home()}/.host", home())
        self.backend = NamespacesBackend()

    def filter(self, config: dict[str, Any]) -> bytes | None:
        """linux.seccomp compiled."""
        profile = (config.get("linux") or {}).get("seccomp")
        if not profile:
            return None
        from backends.security import filter_cache  # 1.5 ms, which a bundle without a filter need not pay

        return filter_cache.load_or_compile(profile, str(self.report.machine["architecture"]), f"{home()}/.filters")
