"""`runtime inspect`, for containers, images and volumes."""

from __future__ import annotations

import click

from runtime.cli import failures
from runtime.cli.completing import containers, images
from runtime.cli.listing import show_document
from runtime.cli.session import engine, session, volumes
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


@click.command("inspect", help="Show all there is to know of containers, images and volumes, as JSON.")
@_FORMAT
@click.option("--type", "kind", type=click.Choice(["container", "image", "volume"]), help="Only of this kind.")
@click.option("-s", "--size", is_flag=True, hidden=True, expose_value=False)
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=containers)
def command(names: tuple[str, ...], layout: str, kind: str | None) -> int:
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
