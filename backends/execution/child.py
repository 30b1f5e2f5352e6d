"""What the child does after the fork: its steps, one by one, and what went wrong to the parent. On the launch path.

Nothing is imported here any more, and the only way out is os._exit: the memory is a copy of the parent's, whose
buffers, locks and clean-ups are not ours.
"""

from __future__ import annotations

import _signal
import gc
import os

from backends.errors import ProgramNotExecutable, ProgramNotFound, StepFailed
from backends.execution.channel import DONE, FAILED, PERFORM
from backends.execution.steps.step import PARENT, Context, Step
from backends.execution.steps.stream import close_others

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

NOT_FOUND = "not found"
NOT_EXECUTABLE = "not executable"
OTHER = "other"
_STATUS = 125


def prepare(context: Context, preserved: int) -> None:
    """Leaves behind what was the parent's: its signal handlers (all signals are blocked since before the fork), its
    descriptors, and the collection of its garbage, whose finalizers would act for it."""
    gc.disable()
    _signal.set_wakeup_fd(-1)
    stdio = context.stdio
    kept = {
        0,
        1,
        2,
        stdio.stdin,
        stdio.stdout,
        stdio.stderr,
        context.channel.fileno(),
        context.gate,
        *range(3, 3 + preserved),
    }
    close_others({descriptor for descriptor in kept if descriptor >= 0})


def run(context: Context, first: int) -> NoReturn:
    """Executes the steps from number `first` on; the last one never returns."""

    def steps() -> None:
        for number in range(first, len(context.steps)):
            perform(context, number)

    guard(context, steps)


def perform(context: Context, number: int) -> None:
    step: Step = context.steps[number]
    try:
        if step.place == PARENT:
            descriptor = ask(context, number)
            if descriptor >= 0:
                step.take(context, descriptor)
        else:
            step.execute(context)
    except OSError as error:
        raise failure(step.describe(), error) from error


def ask(context: Context, number: int) -> int:
    """Has the parent execute a step; the descriptor that comes of it, or -1."""
    context.channel.send(PERFORM, number)
    return await_answer(context)


def await_answer(context: Context) -> int:
    message, descriptor = context.channel.receive()
    if message != (DONE,):
        os._exit(_STATUS)  # the parent is gone, or has failed and knows why
    return descriptor


def guard(context: Context, action: Callable[[], None]) -> NoReturn:
    """Does it, tells the parent what went wrong, and ends the process in any case."""
    try:
        action()
    except StepFailed as error:
        report(context, error)
    except BaseException as error:
        report(context, StepFailed("set up the container", f"{type(error).__name__}: {error}"))
    finally:
        os._exit(_STATUS)


def report(context: Context, error: StepFailed) -> None:
    kind = OTHER
    if isinstance(error, ProgramNotFound):
        kind = NOT_FOUND
    elif isinstance(error, ProgramNotExecutable):
        kind = NOT_EXECUTABLE
    try:
        context.channel.send(FAILED, kind, error.step, error.errno, str(error), error.hint, context.head)
    except OSError:
        return  # nobody is left to be told


def failure(step: str, error: OSError) -> StepFailed:
    text = f"cannot {step}: {error.strerror}"
    if error.filename:
        text += f": {os.fsdecode(error.filename)}"
    return StepFailed(step, text, error.errno or 0, hint_for(error))


def hint_for(error: OSError) -> str:
    if error.errno == 1 and error.strerror and error.strerror.startswith("mount"):
        return (
            "in a user namespace, or inside another container, the kernel refuses a proc or sysfs that would show "
            "more than the one outside, where parts of that are covered"
        )
    return ""
