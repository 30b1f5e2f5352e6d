"""What was asked for, a container's config.json, beside what its process really has. Pure: values in, rows out."""

from __future__ import annotations

from runtime.isolation import borders, files, limits
from runtime.isolation.row import Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def compare(config: dict[str, Any], observed: dict[str, Any]) -> list[Row]:
    """`observed` as `runtime.isolation.observation` makes it."""
    return [
        *borders.namespaces(config, observed),
        *borders.identity(config, observed),
        *borders.capabilities(config, observed),
        *borders.restrictions(config, observed),
        *files.root(config, observed),
        *files.covered(config, observed),
        *files.mounts(config, observed),
        *limits.rlimits(config, observed),
        *limits.oom(config, observed),
        *limits.cgroup(config, observed),
        *limits.devices(config, observed),
    ]
