"""This host, as far as running a bundle goes: its report, its execution backend. On the launch path."""

from __future__ import annotations

import os

from backends.execution.namespaces.backend import NamespacesBackend
from probes import cache
from runtime.oci.errors import Refused
from runtime.oci.place import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from probes.report import HostReport


class Host:
    """What is known is kept in one place, whatever --root says: an engine has a --root a namespace."""

    __slots__ = ("backend", "report")

    def __init__(self, execution: str = "") -> None:
        """`execution`: the backend by which a container was made; else what $RUNTIME_EXECUTION says. Refused."""
        self.report: HostReport = cache.report(f"{home()}/.host", home())
        self.backend = execution_backend(execution or os.environ.get("RUNTIME_EXECUTION") or NamespacesBackend.name)

    def filter(self, config: dict[str, Any]) -> bytes | None:
        """linux.seccomp compiled."""
        profile = (config.get("linux") or {}).get("seccomp")
        if not profile:
            return None
        from backends.security import filter_cache  # 1.5 ms, which a bundle without a filter need not pay

        return filter_cache.load_or_compile(profile, str(self.report.machine["architecture"]), f"{home()}/.filters")


def execution_backend(name: str) -> NamespacesBackend:
    """Refused, for one that does not take bundles as they are."""
    if name == NamespacesBackend.name:
        return NamespacesBackend()
    from backends.execution.chroot.backend import ChrootBackend

    if name != ChrootBackend.name:
        raise Refused(
            f"RUNTIME_EXECUTION: no backend {name!r} executes bundles: {NamespacesBackend.name} and "
            f"{ChrootBackend.name} do"
        )
    return ChrootBackend()
