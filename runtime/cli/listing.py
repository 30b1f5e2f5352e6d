"""Lists as commands show them: a table, JSON lines, a template, or identifiers alone."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from runtime.cli.session import say
from runtime.cli.table import table
from runtime.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """`field` is the name in --format; `cell` makes the text for people of a row."""

    title: str
    field: str
    cell: Callable[[Row], str] | None = None

    def text(self, row: Row) -> str:
        return self.cell(row) if self.cell else str(row.get(self.field, ""))


def show_rows(
    rows: Sequence[Row], columns: Sequence[Column], layout: str, titles: dict[str, str] | None = None
) -> None:
    """`layout` is --format: empty or "table", "json", "table TEMPLATE", or a template. `titles` name further fields.

    A row's values may be anything; where a column has its own text for people, a template shows that."""
    if layout in ("", "table"):
        sys.stdout.write(table([column.title for column in columns], [[c.text(row) for c in columns] for row in rows]))
    elif layout == "json":
        import json

        for row in rows:
            say(json.dumps(plain(row), ensure_ascii=False))
    else:
        _templated([_for_template(row, columns) for row in rows], columns, layout, titles or {})


def plain(row: Row) -> Row:
    """Without the fields that begin with an underscore, which are for sorting and filtering."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _for_template(row: Row, columns: Sequence[Column]) -> Row:
    return {**plain(row), **{column.field: column.text(row) for column in columns}}


def _templated(rows: list[Row], columns: Sequence[Column], layout: str, titles: dict[str, str]) -> None:
    from runtime.cli.template import Template

    as_table = layout == "table" or layout.startswith(("table ", "table\\t", "table\t"))
    text = layout[len("table") :].lstrip(" ") if as_table else layout
    text = text.replace("\\t", "\t").replace("\\n", "\n")
    template = Template(text)
    if not as_table:
        for row in rows:
            say(template.render(row))
        return
    known = {**{column.field: column.title for column in columns}, **titles}
    head = template.render({**{name: name.upper() for row in rows[:1] for name in row}, **known})
    body = [template.render(row).split("\t") for row in rows]
    cells = head.split("\t")
    broad = max([len(cells), *(len(row) for row in body)])
    sys.stdout.write(table(*_square(cells, body, broad)))


def _square(head: list[str], body: list[list[str]], broad: int) -> tuple[list[str], list[list[str]]]:
    def filled(row: list[str]) -> list[str]:
        return row + [""] * (broad - len(row))

    return filled(head), [filled(row) for row in body]


def show_document(documents: list[Any], layout: str) -> None:
    """`inspect`: a JSON array, or a template for each."""
    if layout in ("", "json"):
        import json

        indent = None if layout == "json" else 4
        say(json.dumps(documents, indent=indent, ensure_ascii=False))
        return
    from runtime.cli.template import Template

    template = Template(layout.replace("\\t", "\t").replace("\\n", "\n"))
    for document in documents:
        say(template.render(document))


def filters(texts: Sequence[str], known: Sequence[str]) -> dict[str, list[str]]:
    """--filter "key=value" each, by key. InvalidInput for a key that the command does not have."""
    found: dict[str, list[str]] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or key not in known:
            raise InvalidInput(f"--filter: {text!r} is not understood", f"KEY=VALUE with a key of {', '.join(known)}")
        found.setdefault(key, []).append(value)
    return found


def labelled(labels: dict[str, str], wanted: Sequence[str]) -> bool:
    """Whether the labels have all of "key" or "key=value"."""
    for text in wanted:
        key, equals, value = text.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True
