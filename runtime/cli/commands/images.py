"""`runtime images`."""

from __future__ import annotations

import click

from runtime.cli.completing import images as names
from runtime.cli.listing import Column, filters, labelled, show_rows
from runtime.cli.quantities import decimal_size
from runtime.cli.session import engine, say
from runtime.containers.inspection import ago

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.images.image import Image

    Row = dict[str, Any]

_FILTERS = ("dangling", "label", "reference", "before", "since")
_NONE = "<none>"


def _columns(digests: bool) -> tuple[Column, ...]:
    middle = (Column("DIGEST", "Digest"),) if digests else ()
    return (
        Column("REPOSITORY", "Repository"),
        Column("TAG", "Tag"),
        *middle,
        Column("IMAGE ID", "ID"),
        Column("CREATED", "CreatedSince"),
        Column("SIZE", "Size"),
    )


@click.command("images", help="List images.")
@click.option("-a", "--all", "everything", is_flag=True, hidden=True, expose_value=False)
@click.option("-q", "--quiet", is_flag=True, help="Identifiers alone.")
@click.option("--no-trunc", is_flag=True, help="Nothing shortened.")
@click.option("--digests", is_flag=True, help="With the digests of their manifests.")
@click.option("-f", "--filter", "wanted", multiple=True, metavar="KEY=VALUE", help=f"By {', '.join(_FILTERS)}.")
@click.option("--format", "layout", metavar="FORMAT", default="", help="table, json, or a template: '{{.ID}}'.")
@click.argument("reference", required=False, default="", shell_complete=names)
def command(quiet: bool, no_trunc: bool, digests: bool, wanted: tuple[str, ...], layout: str, reference: str) -> None:
    conditions = filters(wanted, _FILTERS)
    if reference:
        conditions.setdefault("reference", []).append(reference)
    everything = engine().images.list()
    rows = [row for image in everything if _fits(image, conditions, everything) for row in _rows(image, no_trunc)]
    if "reference" in conditions:
        rows = [row for row in rows if any(_named(row, pattern) for pattern in conditions["reference"])]
    if quiet and not layout:
        for identifier in dict.fromkeys(row["ID"] for row in rows):
            say(identifier)
        return
    show_rows(rows, _columns(digests), layout, {"Digest": "DIGEST", "CreatedAt": "CREATED AT"})


def _rows(image: Image, whole: bool) -> list[Row]:
    base: Row = {
        "ID": image.id if whole else image.short,
        "Digest": image.manifest,
        "CreatedAt": image.created,
        "CreatedSince": _since(image.created),
        "Size": decimal_size(image.size),
        "Platform": str(image.platform),
    }
    return [{**base, **_split(name)} for name in image.references or [""]]


def _split(name: str) -> dict[str, str]:
    if name.startswith("@") or not name:
        return {"Repository": name or _NONE, "Tag": _NONE}
    repository, _, tag = name.partition("@")[0].rpartition(":")
    if not repository or "/" in tag:
        return {"Repository": name.partition("@")[0], "Tag": _NONE}
    return {"Repository": repository, "Tag": tag}


def _since(moment: str) -> str:
    try:
        return ago(moment)
    except ValueError:
        return ""


def _named(row: Row, pattern: str) -> bool:
    from fnmatch import fnmatchcase

    whole = f"{row['Repository']}:{row['Tag']}"
    return any(fnmatchcase(text, pattern) for text in (row["Repository"], whole))


def _fits(image: Image, conditions: dict[str, list[str]], everything: list[Image]) -> bool:
    for value in conditions.get("dangling", ()):
        if (value.lower() in ("true", "1")) == bool(image.references):
            return False
    if not labelled((image.config.get("config") or {}).get("Labels") or {}, conditions.get("label", ())):
        return False
    for value in conditions.get("before", ()):
        if image.created >= engine().images.look_up(value).created:
            return False
    return all(image.created > engine().images.look_up(value).created for value in conditions.get("since", ()))
