"""One line of the comparison, and how bad it is."""

from __future__ import annotations

from dataclasses import dataclass

AS_ASKED = "as asked"
NARROWER = "narrower"  # the container has less than it was given: its program gave it up, or an outer sandbox took it
DIFFERS = "differs"
WEAKER = "weaker"
UNKNOWN = "unknown"  # this kernel does not show it

MET, BROKEN, UNSURE = 0, 1, 3


@dataclass(frozen=True)
class Row:
    area: str
    name: str
    asked: str
    found: str
    verdict: str = AS_ASKED
    note: str = ""

    def as_dict(self) -> dict[str, str]:
        return {
            "area": self.area,
            "name": self.name,
            "asked": self.asked,
            "found": self.found,
            "verdict": self.verdict,
            "note": self.note,
        }


def same(area: str, name: str, asked: str, found: str, otherwise: str = DIFFERS, note: str = "") -> Row:
    """A row whose two sides are to be equal; an empty `found` is one that nobody could read."""
    verdict = UNKNOWN if not found else AS_ASKED if asked == found else otherwise
    return Row(area, name, asked, found, verdict, note if verdict == otherwise else "")


def status(rows: list[Row]) -> int:
    """0: as asked, or narrower. 1: something is weaker, or is not what was asked. 3: nothing of that, but this kernel
    does not show everything."""
    verdicts = {row.verdict for row in rows}
    if verdicts & {WEAKER, DIFFERS}:
        return BROKEN
    return UNSURE if UNKNOWN in verdicts else MET
