"""--help, from the tables."""

from __future__ import annotations

from runtime.oci.catalogue import COMMANDS
from runtime.oci.options import FLAG, NUMBER, Command, Option
from runtime.oci.place import program
from runtime.oci.settings import OPTIONS


def overview() -> str:
    width = max(map(len, COMMANDS))
    commands = "".join(f"   {name:{width}}  {summary}\n" for name, summary in COMMANDS.items())
    return (
        f"NAME:\n   {_names()} - Open Container Initiative runtime\n\n"
        f"USAGE:\n   {program()} [global options] command [options] [arguments...]\n\n"
        f"COMMANDS:\n{commands}\nGLOBAL OPTIONS:\n{_options(OPTIONS)}"
    )


def usage(command: Command) -> str:
    text = f"NAME:\n   {_names(command.name)} - {command.summary}\n\n"
    text += f"USAGE:\n   {program()} {command.name} [options] {command.arguments}\n"
    return text + (f"\nOPTIONS:\n{_options(command.options)}" if command.options else "")


def _names(command: str = "") -> str:
    """Ours, and the one that we stand for."""
    own = f"{program()} {command}".rstrip()
    return own if program() == "runc" else f"{own}, in the place of {f'runc {command}'.rstrip()}"


def _options(options: tuple[Option, ...]) -> str:
    lines = []
    for option in options:
        name = f"--{option.name}" + ("" if option.kind == FLAG else " N" if option.kind == NUMBER else " VALUE")
        lines.append((name + (f", -{option.letter}" if option.letter else ""), option.help))
    width = max(len(name) for name, _ in lines)
    return "".join(f"   {name:{width}}  {text}\n" for name, text in lines)
