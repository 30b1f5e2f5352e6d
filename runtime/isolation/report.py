"""`inspect --isolation`: the whole answer, as a document and as lines for a person."""

from __future__ import annotations

from runtime.isolation.row import AS_ASKED, Row, status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SCHEMA = 1
_WIDE = 40
_MARKS = {AS_ASKED: " ", "narrower": "<", "differs": "!", "weaker": "!", "unknown": "?"}


def document(record: dict[str, Any], pid: int, rows: list[Row]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "id": record["id"],
        "name": record["name"],
        "pid": pid,
        "as_asked": status(rows) == 0,
        "promised": record.get("isolation", []),
        "in_force": [row.as_dict() for row in rows],
    }


def lines(record: dict[str, Any], pid: int, rows: list[Row]) -> tuple[list[str], list[list[str]]]:
    """What to say before the table, and the table's cells."""
    lost = [row for row in record.get("isolation", []) if not row["given"]]
    said = [f"{record['name']}: process {pid}, {_summary(rows)}"]
    said += [f"  without {row['guarantee']}: {row['why']}" for row in lost]
    return said, [[_MARKS[row.verdict], row.area, row.name, _short(row.asked), _found(row), row.note] for row in rows]


def _found(row: Row) -> str:
    if row.verdict == "unknown":
        return "(not shown)"
    return "the same" if row.found == row.asked and len(row.found) > _WIDE else _short(row.found)


def _short(text: str) -> str:
    return text if len(text) <= _WIDE else text[: _WIDE - 1] + "…"


def _summary(rows: list[Row]) -> str:
    counts = {name: sum(row.verdict == name for row in rows) for name in ("weaker", "differs", "narrower", "unknown")}
    told = [f"{count} {name}" for name, count in counts.items() if count]
    return "everything is in force as asked" if not told else f"of {len(rows)} things asked: {', '.join(told)}"
