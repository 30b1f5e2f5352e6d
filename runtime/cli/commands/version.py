"""`runtime version`."""

from __future__ import annotations

import click

from runtime.cli.listing import show_document
from runtime.cli.session import engine, say


@click.command("version", help="Show the versions of this program and of what it stands on.")
@click.option("-f", "--format", "layout", metavar="FORMAT", default="", help="json, or a template: '{{.Version}}'.")
def command(layout: str) -> None:
    found = engine().version()
    if layout:
        if layout == "json":
            import json

            say(json.dumps(found, ensure_ascii=False))
        else:
            show_document([found], layout)
        return
    for title, key in (
        ("runtime", "Version"), ("Python", "Python"), ("OCI runtime spec", "OCI"), ("Kernel", "KernelVersion"),
        ("OS/Arch", "Arch"),
    ):  # fmt: skip
        text = f"{found['Os']}/{found['Arch']}" if key == "Arch" else found[key]
        say(f"{title + ':':<18} {text}")
    for name, number in found["Dependencies"].items():
        say(f"{name + ':':<18} {number}")
