"""`runtime-oci start`. On the launch path."""

from __future__ import annotations

import os

from backends.errors import BackendError
from backends.execution.namespaces.backend import NamespacesBackend
from runtime.oci.container import CREATED, PAUSED, STOPPED, Container, find
from runtime.oci.deletion import kill
from runtime.oci.errors import Refused, start_words
from runtime.oci.options import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.execution.steps.step import Step
    from runtime.oci.settings import Settings

COMMAND = Command("start", "execute the program of a created container", "CONTAINER-ID")


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    container = find(settings.root, arguments[0])
    status = container.status()
    if status == STOPPED:
        raise Refused("cannot start a container that has stopped")
    if status == PAUSED:
        raise Refused("cannot start a paused container: resume it first")
    if status != CREATED:
        raise Refused("cannot start an already running container")
    config = container.config()
    backend = NamespacesBackend()
    folder = os.open(container.folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    record = container.record
    after = _after(container, config) if record["hooks"] else []
    try:
        listener = _listener(container, config)
        process = backend.resume(f"/proc/self/fd/{folder}/gate", record["pid"], record["start_time"], after, listener)
        os.unlink("gate", dir_fd=folder)
        backend.start(process)
    except BackendError as error:
        kill(container)  # a poststart hook that fails stops the container, as runc does it
        raise Refused(start_words(error, config["process"])) from error
    finally:
        os.close(folder)
    return 0


def _listener(container: Container, config: dict[str, Any]) -> Any:
    """Whom a filter that is put in force only now is to be told to."""
    profile = (config.get("linux") or {}).get("seccomp") or {}
    if not profile.get("listenerPath"):
        return None
    from backends.execution.steps.notify import listener_of

    return listener_of(profile, container.state(CREATED))


def _after(container: Container, config: dict[str, Any]) -> list[Step]:
    from backends.execution.hooks import steps_of

    return steps_of(config, container.state(CREATED), "poststart")
