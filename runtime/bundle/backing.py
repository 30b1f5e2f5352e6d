"""What compiling a bundle has to know of the chosen execution backend. Pure."""

from __future__ import annotations

from backends.guarantees import REQUIRE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.containers.promises import Decision


def backing(decision: Decision) -> dict[str, Any]:
    """Fields of `Surroundings`: the capabilities that it withholds, and whether that may be overruled."""
    if decision.selections["execution"].chosen != "chroot":
        return {}
    from backends.execution.chroot.breakouts import WAYS

    return {"withheld": tuple(WAYS), "contained": is_contained(decision)}


def is_contained(decision: Decision) -> bool:
    """Whether it must not be able to leave its root: that is promised, and the user did not give it up."""
    return "own-root" in decision.given & decision.policy.named(REQUIRE)
