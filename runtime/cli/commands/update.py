"""`runtime update`."""

from __future__ import annotations

import click

from runtime.cli.command import SectionedCommand, option
from runtime.cli.completing import containers as names
from runtime.cli.creation import LIMITS, PROGRAM
from runtime.cli.failures import each
from runtime.cli.requesting import resources
from runtime.cli.session import engine, say
from runtime.cli.values import restart_policy
from runtime.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# docker's list: the limits that a kernel can change under a running container.
_CHANGEABLE = (
    "memory", "memory_swap", "memory_reservation", "cpus", "cpu_shares", "cpu_period", "cpu_quota", "cpu_rt_period",
    "cpu_rt_runtime", "cpuset_cpus", "cpuset_mems", "pids_limit", "blkio_weight",
)  # fmt: skip


def _update(containers: tuple[str, ...], restart: str, **said: Any) -> int:
    from runtime.containers.request import Resources, RestartPolicy

    wanted = resources(said)
    policy = RestartPolicy(*restart_policy(restart)) if restart else None
    if wanted == Resources() and policy is None:
        raise InvalidInput("nothing is to be changed", "give at least one flag, such as --memory 512m")

    def update(reference: str) -> None:
        engine().update(reference, wanted, policy)
        say(reference)

    return each(containers, update)


command = SectionedCommand(
    "update",
    callback=_update,
    params=[
        click.Argument(["containers"], nargs=-1, required=True, metavar="CONTAINER...", shell_complete=names),
        *(option(flag) for flag in LIMITS if flag.name in _CHANGEABLE),
        *(option(flag) for flag in PROGRAM if flag.name == "restart"),
    ],
    help="Change the limits and the restart policy of containers, also while they run.",
)
