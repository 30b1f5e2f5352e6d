"""`runtime stats`."""

from __future__ import annotations

import sys
import time

import click

from runtime.cli.completing import containers as names
from runtime.cli.listing import Column, show_rows
from runtime.cli.quantities import binary_size, decimal_size
from runtime.cli.session import engine
from runtime.errors import NotFound, WrongState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Sample = dict[str, Any]
    Row = dict[str, Any]

_INTERVAL = 1.0
_CLEAR = "\033[2J\033[H"

_COLUMNS = (
    Column("CONTAINER ID", "ID"),
    Column("NAME", "Name"),
    Column("CPU %", "CPUPerc"),
    Column("MEM USAGE / LIMIT", "MemUsage"),
    Column("MEM %", "MemPerc"),
    Column("NET I/O", "NetIO"),
    Column("BLOCK I/O", "BlockIO"),
    Column("PIDS", "PIDs"),
)


@click.command("stats", help="Show what running containers use, again and again.")
@click.option("-a", "--all", "everything", is_flag=True, help="Also those that do not run.")
@click.option("--no-stream", is_flag=True, help="Once only.")
@click.option("--no-trunc", is_flag=True, help="Nothing shortened.")
@click.option("--format", "layout", metavar="FORMAT", default="", help="table, json, or a template.")
@click.argument("containers", metavar="[CONTAINER]...", nargs=-1, shell_complete=names)
def command(containers: tuple[str, ...], everything: bool, no_stream: bool, no_trunc: bool, layout: str) -> None:
    before = _samples(containers, everything)
    while True:
        time.sleep(_INTERVAL)
        after = _samples(containers, everything)
        rows = [_row(before.get(key), sample, no_trunc) for key, sample in after.items()]
        if not no_stream and sys.stdout.isatty() and layout in ("", "table"):
            sys.stdout.write(_CLEAR)
        show_rows(rows, _COLUMNS, layout)
        sys.stdout.flush()
        if no_stream:
            return
        before = after


def _samples(containers: tuple[str, ...], everything: bool) -> dict[str, Sample]:
    """By identifier. Those that are named must run; of the others, those that end meanwhile are left out."""
    if containers:
        found = [_sample_or_nothing(name) if everything else engine().sample(name) for name in containers]
    else:
        found = []
        for row in engine().containers(everything):
            try:
                found.append(_sample_or_nothing(row["ID"]))
            except NotFound:
                continue
        found = [sample for sample in found if everything or "time" in sample]
    return {sample["id"]: sample for sample in found}


def _sample_or_nothing(reference: str) -> Sample:
    try:
        return engine().sample(reference)
    except WrongState:
        record = engine().target(reference).record
        return {"id": record["id"], "name": record["name"]}


def _row(before: Sample | None, after: Sample, whole: bool) -> Row:
    row = {"ID": after["id"] if whole else after["id"][:12], "Container": after["id"][:12], "Name": after["name"]}
    if "time" not in after:
        return {**row, **{column.field: "--" for column in _COLUMNS[2:]}}
    from runtime.containers.statistics import rows

    figures: dict[str, Any] = dict(rows(before if before and "time" in before else after, after))
    return {
        **row,
        "CPUPerc": f"{figures['cpu_percent']:.2f}%",
        "MemUsage": f"{binary_size(figures['memory_usage'])} / {binary_size(figures['memory_limit'])}",
        "MemPerc": f"{figures['memory_percent']:.2f}%",
        "NetIO": f"{decimal_size(figures['network_received'])} / {decimal_size(figures['network_sent'])}",
        "BlockIO": f"{decimal_size(figures['block_read'])} / {decimal_size(figures['block_written'])}",
        "PIDs": str(figures["pids"]),
    }
