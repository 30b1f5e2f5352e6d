"""`runtime ps`."""

from __future__ import annotations

import click

from runtime.cli.listing import Column, filters, labelled, show_rows
from runtime.cli.session import engine, notice, say
from runtime.cli.table import shortened
from runtime.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Row = dict[str, Any]

_FILTERS = ("id", "name", "label", "status", "exited", "ancestor", "volume", "network", "before", "since")


def _columns(whole: bool) -> tuple[Column, ...]:
    return (
        Column("CONTAINER ID", "ID", lambda row: row["ID"] if whole else row["ID"][:12]),
        Column("IMAGE", "Image"),
        Column("COMMAND", "Command", lambda row: f'"{row["Command"] if whole else shortened(row["Command"], 20)}"'),
        Column("CREATED", "RunningFor"),
        Column("STATUS", "Status"),
        Column("PORTS", "Ports"),
        Column("NAMES", "Names"),
    )


@click.command("ps", help="List containers that run; with --all, also those that do not.")
@click.option("-a", "--all", "everything", is_flag=True, help="Also those that do not run.")
@click.option("-n", "--last", type=int, default=-1, metavar="NUMBER", help="Only the newest, running or not.")
@click.option("-l", "--latest", is_flag=True, help="Only the newest one, running or not.")
@click.option("-q", "--quiet", is_flag=True, help="Identifiers alone.")
@click.option("--no-trunc", is_flag=True, help="Nothing shortened.")
@click.option("-s", "--size", is_flag=True, help="With the bytes that each changed.")
@click.option("-f", "--filter", "wanted", multiple=True, metavar="KEY=VALUE", help=f"By {', '.join(_FILTERS)}.")
@click.option("--format", "layout", metavar="FORMAT", default="", help="table, json, or a template: '{{.ID}}'.")
def command(
    everything: bool,
    last: int,
    latest: bool,
    quiet: bool,
    no_trunc: bool,
    size: bool,
    wanted: tuple[str, ...],
    layout: str,
) -> None:
    last = 1 if latest else last
    conditions = filters(wanted, _FILTERS)
    all_rows = engine().containers(True)
    narrowed = last >= 0 or {"status", "exited"} & set(conditions)
    rows = all_rows if everything or narrowed else [row for row in all_rows if row["State"] in _LIVE]
    rows = [row for row in rows if _fits(row, conditions, all_rows)]
    rows = rows[:last] if last >= 0 else rows
    for line in engine().notices:
        notice(f"Notice: {line}")
    if quiet and not layout:
        for row in rows:
            say(row["ID"] if no_trunc else row["ID"][:12])
        return
    columns = _columns(no_trunc)
    if size:
        _measure(rows)
        columns += (Column("SIZE", "Size"),)
    show_rows([_told(row) for row in rows], columns, layout, {"CreatedAt": "CREATED AT", "State": "STATE"})


_LIVE = ("running", "paused", "restarting")


def _told(row: Row) -> Row:
    """Lists as docker's --format has them: joined by commas."""
    labels = ",".join(f"{key}={value}" for key, value in row["Labels"].items())
    return {**row, "Labels": labels, "Mounts": ",".join(row["Mounts"])}


def _fits(row: Row, conditions: dict[str, list[str]], rows: list[Row]) -> bool:
    """docker's rule: values of one key are alternatives (labels excepted), keys are all to be met."""
    for key, values in conditions.items():
        if key == "label":
            if not labelled(row["Labels"], values):
                return False
        elif not any(_meets(row, key, value, rows) for value in values):
            return False
    return True


def _meets(row: Row, key: str, value: str, rows: list[Row]) -> bool:
    if key == "id":
        return bool(row["ID"].startswith(value))
    if key == "name":
        return value.lstrip("/") in row["Names"]
    if key == "status":
        return bool(row["State"] == value)
    if key == "exited":
        return row["State"] == "exited" and f"({value})" in row["Status"]
    if key == "ancestor":
        return bool(row["Image"] in (value, f"{value}:latest") or row["Image"].split(":")[0] == value)
    if key == "volume":
        return value in row["Mounts"]
    if key == "network":
        return bool(row["Networks"] == value)
    return _older_or_newer(row, key, value, rows)


def _older_or_newer(row: Row, key: str, value: str, rows: list[Row]) -> bool:
    for other in rows:
        if other["Names"] == value or other["ID"].startswith(value):
            earlier = row["CreatedAt"] < other["CreatedAt"]
            return bool(earlier if key == "before" else row["CreatedAt"] > other["CreatedAt"])
    raise InvalidInput(f"--filter {key}: no container {value!r}", "`runtime ps --all` lists them")


def _measure(rows: list[Row]) -> None:
    from runtime.cli.quantities import decimal_size

    storage = engine().images.storage
    layers = storage.layers()
    for row in rows:
        row["Size"] = decimal_size(storage.usage(row["ID"])) if row["ID"] in layers else "0B"
