"""`top`: a container's processes as the host's ps shows them."""

from __future__ import annotations

import subprocess

from runtime.containers.control import Target, cgroup
from runtime.errors import InvalidInput, MissingProgram, Problem


def top(target: Target, arguments: tuple[str, ...] = ()) -> tuple[list[str], list[list[str]]]:
    """The titles and the rows of ps(1), only the container's own; `arguments` are ps's (default -ef)."""
    target.need_running()
    members = {str(pid) for pid in cgroup(target).members()} or {str(target.status.pid)}
    command = ["ps", *(arguments or ("-ef",))]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except FileNotFoundError as error:
        raise MissingProgram("top needs the program ps", "install the package procps (or procps-ng)") from error
    if shown.returncode != 0:
        raise Problem(f"{' '.join(command)} failed: {shown.stderr.strip()}")
    lines = shown.stdout.splitlines()
    titles = lines[0].split() if lines else []
    if "PID" not in titles:
        raise InvalidInput("these ps options show no PID column", "add pid to them: `-o pid,comm`")
    column = titles.index("PID")
    rows = [line.split(None, len(titles) - 1) for line in lines[1:]]
    return titles, [row for row in rows if len(row) > column and row[column] in members]
