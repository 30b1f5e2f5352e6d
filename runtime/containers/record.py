"""A container's record: what was wanted and chosen. On the launch path.

What is true of the container now (running, paused, ended) is never in the record: see `runtime.containers.status`.
"""

from __future__ import annotations

from runtime import records
from runtime.errors import Damaged, UnknownContainer, WrongState
from runtime.paths import Paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # id, name, created (RFC 3339), phase, request, image {reference, id, config}, selections {family: {...}},
    # storage {backend, folder, layer} or {rootfs}, log {driver, options}, restart {name, maximum},
    # stop {signal, timeout}, auto_remove, init, interactive, terminal, seclude, volumes [names of anonymous ones],
    # isolation [{guarantee, asked, by, given, why, overruled}], given_up [sentences], notices [sentences]
    Record = dict[str, Any]
else:
    Record = dict

SCHEMA = 1

CREATING = "creating"
CREATED = "created"
REMOVING = "removing"
# Every legal change of phase.
CHANGES = {CREATING: (CREATED, REMOVING), CREATED: (REMOVING,), REMOVING: (REMOVING,)}


def load(paths: Paths, identifier: str) -> Record:
    """UnknownContainer, Damaged."""
    try:
        record = records.load(paths.record(identifier), SCHEMA)
    except FileNotFoundError:
        raise UnknownContainer(
            f"no container {identifier!r}", "`runtime ps --all` lists the containers there are"
        ) from None
    if record.get("id") != identifier or record.get("phase") not in CHANGES:
        raise Damaged(
            f"{paths.record(identifier)} does not describe container {identifier[:12]}",
            f"`runtime rm --force {identifier[:12]}` removes what is left of it",
        )
    return record


def lasting(record: Record) -> bool:
    """Whether a power cut may not cost it: what is still being made, and what is removed when it ends, may go."""
    return record["phase"] != CREATING and not record.get("auto_remove")


def store(paths: Paths, record: Record) -> None:
    records.store(paths.record(record["id"]), record, SCHEMA, durable=lasting(record))


def advance(paths: Paths, record: Record, phase: str) -> None:
    """Changes the phase. WrongState if that change is not legal."""
    if phase not in CHANGES[record["phase"]]:
        raise WrongState(f"container {record['id'][:12]} is {record['phase']}: it cannot become {phase}")
    record["phase"] = phase
    store(paths, record)


def given_up(record: Record) -> list[str]:
    """Every preferred guarantee that this host could not give, with the reason."""
    if "given_up" in record:
        return list(record["given_up"])
    return [line for selection in record["selections"].values() for line in selection["given_up"]]
