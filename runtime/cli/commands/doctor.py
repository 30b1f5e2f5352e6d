"""`runtime doctor`."""

from __future__ import annotations

import os
import sys

import click

from runtime.cli.completing import images
from runtime.cli.session import engine, say, session
from runtime.errors import InvalidInput, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.guarantees import Demands
    from probes.report import HostReport
    from runtime.doctor.examination import Remark


@click.command(
    "doctor",
    help="Tell what this host can do, who blocks the rest, and what to do about it.",
    epilog="With --check the status is 0 if nothing speaks against the image, 1 if it cannot start, 3 if it may not.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with a versioned schema.")
@click.option("--record", metavar="FILE", default="", help="Write all that was asked of this host, to be sent or kept.")
@click.option("--host", metavar="FILE", default="", help="Diagnose a recorded host, not this one.")
@click.option("--verbose", is_flag=True, help="With the evidence of every finding.")
@click.option("--check", metavar="IMAGE", default="", help="Look whether an image starts here, before it is started.",
              shell_complete=images)  # fmt: skip
@click.option(
    "--platform", metavar="OS/ARCH[/VARIANT]", default="", help="With --check: which of the image's platforms."
)
def command(as_json: bool, record: str, host: str, verbose: bool, check: str, platform: str) -> int:
    from backends.selection import consider_all
    from runtime.doctor import diagnosis, text

    if record and host:
        raise InvalidInput("--record and --host exclude each other")
    if check:
        return _check(check, platform, _replayed(host) if host else engine().report(), bool(host), as_json)
    report = _replayed(host) if host else _recorded(record) if record else engine().diagnosed()
    demands = _demands(bool(host))
    found = diagnosis.diagnose(report, consider_all(report, demands), demands)
    if as_json:
        import json

        say(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
    else:
        width = _width()
        sys.stdout.write(text.render(found, width, _coloured(), verbose))
    return diagnosis.exit_status(found)


def _demands(replayed: bool) -> Demands:
    """What containers ask for that say nothing themselves: the default, and here what the settings file says."""
    from backends.guarantees import DEFAULT_DEMANDS

    if replayed:
        return DEFAULT_DEMANDS
    from runtime.bundle.demands import policy_for
    from runtime.containers.request import Request

    settings = session().settings
    return policy_for(Request(), settings.forced, settings.configuration).demands


def _check(name: str, platform: str, report: HostReport, replayed: bool, as_json: bool) -> int:
    """0 where nothing speaks against it, 1 where it cannot start, 3 where it may not."""
    from runtime.doctor import examination

    contents = engine().contents(name, platform or None)
    remarks = examination.examine(contents, report, "" if replayed else _vsyscall())
    if as_json:
        import json

        answer = {
            "schema": examination.SCHEMA,
            "image": name,
            "platform": contents.platform,
            "verdict": examination.worst(remarks),
            "remarks": [remark.as_dict() for remark in remarks],
        }
        say(json.dumps(answer, indent=2, ensure_ascii=False))
        return examination.status(remarks)
    for line in told(name, remarks):
        say(line)
    return examination.status(remarks)


def told(name: str, remarks: list[Remark]) -> list[str]:
    from runtime.doctor import examination

    said = [f"{name}: {dict(_VERDICTS)[examination.worst(remarks)]}"]
    for remark in remarks:
        said.append(f"  {remark.subject}: {'' if remark.verdict == 'fine' else remark.verdict + ': '}{remark.text}")
        said += [f"    do: {remark.advice}"] if remark.advice else []
    return said


_VERDICTS = (
    ("fine", "nothing speaks against starting it here"),
    ("may fail", "it may not work here"),
    ("will fail", "it cannot start here"),
)


def _vsyscall() -> str:
    from probes.live import LiveHost
    from runtime.doctor.examination import vsyscall_mode

    try:
        return vsyscall_mode(LiveHost().read("/proc/self/maps"))
    except OSError:
        return ""


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
