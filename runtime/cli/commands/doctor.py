"""`runtime doctor`."""

from __future__ import annotations

import os
import sys

import click

from runtime.cli.session import engine, say, session
from runtime.errors import InvalidInput, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from probes.report import HostReport


@click.command("doctor", help="Tell what this host can do, who blocks the rest, and what to do about it.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with a versioned schema.")
@click.option("--record", metavar="FILE", default="", help="Write all that was asked of this host, to be sent or kept.")
@click.option("--host", metavar="FILE", default="", help="Diagnose a recorded host, not this one.")
@click.option("--verbose", is_flag=True, help="With the evidence of every finding.")
def command(as_json: bool, record: str, host: str, verbose: bool) -> int:
    from backends.selection import consider_all
    from runtime.doctor import diagnosis, text

    if record and host:
        raise InvalidInput("--record and --host exclude each other")
    report = _replayed(host) if host else _recorded(record) if record else engine().report(fresh=True)
    from backends.guarantees import DEFAULT_DEMANDS

    found = diagnosis.diagnose(report, consider_all(report, DEFAULT_DEMANDS))
    if as_json:
        import json

        say(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
    else:
        width = _width()
        sys.stdout.write(text.render(found, width, _coloured(), verbose))
    return diagnosis.exit_status(found)


def _width() -> int:
    try:
        return max(40, os.get_terminal_size(1).columns)
    except OSError:
        return 100


def _coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _replayed(path: str) -> HostReport:
    from probes import snapshot, survey

    try:
        host = snapshot.load(path)
    except OSError as error:
        raise explain(error, f"read the recorded host {path}") from error
    return survey.survey(host, host.store)


def _recorded(path: str) -> HostReport:
    from probes import live, recording, snapshot, survey

    paths = session().settings.paths
    paths.prepare()
    data = recording.record(live.LiveHost(), paths.root)
    try:
        recording.save(data, path)
    except OSError as error:
        raise explain(error, f"write the recording {path}") from error
    return survey.survey(snapshot.SnapshotHost(data), paths.root)
