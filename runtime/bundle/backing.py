"""What compiling a bundle has to know of the chosen execution backend. Pure."""

from __future__ import annotations

from backends.guarantees import REQUIRE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.containers.promises import Decision


def backing(decision: Decision) -> dict[str, Any]:
    """Fields of `Surroundings`: the capabilities that it withholds, and whether that may be overruled."""
    return {"withheld": withheld(decision.selections["execution"].chosen), "contained": is_contained(decision)}


def withheld(backend: str) -> tuple[str, ...]:
    """The capabilities with which a container of an execution backend could leave it."""
    if backend != "chroot":
        return ()
    from backends.execution.chroot.breakouts import WAYS

    return tuple(WAYS)


def is_contained(decision: Decision) -> bool:
    """Whether it must not be able to leave its root: that is promised, and the user did not give it up."""
    return "own-root" in decision.given & decision.policy.named(REQUIRE)
