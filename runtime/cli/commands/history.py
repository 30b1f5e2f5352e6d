"""`runtime history`."""

from __future__ import annotations

import click

from runtime.cli.completing import images
from runtime.cli.listing import Column, show_rows
from runtime.cli.quantities import decimal_size
from runtime.cli.session import engine, say
from runtime.cli.table import shortened
from runtime.containers.inspection import ago

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Row = dict[str, Any]

_WIDE = 45


@click.command("history", help="Show how an image was made, the newest step first.")
@click.option("-H", "--human/--no-human", default=True, help="Sizes and moments for people. [yes]")
@click.option("--no-trunc", is_flag=True, help="Nothing shortened.")
@click.option("-q", "--quiet", is_flag=True, help="Identifiers alone.")
@click.option("--format", "layout", metavar="FORMAT", default="", help="table, json, or a template.")
@click.argument("image", shell_complete=images)
def command(image: str, human: bool, no_trunc: bool, quiet: bool, layout: str) -> None:
    rows = [_row(entry, human, no_trunc) for entry in engine().images.history(image)]
    if quiet:
        for row in rows:
            say(row["ID"])
        return
    columns = (
        Column("IMAGE", "ID"),
        Column("CREATED", "CreatedSince" if human else "CreatedAt"),
        Column("CREATED BY", "CreatedBy"),
        Column("SIZE", "Size"),
        Column("COMMENT", "Comment"),
    )
    show_rows(rows, columns, layout)


def _row(entry: Row, human: bool, whole: bool) -> Row:
    identifier = str(entry["Id"])
    by = str(entry["CreatedBy"]).replace("\n", " ").replace("\t", " ")
    return {
        "ID": identifier if whole else identifier.removeprefix("sha256:")[:12],
        "CreatedAt": entry["Created"],
        "CreatedSince": _since(str(entry["Created"])),
        "CreatedBy": by if whole else shortened(by, _WIDE),
        "Size": decimal_size(entry["Size"]) if human else str(entry["Size"]),
        "Comment": entry["Comment"],
        "Tags": entry["Tags"],
    }


def _since(moment: str) -> str:
    try:
        return ago(moment)
    except ValueError:
        return ""
