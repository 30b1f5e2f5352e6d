"""docker's groups by subject: the same commands under other names."""

from __future__ import annotations

from runtime.cli.catalogue import CONTAINER_COMMANDS, IMAGE_COMMANDS
from runtime.cli.command import LazyGroup

container = LazyGroup("container", entries=CONTAINER_COMMANDS, help="Commands on containers.")
image = LazyGroup("image", entries=IMAGE_COMMANDS, help="Commands on images.")
