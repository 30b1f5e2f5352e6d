"""`runtime inspect`, for containers, images and volumes."""

from __future__ import annotations

import click

from runtime.cli import failures
from runtime.cli.completing import containers, images
from runtime.cli.listing import show_document
from runtime.cli.session import engine, say, session, volumes
from runtime.cli.table import table
from runtime.errors import InvalidInput, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Finder = Callable[[str], dict[str, Any]]

_FORMAT = click.option("-f", "--format", "layout", metavar="FORMAT", default="", help="json, or a template.")


def inspect_each(references: tuple[str, ...], finders: list[Finder], layout: str) -> int:
    """Shows those that were found, and tells of the others."""
    documents: list[dict[str, Any]] = []

    def look(reference: str) -> None:
        documents.append(_first(reference, finders))

    status = failures.each(references, look, session().settings.debug)
    show_document(documents, layout)
    return status


def _first(reference: str, finders: list[Finder]) -> dict[str, Any]:
    for finder in finders:
        try:
            return finder(reference)
        except (NotFound, InvalidInput):
            if finder is finders[-1] and len(finders) == 1:
                raise
    raise NotFound(
        f"no container, image or volume is called {reference!r}",
        "`runtime ps --all`, `runtime images` and `runtime volume ls` list them",
    )


def _container(reference: str) -> dict[str, Any]:
    return engine().inspect(reference)


def _image(reference: str) -> dict[str, Any]:
    return engine().images.inspect(reference)


def _volume(reference: str) -> dict[str, Any]:
    return volumes().find(reference).inspect()


def show_isolation(references: tuple[str, ...], as_json: bool) -> int:
    """The worst of the containers' statuses: 0 as asked, 1 weaker or different, 3 not everything can be read."""
    from runtime.isolation import report
    from runtime.isolation.row import status

    documents: list[dict[str, Any]] = []
    statuses = [0]

    def look(reference: str) -> None:
        record, pid, rows = engine().isolation(reference)
        statuses.append(status(rows))
        documents.append(report.document(record, pid, rows))
        if not as_json:
            said, cells = report.lines(record, pid, rows)
            say("\n".join(said))
            say(table(("", "AREA", "WHAT", "ASKED", "IN FORCE", ""), cells).rstrip("\n"))

    failed = failures.each(references, look, session().settings.debug)
    if as_json:
        import json

        say(json.dumps(documents, indent=2, ensure_ascii=False))
    return failed or (1 if 1 in statuses else max(statuses))


_ISOLATION = click.option(
    "--isolation", is_flag=True, help="What is really in force in a running container, beside what was asked."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="With --isolation: as JSON.")


@click.command(
    "inspect",
    help="Show all there is to know of containers, images and volumes, as JSON.",
    epilog="With --isolation the status is 0 if everything is as asked, 1 if something is weaker or different, "
    "3 if this kernel does not show everything.",
)
@_FORMAT
@_ISOLATION
@_JSON
@click.option("--type", "kind", type=click.Choice(["container", "image", "volume"]), help="Only of this kind.")
@click.option("-s", "--size", is_flag=True, hidden=True, expose_value=False)
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=containers)
def command(names: tuple[str, ...], layout: str, isolation: bool, as_json: bool, kind: str | None) -> int:
    if isolation and (layout or kind not in (None, "container")):
        raise InvalidInput("--isolation is of containers, and has no --format", "use --json")
    if as_json and not isolation:
        raise InvalidInput("--json belongs to --isolation", "leave it out: `inspect` shows JSON anyway")
    if isolation:
        return show_isolation(names, as_json)
    by_kind: dict[str, Finder] = {"container": _container, "image": _image, "volume": _volume}
    return inspect_each(names, [by_kind[kind]] if kind else list(by_kind.values()), layout)


@click.command("inspect", help="Show all there is to know of containers, as JSON.")
@_FORMAT
@click.argument("names", metavar="CONTAINER...", nargs=-1, required=True, shell_complete=containers)
def container(names: tuple[str, ...], layout: str) -> int:
    return inspect_each(names, [_container], layout)


@click.command("inspect", help="Show all there is to know of images, as JSON.")
@_FORMAT
@click.argument("names", metavar="IMAGE...", nargs=-1, required=True, shell_complete=images)
def image(names: tuple[str, ...], layout: str) -> int:
    return inspect_each(names, [_image], layout)
