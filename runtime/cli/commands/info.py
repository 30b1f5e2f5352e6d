"""`runtime info`."""

from __future__ import annotations

import click

from runtime.cli.listing import show_document
from runtime.cli.quantities import binary_size
from runtime.cli.session import engine, notice, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@click.command("info", help="Show what is here, where it is kept, and which backends were chosen.")
@click.option("-f", "--format", "layout", metavar="FORMAT", default="", help="json, or a template: '{{.Driver}}'.")
def command(layout: str) -> None:
    found = engine().info()
    if layout:
        if layout == "json":
            import json

            say(json.dumps(found, ensure_ascii=False))
        else:
            show_document([found], layout)
        return
    for title, text in _lines(found):
        say(f"{title + ':':<18} {text}")
    for line in found["GivenUp"]:
        notice(f"Notice: {line}")


def _lines(found: dict[str, Any]) -> list[tuple[str, object]]:
    backends = [(f"  {family}", chosen or "none usable") for family, chosen in found["Backends"].items()]
    return [
        ("Containers", found["Containers"]),
        ("  running", found["ContainersRunning"]),
        ("  paused", found["ContainersPaused"]),
        ("  stopped", found["ContainersStopped"]),
        ("Images", found["Images"]),
        ("Version", found["ServerVersion"]),
        ("Kept in", found["Root"]),
        ("Tracked in", found["State"]),
        ("Storage in use", found["Driver"]),
        ("Backends", "(`runtime doctor` says why)"),
        *backends,
        ("Kernel", found["KernelVersion"]),
        ("System", found["OperatingSystem"]),
        ("Architecture", found["Architecture"]),
        ("CPUs", found["NCPU"]),
        ("Memory", binary_size(found["MemTotal"])),
        ("Name", found["Name"]),
        ("Python", found["Python"]),
        ("Rootless", "yes" if found["Rootless"] else "no"),
    ]
