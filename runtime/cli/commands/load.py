"""`runtime load`."""

from __future__ import annotations

import click

from runtime.cli.archives import reading
from runtime.cli.session import engine, say


@click.command("load", help="Take images from an archive (of docker save or OCI, compressed or not) or an OCI layout.")
@click.option("-i", "--input", "path", metavar="FILE", default="", help="From this file or folder, not standard input.")
@click.option("--platform", metavar="OS/ARCH[/VARIANT]", default="", help="Which platform of an image with several.")
@click.option("-q", "--quiet", is_flag=True, help="Print identifiers and names alone.")
def command(path: str, platform: str, quiet: bool) -> None:
    if path and path != "-":
        names = engine().images.load(path, quiet, platform)
    else:
        with reading(path) as stream:
            names = engine().images.load(stream, quiet, platform)
    for name in names:
        kind = "Loaded image ID" if name.startswith("sha256:") else "Loaded image"
        say(name if quiet else f"{kind}: {name}")
