"""What a container is promised: who asked for what, the backends that were selected for it, and what comes of it."""

from __future__ import annotations

from backends.errors import BackendError
from backends.guarantees import FAMILIES, FORBID, GUARANTEES, PREFER, REQUIRE
from backends.requirements import explain
from backends.selection import select_all
from runtime.bundle.demands import policy_for
from runtime.bundle.policy import DEFAULT, GIVEN_UP, LABEL
from runtime.bundle.relinquishing import fulfil, relinquish
from runtime.bundle.subids import ranges
from runtime.errors import Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from backends.contract import Selection
    from probes.report import HostReport
    from runtime.bundle.policy import Policy, Wish
    from runtime.containers.request import Request
    from runtime.settings import Settings

_ASK = "`runtime doctor` shows what works here, and why the rest does not"


class Decision:
    """`wanted` is the request as it came, `request` what its container is made from: with what is insisted on by name,
    and without what is given up. `lacking`: guarantee -> why this host cannot give it although its backend could."""

    __slots__ = ("given", "lacking", "lost", "policy", "request", "selections", "wanted")

    def __init__(
        self, wanted: Request, policy: Policy, selections: dict[str, Selection], lacking: dict[str, str] | None = None
    ) -> None:
        self.wanted = wanted
        self.policy = policy
        self.selections = selections
        self.lacking = lacking or {}
        promised = frozenset(
            guarantee
            for selection in selections.values()
            for verdict in selection.verdicts
            if verdict.backend == selection.chosen
            for guarantee in verdict.guarantees & FAMILIES[selection.family]
        )
        self.given = promised - set(self.lacking)
        # What is preferred and cannot be given, and what is forbidden.
        self.lost = (policy.named(PREFER) - self.given) | policy.named(FORBID)
        insisted = {wish.guarantee for wish in policy.wishes if wish.source != DEFAULT}
        wished = (policy.named(REQUIRE) | policy.named(PREFER)) & self.given & insisted
        self.request = relinquish(fulfil(wanted, wished), self.lost)

    def given_up(self) -> list[str]:
        """A sentence for each guarantee that is preferred and not given."""
        lines = [line for selection in self.selections.values() for line in selection.given_up]
        more = self.policy.named(PREFER) & set(self.lacking)
        return lines + [f"{name} ({GUARANTEES[name]}): {self.lacking[name]}" for name in sorted(more)]

    def outcome(self) -> list[dict[str, Any]]:
        """For each guarantee that somebody spoke of: what was asked, by whom, whether it is given, and why."""
        return [self._row(wish) for wish in self.policy.wishes]

    def _row(self, wish: Wish) -> dict[str, Any]:
        given, why = self._told(wish)
        row: dict[str, Any] = {
            "guarantee": wish.guarantee, "asked": wish.strength, "by": wish.source, "given": given, "why": why,
        }  # fmt: skip
        if wish.overruled:
            row["overruled"] = list(wish.overruled)
        return row

    def _told(self, wish: Wish) -> tuple[bool, str]:
        family = next(name for name, owned in FAMILIES.items() if wish.guarantee in owned)
        selection = self.selections[family]
        if wish.strength == FORBID:
            return False, f"left out, as {wish.source} says"
        if wish.strength == GIVEN_UP:
            return False, f"given up by {wish.source}"
        if wish.guarantee in self.given:
            return True, f"{family} by {selection.chosen}"
        reasons = [line for line in self.given_up() if line.partition(" ")[0] == wish.guarantee]
        return False, reasons[0].partition("): ")[2] if reasons else f"{family} by {selection.chosen} does not give it"


def decide(
    report: HostReport, request: Request, settings: Settings, in_use: str, labels: Mapping[str, str] | None = None
) -> Decision:
    """The backends for one container. Problem with every reason if the host cannot give what is asked."""
    policy = policy_for(request, settings.forced, settings.configuration, labels)
    demands = policy.demands
    if request.network == "host" or request.network.startswith("container:"):
        demands.forced.setdefault("network", "host")
    try:
        selections = select_all(report, demands, {"storage": in_use} if in_use else None)
        return Decision(request, policy, selections, _lacking(report, request, policy))
    except BackendError as error:
        raise Unsupported(f"this host cannot run the container as asked: {error}", error.hint or _ASK) from error


def _lacking(report: HostReport, request: Request, policy: Policy) -> dict[str, str]:
    """What a user namespace needs besides itself. Where one is required, making the container refuses it."""
    if "user-namespace" not in policy.named(PREFER):
        return {}
    if not all(ranges(request.replaced(userns="private"))):
        return {"user-namespace": "no range of ids is set aside for containers in /etc/subuid and /etc/subgid"}
    idmap = report["mount.idmap"]
    if request.image and not idmap.present:
        return {"user-namespace": f"the image's files cannot be shown to it: {explain(idmap)}"}
    return {}


def speaks(labels: Mapping[str, str]) -> bool:
    """Whether an image has something to say about its isolation."""
    return any(name.startswith(LABEL) for name in labels)
