"""What is executed: the rules by which a request's command, entrypoint and environment meet the image's."""

from __future__ import annotations

from runtime.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from runtime.containers.request import ExecRequest, Request

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def arguments(request: Request, image: dict[str, Any]) -> list[str]:
    """The program and its arguments. The image's Cmd counts only where the user gave neither a command nor an
    entrypoint. InvalidInput when nothing is left."""
    command = list(request.command)
    if request.entrypoint is None:
        entrypoint = list(image.get("Entrypoint") or ())
        command = command or list(image.get("Cmd") or ())
    else:
        entrypoint = list(request.entrypoint)
    whole = entrypoint + command
    if not whole:
        raise InvalidInput("no command: neither the image nor you say what to run", "give a command after the image")
    return checked_arguments(whole)


def checked_arguments(whole: list[str]) -> list[str]:
    """InvalidInput for what execve(2) cannot take."""
    if not whole[0]:
        raise InvalidInput("the command is an empty string", "give a program's name or path")
    if any("\0" in word for word in whole):
        raise InvalidInput("the command has a NUL byte in it, which no program can be given")
    return whole


def environment(request: Request, image: dict[str, Any], hostname: str, home: str) -> list[str]:
    """`process.env`: defaults, then the image's, then the request's; a lone "KEY" of the request takes it away."""
    values = {"PATH": PATH, "HOSTNAME": hostname}
    if request.tty:
        values["TERM"] = "xterm"
    for line in image.get("Env") or ():
        key, _, value = line.partition("=")
        values[key] = value
    say(values, request.environment)
    if not values.get("HOME"):
        values["HOME"] = home
    return [f"{key}={value}" for key, value in values.items()]


def say(values: dict[str, str], lines: Iterable[str]) -> None:
    """Changes `values` as --env says: "KEY=value" sets, a lone "KEY" takes away. InvalidInput."""
    for line in lines:
        key, equals, value = line.partition("=")
        if not key or "\0" in line:
            raise InvalidInput(f"--env: {line!r} is not KEY=value", "give the variable a name")
        if equals:
            values[key] = value
        else:
            values.pop(key, None)


def working_folder(request: Request | ExecRequest, image: dict[str, Any]) -> str:
    folder = request.working_folder or image.get("WorkingDir") or "/"
    if not folder.startswith("/"):
        raise InvalidInput(f"--workdir: {folder!r} is not an absolute path")
    if "\0" in folder:
        raise InvalidInput("--workdir: a NUL byte in the path")
    return str(folder)
