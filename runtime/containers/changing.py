"""`rename` and `update`: changing a container that exists."""

from __future__ import annotations

import os

from backends import catalogue
from backends.cgroups import layout
from runtime import records
from runtime.bundle import limits
from runtime.bundle.demands import LIMITS
from runtime.bundle.relinquishing import unlimited
from runtime.containers import control, names, sweeping
from runtime.containers import record as containers
from runtime.containers.control import Target
from runtime.containers.request import Request, Resources, RestartPolicy
from runtime.errors import Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from probes.report import HostReport


def rename(target: Target, name: str) -> None:
    """NameTaken, InvalidInput. An interruption leaves both names reserved for the container: neither is lost to it."""
    name = name.lstrip("/")
    former = target.record["name"]
    if name == former:
        return
    sweeping.reserve(target.paths, name, target.identifier)
    target.record["name"] = name
    target.record["request"]["name"] = name
    containers.store(target.paths, target.record)
    names.release(target.paths, former, target.identifier)


def update(target: Target, resources: Resources, restart: RestartPolicy | None, report: HostReport) -> None:
    """Changes limits and restart policy, at once if it runs and for every later start. Unsupported, naming each limit
    that this host cannot apply; then nothing is changed."""
    request = Request.from_dict(target.record["request"])
    changed = request.with_resources(resources)
    lost = {row["guarantee"] for row in target.record.get("isolation", []) if not row["given"]}
    kept = unlimited(changed.resources, lost & set(_untouched(resources)))
    wanted = limits.limits(kept, os.cpu_count() or 1, report.has("cgroup.swap"), {})
    manager = catalogue.load("cgroups", target.record["selections"]["cgroups"]["chosen"])(layout.read())
    unmet = manager.check(wanted, report)
    if unmet:
        raise Unsupported("; ".join(unmet), "`runtime doctor` says what each limit needs")
    if target.status.running:
        control.limit(target, limits.limits(resources, os.cpu_count() or 1, report.has("cgroup.swap"), {}))
    _keep(target, changed, wanted)
    if restart is not None:
        _policy(target, restart)


def _untouched(changes: Resources) -> list[str]:
    """The limits that a change does not speak of: those given up at the creation stay so."""
    default = Resources()
    return [
        guarantee
        for guarantee, names in LIMITS.items()
        if all(getattr(changes, name) == getattr(default, name) for name in names)
    ]


def _keep(target: Target, request: Request, resources: dict[str, Any]) -> None:
    bundle = records.load(target.paths.bundle(target.identifier))
    former = bundle["linux"].get("resources", {})
    bundle["linux"]["resources"] = {**resources, "devices": former.get("devices", [])}
    records.store(target.paths.bundle(target.identifier), bundle)
    target.record["request"] = request.to_dict()
    containers.store(target.paths, target.record)


def _policy(target: Target, restart: RestartPolicy) -> None:
    policy = {"name": restart.name, "maximum": restart.maximum}
    target.record["restart"] = policy
    containers.store(target.paths, target.record)
    if target.status.busy:
        control.change_policy(target, policy)
