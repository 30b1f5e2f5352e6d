"""`runtime system`: the whole of it."""

from __future__ import annotations

import click

from runtime.cli.commands.info import command as info
from runtime.cli.commands.prune import report
from runtime.cli.listing import Column, show_rows
from runtime.cli.quantities import decimal_size
from runtime.cli.session import engine


@click.group("system", short_help="Commands on all of it", help="Commands on all of it.")
def command() -> None:
    pass


command.add_command(info)

_COLUMNS = (Column("TYPE", "Type"), Column("TOTAL", "TotalCount"), Column("SIZE", "Size"))


@command.command("df", help="Show what images, containers and volumes take on disk.")
@click.option("-v", "--verbose", is_flag=True, hidden=True, expose_value=False)
@click.option("--format", "layout", metavar="FORMAT", default="", help="table, json, or a template.")
def df(layout: str) -> None:
    found = engine().usage()
    rows = [
        {"Type": kind, "TotalCount": str(part["count"]), "Size": decimal_size(part["size"]) if "size" in part else ""}
        for kind, part in found.items()
    ]
    show_rows(rows, _COLUMNS, layout)


@command.command("prune", help="Remove containers that do not run, images nobody uses, and what kills left behind.")
@click.option("-a", "--all", "everything", is_flag=True, help="All images without a container, not only nameless ones.")
@click.option("--volumes", is_flag=True, help="Also anonymous volumes that no container uses.")
@click.option("-f", "--force", is_flag=True, help="Do not ask.")
def prune(everything: bool, volumes: bool, force: bool) -> None:
    from runtime.cli.asking import sure

    parts = [
        "all containers that do not run",
        f"all images {'without a container' if everything else 'without a name'}",
    ]
    parts += ["all anonymous volumes that no container uses"] if volumes else []
    if not force and not sure(f"This removes {', '.join(parts)}."):
        return
    report(engine().prune("all" if everything else "dangling", volumes))


@command.command(
    "migrate", help="Move all images and containers to another storage backend. No container may run meanwhile."
)
@click.option("--storage", "storage", metavar="NAME", required=True, help="The backend to move them to.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on the way.")
def migrate(storage: str, quiet: bool) -> None:
    def say(text: str) -> None:
        if not quiet:
            click.echo(text, err=True)

    moved = engine().migrate(storage, say)
    click.echo(f"Moved {moved} layers to {storage}")
