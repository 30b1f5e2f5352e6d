"""Names for the shell's completion. Whatever fails, it completes nothing and says nothing."""

from __future__ import annotations

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def _quietly(names: Callable[[], list[str]], incomplete: str) -> list[str]:
    try:
        return sorted({name for name in names() if name.startswith(incomplete)})
    except Exception:
        return []


def containers(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from runtime.cli.session import engine

    return _quietly(lambda: [str(found["Names"]) for found in engine().containers(True)], incomplete)


def images(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from runtime.cli.session import engine

    return _quietly(lambda: [name for image in engine().images.list() for name in image.references], incomplete)


def volumes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from runtime.cli.session import volumes as store

    return _quietly(lambda: [volume.name for volume in store().list()], incomplete)
