"""`run --explain`: the selections with their reasons and the steps of the plan, without doing anything."""

from __future__ import annotations

import os

from backends import catalogue
from runtime.bundle import compilation
from runtime.bundle.backing import backing
from runtime.bundle.gathering import gather, identities
from runtime.bundle.relinquishing import relinquish_mounts
from runtime.bundle.subids import ranges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import ExecutionBackend, Selection, StorageBackend
    from probes.report import HostReport
    from runtime.containers.promises import Decision
    from runtime.images.store import Image


def explain(report: HostReport, decision: Decision, image: Image | None, storage: StorageBackend) -> list[str]:
    """Lines for a person. Whatever `run` would refuse is refused here with the same error."""
    request, selections = decision.request, decision.selections
    lines = [line for selection in selections.values() for line in _selection(selection)]
    lines += ["isolation:", *(f"  {line}" for row in decision.outcome() for line in told(row))]
    lines += [f"  {notice}" for notice in decision.policy.notices]
    copied = storage.cost(image.chain) if image and image.chain else 0
    if copied:
        lines.append(f"cost: about {copied / 1e6:.1f} MB are copied for this container before it starts")
    uid_map, gid_map = ranges(request)
    where = {"layer": image.chain} if image else {"rootfs": os.path.abspath(request.rootfs)}
    passwd, group = identities(storage, where) if image is None or image.chain else ("", "")
    surroundings = gather(
        request,
        "0" * 64,
        str(report.machine["architecture"]),
        passwd=passwd,
        group=group,
        uid_map=uid_map,
        gid_map=gid_map,
        **backing(decision),
        volumes={mount.target: f"volume {mount.source or '(new)'}" for mount in request.mounts},
    )
    bundle = compilation.compile_bundle(request, image.config if image else {}, report, surroundings)
    relinquish_mounts(bundle, decision.lost)
    backend: ExecutionBackend = catalogue.load("execution", selections["execution"].chosen)()
    door = {"door": "DOOR"} if backend.resides(report) else {}
    plan = backend.plan(bundle, request.rootfs or "ROOT", report, **door)
    lines.append("steps:")
    lines += [f"  {number}. {step}" for number, step in enumerate(plan.describe(), 1)]
    return lines


def told(row: dict[str, Any]) -> list[str]:
    """One guarantee of a container: what was asked of it, by whom, and what came of it."""
    verb = {"require": "required", "prefer": "preferred", "forbid": "forbidden"}.get(row["asked"], row["asked"])
    asked = f"{verb} by {row['by']}"
    line = f"{row['guarantee']}: {asked}; {'given' if row['given'] else 'not given'}: {row['why']}"
    if not row["given"] and row["asked"] not in ("prefer", "require"):
        line = f"{row['guarantee']}: {asked}; not given"
    return [line, *(f"  overruled: {other}" for other in row.get("overruled", ()))]


def _selection(selection: Selection) -> list[str]:
    lines = [f"{selection.family}: {selection.chosen} ({selection.because})"]
    for verdict in selection.verdicts:
        if verdict.backend != selection.chosen:
            lines += [f"  not {verdict.backend}: {reason}" for reason in verdict.reasons]
    lines += [f"  given up: {line}" for line in selection.given_up]
    return lines
