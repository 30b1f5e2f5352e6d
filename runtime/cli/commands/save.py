"""`runtime save`."""

from __future__ import annotations

import click

from runtime.cli.archives import writing
from runtime.cli.completing import images as names
from runtime.cli.session import engine


@click.command("save", help="Write images to an archive that docker, podman, skopeo and `load` read.")
@click.option("-o", "--output", metavar="FILE", default="", help="To this file, not to standard output.")
@click.option("--format", "form", type=click.Choice(["docker", "oci"]), default="docker", help="[docker]")
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, shell_complete=names)
def command(images: tuple[str, ...], output: str, form: str) -> None:
    for reference in images:
        engine().images.look_up(reference)  # an unknown image before an empty archive
    with writing(output) as archive:
        engine().images.save(images, archive, form)
