"""`runtime-oci restore`: a container continued from the folder that it was saved to, by criu."""

from __future__ import annotations

from runtime.errors import Problem
from runtime.oci import criu
from runtime.oci.attendance import Attendance
from runtime.oci.deletion import destroy
from runtime.oci.errors import Refused, words
from runtime.oci.options import FLAG, TEXT, Command, Option
from runtime.oci.pidfile import write_pid
from runtime.oci.restoration import Restoration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.settings import Settings

COMMAND = Command(
    "restore",
    "continue a container from disk, by criu",
    "CONTAINER-ID",
    (
        *criu.OPTIONS,
        Option("bundle", "folder of the bundle (default: the present one)", TEXT, "b"),
        Option("console-socket", "refused: a container with a terminal cannot be continued", TEXT),
        Option("pid-file", "file that the process id is written to", TEXT),
        Option("detach", "return as soon as the container runs", FLAG, "d"),
        Option("no-subreaper", "do not reap what the container's processes leave behind"),
        Option("no-pivot", "taken, and of no effect: criu enters the root"),
        Option("lsm-profile", "TYPE:NAME of the profile to be taken on instead", TEXT),
        Option("lsm-mount-context", "SELinux context of mounts to be taken on instead", TEXT),
    ),
)


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    if said["console-socket"]:
        raise Refused("--console-socket: a container with a terminal cannot be saved or continued here")
    try:
        restoration = Restoration(settings, arguments[0], said)
        attendance = None if said["detach"] else Attendance(reap_others=not said["no-subreaper"])
        process = restoration.restore()
        if said["pid-file"]:
            write_pid(said["pid-file"], process.pid)
    except Problem as error:
        raise Refused(f"restore failed: {words(error)}") from error
    if attendance is None:
        return 0
    status = attendance.follow(process)
    destroy(restoration.container, settings.journal)
    return status
