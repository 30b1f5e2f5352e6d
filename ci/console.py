"""What a guest says on its console, from its boot to its end: the command's output lies between two marks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

BEGAN = "guest: began"
ENDED = "guest: ended "
LAST = 40  # lines of a console that say why a guest failed

HUNG, NEVER_BEGAN = 124, 125  # statuses that are the guest's, not the command's

Show = Callable[[str], object]


def attend(boot: list[str], timeout: float, show: Show, environment: dict[str, str] | None = None) -> tuple[str, bool]:
    """All that the console said, and whether the guest had to be ended. The command's part is shown as it comes."""
    console: list[str] = []
    shown, hung = False, threading.Event()
    with subprocess.Popen(
        boot,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    ) as process:

        def kill() -> None:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

        def end() -> None:
            hung.set()
            kill()

        clock = threading.Timer(timeout, end)
        clock.start()
        try:
            for line in map(text, process.stdout or ()):
                console.append(line)
                said, ended, _ = line.partition(ENDED)
                if shown and said:
                    show(said)
                shown = (shown and not ended) or line.endswith(BEGAN + "\n")
        except BaseException:
            kill()
            raise
        finally:
            clock.cancel()
    return "".join(console), hung.is_set()


def end_cleanly() -> None:
    """Who is ended by SIGTERM ends its guest, and takes away its folders, as with Ctrl-C."""

    def leave(number: int, frame: object) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, leave)


def text(output: bytes) -> str:
    return output.decode("utf-8", "replace").replace("\r\n", "\n")


def result(console: str) -> tuple[int, str]:
    """The command's status and output; of a guest that did not come to an end 125, and its console's last lines."""
    _, began, rest = console.partition(BEGAN + "\n")
    if not began:
        return NEVER_BEGAN, f"{last_lines(console)}\nguest: it never began\n"
    said, ended, status = rest.rpartition(ENDED)
    if not ended:
        return NEVER_BEGAN, f"{last_lines(rest)}\nguest: it ended without a word\n"
    return int(status.split()[0]), said


def hung(console: str, timeout: float) -> tuple[int, str]:
    return HUNG, f"{last_lines(console)}\nguest: ended after {timeout:g} seconds\n"


def last_lines(console: str) -> str:
    return "\n".join(console.splitlines()[-LAST:])
