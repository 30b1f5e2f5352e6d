"""`runtime volume`: folders that outlive containers."""

from __future__ import annotations

import click

from runtime.cli.completing import volumes as names
from runtime.cli.failures import each
from runtime.cli.listing import Column, filters, labelled, show_document, show_rows
from runtime.cli.quantities import decimal_size
from runtime.cli.session import engine, say, volumes
from runtime.cli.values import pairs
from runtime.overview import volumes_of

_COLUMNS = (Column("DRIVER", "Driver"), Column("VOLUME NAME", "Name"))
_FILTERS = ("dangling", "name", "label", "driver")


def users() -> dict[str, list[str]]:
    """The names of the containers that mount each volume."""
    found: dict[str, list[str]] = {}
    for target in engine().targets():
        for name in volumes_of(target.record):
            found.setdefault(name, []).append(target.label)
    return found


@click.group("volume", help="Commands on volumes: folders that outlive containers.")
def command() -> None:
    pass


@command.command("create", help="Make a volume, and print its name.")
@click.option("-d", "--driver", metavar="DRIVER", default="local", help="local is the only one.")
@click.option("--label", multiple=True, metavar="KEY=VALUE", help="Put a label on it.")
@click.argument("name", required=False, default="")
def create(name: str, driver: str, label: tuple[str, ...]) -> None:
    say(volumes().ensure(name, pairs(label, "--label"), driver).name)


@command.command("ls", help="List volumes.")
@click.option("-q", "--quiet", is_flag=True, help="Names alone.")
@click.option("-f", "--filter", "wanted", multiple=True, metavar="KEY=VALUE", help=f"By {', '.join(_FILTERS)}.")
@click.option("--format", "layout", metavar="FORMAT", default="", help="table, json, or a template: '{{.Name}}'.")
def ls(quiet: bool, wanted: tuple[str, ...], layout: str) -> None:
    conditions = filters(wanted, _FILTERS)
    used = users() if "dangling" in conditions else {}
    rows = []
    for volume in volumes().list():
        dangling = [value.lower() in ("true", "1") for value in conditions.get("dangling", ())]
        if any(wants == (volume.name in used) for wants in dangling):
            continue
        if not labelled(volume.labels, conditions.get("label", ())):
            continue
        if not all(part in volume.name for part in conditions.get("name", ())):
            continue
        rows.append({**volume.inspect(), "Labels": ",".join(f"{k}={v}" for k, v in volume.labels.items())})
    if quiet and not layout:
        for row in rows:
            say(str(row["Name"]))
        return
    show_rows(rows, _COLUMNS, layout)


@command.command("inspect", help="Show all there is to know of volumes, as JSON.")
@click.option("-f", "--format", "layout", metavar="FORMAT", default="", help="json, or a template.")
@click.argument("volumes_", metavar="VOLUME...", nargs=-1, required=True, shell_complete=names)
def inspect(volumes_: tuple[str, ...], layout: str) -> int:
    documents: list[object] = []
    status = each(volumes_, lambda name: documents.append(volumes().find(name).inspect()))
    show_document(documents, layout)
    return status


@command.command("rm", help="Remove volumes that no container uses.")
@click.option("-f", "--force", is_flag=True, help="Those that do not exist are no error.")
@click.argument("volumes_", metavar="VOLUME...", nargs=-1, required=True, shell_complete=names)
def rm(volumes_: tuple[str, ...], force: bool) -> int:
    used = users()

    def remove(name: str) -> None:
        volumes().remove(name, used.get(name, ()), force)
        say(name)

    return each(volumes_, remove)


@command.command("prune", help="Remove anonymous volumes that no container uses.")
@click.option("-a", "--all", "everything", is_flag=True, help="Also those with names.")
@click.option("-f", "--force", is_flag=True, help="Do not ask.")
def prune(everything: bool, force: bool) -> None:
    from runtime.cli.asking import sure

    kind = "all volumes" if everything else "all anonymous volumes"
    if not force and not sure(f"This removes {kind} that no container uses."):
        return
    removed, freed = volumes().prune(set(users()), everything)
    for name in removed:
        say(name)
    say(f"Total reclaimed space: {decimal_size(freed)}")
