"""How an error looks: what happened, why, and what to do; and the exit status that goes with it."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

OURS = 125
NOT_EXECUTABLE = 126
NOT_FOUND = 127
INTERRUPTED = 130


def describe(error: BaseException) -> tuple[str, str, int]:
    """Message, hint and exit status of an error. Those that nobody foresaw are a defect of ours, and say so."""
    click = sys.modules.get("click")  # what was understood without it cannot fail with its errors
    if click is not None and isinstance(error, click.ClickException):
        return _usage(error)
    if isinstance(error, KeyboardInterrupt) or (click is not None and isinstance(error, click.Abort)):
        return "interrupted", "", INTERRUPTED
    if isinstance(error, OSError):
        from runtime.errors import explain

        problem = explain(error, "do it")
        return str(problem).replace("cannot do it", "the system refused", 1), problem.hint, problem.exit_code
    hint = getattr(error, "hint", None)
    if hint is None:
        return (
            f"a defect of this program: {type(error).__name__}: {error}",
            "run it again with --debug and report what it shows",
            OURS,
        )
    return str(error), hint, _status(error)


def _status(error: BaseException) -> int:
    code = getattr(error, "exit_code", None)
    if isinstance(code, int):
        return code
    return {"ProgramNotFound": NOT_FOUND, "ProgramNotExecutable": NOT_EXECUTABLE}.get(type(error).__name__, OURS)


def _usage(error: click.ClickException) -> tuple[str, str, int]:
    import click

    message = error.format_message().rstrip(".")
    if isinstance(error, click.NoSuchOption):
        message = f"unknown flag {error.option_name}"
        if error.possibilities:
            message += f"; did you mean {' or '.join(sorted(error.possibilities))}?"
    elif message:
        message = message[0].lower() + message[1:]
    context = getattr(error, "ctx", None)
    return message, f"`{context.command_path} --help` shows how it is used" if context else "", OURS


def show(error: BaseException, debug: bool = False) -> int:
    """Writes the error to standard error; the exit status."""
    message, hint, status = describe(error)
    if debug:
        import traceback

        traceback.print_exception(type(error), error, error.__traceback__)
    sys.stdout.flush()
    sys.stderr.write(f"Error: {message}\n")
    if hint:
        sys.stderr.write(f"Hint: {hint}\n")
    sys.stderr.flush()
    return status


def each(references: Iterable[str], action: Callable[[str], object], debug: bool = False) -> int:
    """Does something with each of several things, to the end, telling of every failure: the last one's status."""
    status = 0
    for reference in references:
        try:
            action(reference)
        except Exception as error:
            status = show(error, debug)
    return status
