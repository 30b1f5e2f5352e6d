"""`runtime container prune` and `runtime image prune`."""

from __future__ import annotations

import click

from runtime.cli.session import engine, notice, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FORCE = click.option("-f", "--force", is_flag=True, help="Do not ask.")
_TITLES = {"containers": "Deleted Containers:", "images": "Deleted Images:", "volumes": "Deleted Volumes:"}


def report(removed: dict[str, Any]) -> None:
    for line in removed.get("repairs", ()):
        notice(f"Notice: {line}")
    for kind, title in _TITLES.items():
        if removed.get(kind):
            say(title)
            for line in removed[kind]:
                say(line)
            say()


@click.command("prune", help="Remove all containers that do not run.")
@_FORCE
def containers(force: bool) -> None:
    from runtime.cli.asking import sure

    if force or sure("This removes all containers that do not run."):
        report(engine().prune("none", False))


@click.command("prune", help="Remove images without a name.")
@click.option("-a", "--all", "everything", is_flag=True, help="All images that no container stands on.")
@_FORCE
def images(everything: bool, force: bool) -> None:
    from runtime.cli.asking import sure

    kind = "that no container stands on" if everything else "without a name"
    if force or sure(f"This removes all images {kind}."):
        report({"images": engine().images.prune(everything)})
