"""When an ended container starts again. Pure; on the launch path."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

POLICIES = ("no", "on-failure", "always", "unless-stopped")

FIRST_DELAY = 0.1  # seconds, doubled at each start that does not last
LONGEST_DELAY = 60.0
LASTED = 10.0  # a run of this many seconds counts as a success, and the delay starts again


class Restart:
    """A restart policy and what it remembers: {"name": one of POLICIES, "maximum": n}."""

    __slots__ = ("count", "delay", "maximum", "name")

    def __init__(self, policy: dict[str, Any]) -> None:
        self.name = str(policy.get("name") or "no")
        self.maximum = int(policy.get("maximum") or 0)
        self.count = 0
        self.delay = FIRST_DELAY

    def change(self, policy: dict[str, Any]) -> None:
        self.name = str(policy.get("name") or "no")
        self.maximum = int(policy.get("maximum") or 0)

    def after(self, code: int, lasted: float, stopped: bool) -> float:
        """Seconds to wait before the next start, or -1 for none. `stopped`: a person ended it."""
        if stopped or self.name not in ("always", "unless-stopped", "on-failure"):
            return -1.0
        if self.name == "on-failure" and (code == 0 or (self.maximum and self.count >= self.maximum)):
            return -1.0
        if lasted >= LASTED:
            self.delay = FIRST_DELAY
        delay = self.delay
        self.delay = min(delay * 2, LONGEST_DELAY)
        self.count += 1
        return delay
