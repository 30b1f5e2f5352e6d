"""Compares this program's speed with runc's and tar's, on this machine, in one run.

    sudo .venv/bin/python ci/benchmark.py [--pairs N] [--json FILE] [CASE...]

Beside the time by the clock, the quick cases show the CPU time of all processes that took part: it says more on a
machine that does other things too. Each case is run in pairs, ours and theirs by turns, and the figure that counts is
the median of the pairs' ratios: the machine's load, caches and clock are then the same for both. What it works on is
made by ci/images.py, and everything else in a folder of its own that goes away at the end. Not a test: nothing fails
because a machine is slow.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from arch import kernel  # noqa: E402
from ci import images, rivals  # noqa: E402
from ci.oci_cases import OciCases  # noqa: E402
from ci.pairs import MANY, Cost, Result, at_once, paired, quiet, timed  # noqa: E402

CASES = ("run", "exec", "load", "many", "monitor", "oci-run", "oci-exec", "oci-many")


@dataclass(frozen=True)
class Goal:
    """What the project promises: the ratio, or for the monitor its size in MiB, is at most this."""

    title: str
    most: float
    unit: str = "x"


GOALS = {
    "run": Goal("run /bin/true, against runc run", 3.0),
    "exec": Goal("exec /bin/true, against runc exec", 2.5),
    "load": Goal("load of an image, against tar x of its layer", 3.0),
    "many": Goal(f"{MANY} containers started at once, against runc", 3.0),
    "monitor": Goal("the monitor of a sleeping container", 12.0, " MiB"),
    "oci-run": Goal("runtime-oci run /bin/true, with our default seccomp profile, against runc run", 0.9),
    "oci-exec": Goal("runtime-oci exec /bin/true, against runc exec", 0.8),
    "oci-many": Goal(f"{MANY} runtime-oci run at once, against runc", 0.9),
}


class Benchmark:
    """`ours` is our command with its private folders, `runc` bundles lie in `folder`."""

    def __init__(self, folder: Path, command: str, pairs: int) -> None:
        self.folder = folder
        self.ours = [command, "--root", str(folder / "data"), "--state", str(folder / "run")]
        self.oci = [f"{command}-oci", "--root", str(folder / "oci")]
        self.runc = ["runc", "--root", str(folder / "runc")]
        self.pairs = pairs

    def call(self, *arguments: str) -> str:
        """One of our commands that is not timed; its output."""
        done = subprocess.run([*self.ours, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"runtime {' '.join(arguments)}: status {done.returncode}\n{done.stderr}")
        return done.stdout

    def sweep(self) -> None:
        """Ends what a failure left running: its mounts are below the folder that is about to be removed."""
        deleting = (["list", "-q"], ["delete", "--force"])
        for command, (listing, removing) in (
            (self.ours, (["ps", "-aq"], ["rm", "-f"])),
            (self.oci, deleting),
            (self.runc, deleting),
        ):
            for name in subprocess.run([*command, *listing], capture_output=True, text=True).stdout.split():
                subprocess.run([*command, *removing, name], capture_output=True)

    # ------------------------------------------------------------------------------------------------ the cases

    def run(self, image: str, bundle: Path) -> Result:
        ours = [*self.ours, "run", "--rm", "--network", "none", image, "/bin/true"]
        result = paired(lambda: timed(ours), lambda: timed(self._runc_run(bundle)), self.pairs)
        filtered = rivals.with_filter(bundle)
        beside = paired(lambda: timed(ours), lambda: timed(self._runc_run(filtered)), self.pairs // 2 or 1)
        result.notes.append(f"against runc with the same seccomp profile as ours: {beside.figure():.2f}x")
        return result

    def _runc_run(self, bundle: Path) -> list[str]:
        return [*self.runc, "run", "--bundle", str(bundle), f"bench-{os.getpid()}"]

    def exec(self, image: str, bundle: Path) -> Result:
        name = f"bench-exec-{os.getpid()}"
        sleeping = rivals.with_command(bundle, "sleep", "1000")
        with ExitStack() as stack:
            self.call("run", "-d", "--name", name, "--network", "none", image, "sleep", "1000")
            stack.callback(self.call, "rm", "-f", name)
            quiet([*self.runc, "run", "--detach", "--bundle", str(sleeping), name])
            stack.callback(quiet, [*self.runc, "delete", "--force", name])
            ours = [*self.ours, "exec", name, "/bin/true"]
            theirs = [*self.runc, "exec", name, "/bin/true"]
            return paired(lambda: timed(ours), lambda: timed(theirs), self.pairs)

    def load(self, archive: Path, layer: str, image: str) -> Result:
        def ours() -> Cost:
            self.call("rmi", image)
            return timed([*self.ours, "load", "-i", str(archive)])

        def theirs() -> Cost:
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                return timed(
                    ["tar", "-x", "--numeric-owner", "--xattrs", "--xattrs-include=*", "-C", folder, "-f", layer]
                )

        result = paired(ours, theirs, max(3, self.pairs // 5))
        result.notes.append(f"the layer has {os.path.getsize(layer) / 2**20:.0f} MiB")
        return result

    def many(self, image: str, bundle: Path) -> Result:
        names = [f"bench-many-{number}" for number in range(MANY)]
        sleeping = rivals.with_command(bundle, "sleep", "1000")

        def ours() -> Cost:
            options = ["run", "-d", "--network", "none", "--name"]
            took = at_once([[*self.ours, *options, name, image, "sleep", "1000"] for name in names])
            running = len(self.call("ps", "-q").split())
            if running != MANY:
                raise SystemExit(f"{MANY} containers were started, and {running} run")
            self.call("rm", "-f", *names)
            return took

        def theirs() -> Cost:
            took = at_once([[*self.runc, "run", "--detach", "--bundle", str(sleeping), name] for name in names])
            for name in names:
                quiet([*self.runc, "delete", "--force", name])
            return took

        return paired(ours, theirs, max(2, self.pairs // 10))

    def monitor(self, image: str) -> Result:
        name = f"bench-monitor-{os.getpid()}"
        result = Result()
        self.call("run", "-d", "--name", name, "--network", "none", image, "sleep", "1000")
        try:
            pid = json.loads(self.call("inspect", name))[0]["State"]["Pid"]
            monitor = status(pid, "PPid")
            time.sleep(1)  # what it needed for the start only has gone by then
            result.ours.append(Cost(status(monitor, "VmRSS") / 1024))
            private = sum(rollup(monitor, key) for key in ("Private_Clean", "Private_Dirty")) / 1024
            result.notes.append(f"of it private {private:.1f} MiB, the rest shared with other interpreters")
        finally:
            self.call("rm", "-f", name)
        return result


def status(pid: int, key: str) -> int:
    return _number(f"/proc/{pid}/status", key)


def rollup(pid: int, key: str) -> int:
    return _number(f"/proc/{pid}/smaps_rollup", key)


def _number(path: str, key: str) -> int:
    for line in Path(path).read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0])
    raise SystemExit(f"{path} has no {key}")


def overheads(command: str) -> list[str]:
    """Where the time of every command goes before it does anything."""
    python = str(ROOT / ".venv" / "bin" / "python")
    lines = []
    for title, arguments in (
        ("an interpreter that does nothing (-I -S)", [python, "-I", "-S", "-c", "pass"]),
        ("our command, saying its version", [command, "--version"]),
        ("runc, saying its version", ["runc", "--version"]),
    ):
        times = [timed(arguments).clock for _ in range(15)]
        lines.append(f"{title}: {statistics.median(times) * 1000:.1f} ms")
    return lines


@contextmanager
def workshop() -> Iterator[Path]:
    """A folder for images, containers and bundles, on the disk where the archives are."""
    with tempfile.TemporaryDirectory(dir=images.cache(), prefix="benchmark-") as folder:
        yield Path(folder)


def measure(bench: Benchmark, cases: list[str]) -> dict[str, Result]:
    layer = images.make("bookworm")
    archive, image = rivals.image_archive(bench.folder, layer)
    bench.call("load", "-i", str(archive))
    bundle = rivals.bundle(bench.folder, layer)
    results: dict[str, Result] = {}
    for case in cases:
        if case == "load":
            large = images.make("large")
            other, name = rivals.image_archive(bench.folder, large)
            bench.call("load", "-i", str(other))
            results[case] = bench.load(other, large, name)
        elif case == "monitor":
            results[case] = bench.monitor(image)
        elif case.startswith("oci-"):
            suite = OciCases(bench.oci, bench.runc, bench.pairs, bundle)
            results[case] = getattr(suite, case[len("oci-") :])()
        else:
            results[case] = getattr(bench, case)(image, bundle)
        print(report(case, results[case]), flush=True)
    return results


def report(case: str, result: Result) -> str:
    goal = GOALS[case]
    figure = result.figure()
    verdict = "ok" if figure <= goal.most else "MISSED"
    lines = [f"{goal.title}: {figure:.2f}{goal.unit} (at most {goal.most:g}{goal.unit}) {verdict}"]
    if result.theirs:
        ours, theirs = (statistics.median(cost.clock for cost in side) * 1000 for side in (result.ours, result.theirs))
        lines.append(f"    ours {ours:.1f} ms, theirs {theirs:.1f} ms, medians of {len(result.ours)} pairs")
        if result.ours[0].cpu:
            ours, theirs = (
                statistics.median(cost.cpu for cost in side) * 1000 for side in (result.ours, result.theirs)
            )
            lines.append(f"    CPU: {result.cpu():.2f}x, ours {ours:.1f} ms, theirs {theirs:.1f} ms")
    return "\n".join([*lines, *(f"    {note}" for note in result.notes)])


def document(results: dict[str, Result], lines: list[str]) -> dict[str, Any]:
    cases = {
        case: {
            "figure": result.figure(),
            "goal": GOALS[case].most,
            "ours": [asdict(cost) for cost in result.ours],
            "theirs": [asdict(cost) for cost in result.theirs],
        }
        for case, result in results.items()
    }
    return {"kernel": os.uname().release, "machine": os.uname().machine, "cases": cases, "overheads": lines}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", choices=[[], *CASES], help=", ".join(CASES))
    parser.add_argument("--pairs", type=int, default=20, help="pairs of the quick cases (20)")
    parser.add_argument("--json", metavar="FILE", help="also write every figure there")
    parser.add_argument("--command", default=str(ROOT / ".venv" / "bin" / "runtime"), help="our command")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("the benchmark runs containers as root: sudo .venv/bin/python ci/benchmark.py")
    os.makedirs(images.cache(), exist_ok=True)
    kernel.set_child_subreaper()
    with workshop() as folder:
        bench = Benchmark(folder, arguments.command, arguments.pairs)
        lines = overheads(arguments.command)
        print("\n".join(lines), flush=True)
        try:
            results = measure(bench, list(arguments.cases) or list(CASES))
        finally:
            bench.sweep()
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(document(results, lines), indent=2) + "\n")


if __name__ == "__main__":
    main()
