"""`runtime-oci run`. On the launch path."""

from __future__ import annotations

from runtime.errors import Problem
from runtime.oci.attendance import Attendance
from runtime.oci.creation import OPTIONS, Creation
from runtime.oci.deletion import destroy
from runtime.oci.errors import Refused, plain_words, words
from runtime.oci.options import FLAG, Command, Option
from runtime.oci.place import program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.settings import Settings

COMMAND = Command(
    "run",
    "create and start a container",
    "CONTAINER-ID",
    (
        *OPTIONS,
        Option("detach", "return as soon as the container runs", FLAG, "d"),
        Option("keep", "do not delete the container when it ends"),
        Option("no-subreaper", "do not reap what the container's processes leave behind"),
    ),
)


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    detached = said["detach"]
    try:
        creation = Creation(settings, arguments[0], said, foreground=not detached and not said["console-socket"])
        attendance = None if detached else Attendance(reap_others=not said["no-subreaper"])
        creation.create(gated=False)
        creation.start()
    except Problem as error:
        refusal = Refused(f"{program()} run failed: {words(error)}")
        refusal.plain = plain_words(error.__cause__)
        raise refusal from error
    if attendance is None:
        return 0
    assert creation.process is not None
    status = attendance.follow(creation.process)
    if not said["keep"]:
        destroy(creation.container, settings.journal)
    return status
