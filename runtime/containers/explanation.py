"""`run --explain`: the selections with their reasons and the steps of the plan, without doing anything."""

from __future__ import annotations

import os

from backends import catalogue
from runtime.bundle import compilation
from runtime.bundle.gathering import gather
from runtime.containers.gathering import ranges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.contract import ExecutionBackend, Selection
    from runtime.containers.request import Request
    from runtime.engine import Engine


def explain(engine: Engine, request: Request) -> list[str]:
    """Lines for a person. Whatever `run` would refuse is refused here with the same error."""
    report = engine.report()
    selections = engine.selections(request)
    lines = [line for selection in selections.values() for line in _selection(selection)]
    image = {} if request.rootfs else engine.images.find(request.image, request.platform or None).config
    uid_map, gid_map = ranges(request)
    surroundings = gather(
        request,
        "0" * 64,
        str(report.machine["architecture"]),
        root=os.path.abspath(request.rootfs) if request.rootfs else "",
        uid_map=uid_map,
        gid_map=gid_map,
        volumes={mount.target: f"volume {mount.source or '(new)'}" for mount in request.mounts},
    )
    bundle = compilation.compile_bundle(request, image, report, surroundings)
    backend: ExecutionBackend = catalogue.load("execution", selections["execution"].chosen)()
    plan = backend.plan(bundle, request.rootfs or "ROOT", report)
    lines.append("steps:")
    lines += [f"  {number}. {step}" for number, step in enumerate(plan.describe(), 1)]
    return lines


def _selection(selection: Selection) -> list[str]:
    lines = [f"{selection.family}: {selection.chosen} ({selection.because})"]
    for verdict in selection.verdicts:
        if verdict.backend != selection.chosen:
            lines += [f"  not {verdict.backend}: {reason}" for reason in verdict.reasons]
    lines += [f"  given up: {line}" for line in selection.given_up]
    return lines
