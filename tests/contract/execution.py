"""What every execution backend has to do: one suite of whole containers, for all members of the family.

A member is one line of MEMBERS in tests/live/test_execution.py. What it promises it must keep; what it does not promise
it must refuse to be required.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from backends import catalogue
from backends.guarantees import FAMILIES

Eventually = Callable[[Callable[[], object]], None]

# A promise that a namespace is, and the name of its file below /proc/PID/ns.
NAMESPACES = {
    "mount-namespace": "mnt",
    "pid-namespace": "pid",
    "uts-namespace": "uts",
    "ipc-namespace": "ipc",
    "cgroup-namespace": "cgroup",
}


@dataclass(frozen=True)
class Member:
    """`without`: promises that are given up for it; `forbidden`: that it must not keep, to try its way without."""

    backend: str
    without: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()

    @property
    def flags(self) -> list[str]:
        flags = ["--backend", f"execution={self.backend}"]
        flags += [word for name in self.without for word in ("--prefer", name)]
        return flags + [word for name in self.forbidden for word in ("--forbid", name)]

    def __str__(self) -> str:
        return self.backend + "".join(f" without {name}" for name in self.forbidden)


class Containers:
    """The command line with a member's flags."""

    def __init__(self, runtime: Any, member: Member) -> None:
        self.runtime = runtime
        self.member = member
        self.known = ["--network", "none", *member.flags]

    def run(self, *words: str, status: int = 0, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        interactive = [] if stdin is None else ["-i"]
        done: subprocess.CompletedProcess[str] = self.runtime(
            "run", "--rm", *self.known, *interactive, *words, status=status, stdin=stdin
        )
        return done

    def said(self, *words: str) -> str:
        return self.run(*words).stdout

    def detached(self, *words: str) -> str:
        identifier: str = self.runtime("run", "-d", *self.known, *words).stdout.strip()
        return identifier

    def pid(self, container: str) -> int:
        return int(self.runtime.engine.target(container).status.pid)


class ExecutionContract:
    """`containers` is a fixture of whoever collects this class."""

    # ------------------------------------------------------------------------------------------- the program

    def test_a_program_says_what_it_says_and_ends_as_it_ends(self, containers: Containers) -> None:
        done = containers.run("@host", "sh", "-c", "echo out; echo err >&2; exit 7", status=7)
        assert done.stdout == "out\n"
        assert "err\n" in done.stderr

    def test_a_program_that_a_signal_ends_is_told_as_that(self, containers: Containers) -> None:
        name = containers.detached("@host", "sleep", "1000")
        containers.runtime("kill", name)
        assert containers.runtime("wait", name).stdout == f"{128 + signal.SIGKILL}\n"

    @pytest.mark.parametrize(("program", "status"), [("no-such-program", 127), ("/etc", 126)])
    def test_a_program_that_cannot_be_executed_is_told_apart(
        self, containers: Containers, program: str, status: int
    ) -> None:
        containers.run("@host", program, status=status)

    def test_its_input_environment_folder_user_and_limits_are_those_asked_for(self, containers: Containers) -> None:
        flags = ["-e", "WORD=some thing", "-w", "/usr/share", "-u", "1234:4321", "--ulimit", "nofile=77:88"]
        script = 'cat; echo "$WORD"; pwd; id -u; id -g; ulimit -n; umask'
        said = containers.run(*flags, "@host", "sh", "-c", script, stdin="given\n").stdout
        assert said == "given\nsome thing\n/usr/share\n1234\n4321\n77\n0022\n"

    def test_it_has_three_descriptors_and_leads_a_session(self, containers: Containers) -> None:
        said = containers.said("@host", "sh", "-c", "cd /proc/$$; ls fd; cut -d' ' -f1,5,6 stat")
        *descriptors, ids = said.splitlines()
        assert [name for name in descriptors if int(name) < 10] == ["0", "1", "2"]
        assert len(set(ids.split())) == 1

    def test_a_terminal_is_its_controlling_one(self, containers: Containers) -> None:
        said = containers.said("-t", "@host", "sh", "-c", "tty; echo here >/dev/tty; test -c /dev/console && echo too")
        assert said.replace("\r", "").splitlines()[1:] == ["here", "too"]
        assert said.startswith("/dev/pts/")

    # ------------------------------------------------------------------------------------------------ files

    def test_its_root_is_its_own(self, containers: Containers, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("the host's")
        said = containers.run("@host", "sh", "-c", f"touch /made; cat {tmp_path}/secret", status=1)
        assert "the host's" not in said.stdout
        assert not os.path.exists("/made")

    def test_volumes_are_mounted_writable_or_not(self, containers: Containers, tmp_path: Path) -> None:
        os.chmod(tmp_path, 0o777)
        script = "echo kept >/w/file; cat /r/file; echo x >/r/other || echo refused; mount | grep -c ' /t '"
        volumes = ["-v", f"{tmp_path}:/w", "-v", f"{tmp_path}:/r:ro", "--tmpfs", "/t"]
        done = containers.run(*volumes, "@host", "sh", "-c", script)
        assert done.stdout == "kept\nrefused\n1\n"
        assert (tmp_path / "file").read_text() == "kept\n"

    def test_a_root_can_be_read_only(self, containers: Containers) -> None:
        done = containers.run("--read-only", "@host", "sh", "-c", "echo >/file || echo refused; echo >/dev/shm/file")
        assert done.stdout == "refused\n"

    def test_devices_are_there(self, containers: Containers) -> None:
        script = "echo x >/dev/null; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c; ls -l /dev/fd"
        assert containers.said("@host", "sh", "-c", script).startswith("4\n4\n")

    # ------------------------------------------------------------------------------------------- while it runs

    def test_other_programs_run_in_it(self, containers: Containers) -> None:
        name = containers.detached("-h", "inside" if self._gives(containers, "uts-namespace") else "", "@host", "sleep",
                                   "1000")  # fmt: skip
        runtime = containers.runtime
        if not self._enters(containers, name):
            return
        runtime("exec", name, "sh", "-c", "echo from exec >/made")
        assert runtime("exec", "-u", "1234", name, "sh", "-c", "cat /made; id -u; pwd").stdout == "from exec\n1234\n/\n"
        assert runtime("exec", name, "sh", "-c", "exit 9", status=9).stdout == ""
        assert runtime("exec", "-t", name, "tty").stdout.startswith("/dev/pts/")
        places = [runtime("exec", name, "stat", "-Lc", "%d %i", path).stdout for path in ("/", "/proc/self/root")]
        found = os.stat(f"/proc/{containers.pid(name)}/root")
        assert places == [f"{found.st_dev} {found.st_ino}\n"] * 2
        for kind in NAMESPACES.values():
            ours = os.readlink(f"/proc/{containers.pid(name)}/ns/{kind}")
            assert runtime("exec", name, "readlink", f"/proc/self/ns/{kind}").stdout.strip() == ours

    def test_a_program_run_later_has_no_more_rights_than_the_first(self, containers: Containers) -> None:
        script = "grep -E '^(Cap|Seccomp:|NoNewPrivs)' /proc/self/status"
        name = containers.detached("@host", "sh", "-c", f"{script}; sleep 1000")
        if not self._enters(containers, name):
            return
        later = containers.runtime("exec", name, "sh", "-c", script).stdout
        assert containers.runtime("logs", name).stdout == later

    def test_signals_reach_it_and_its_log_is_kept(self, containers: Containers, eventually: Eventually) -> None:
        script = "trap 'echo one' USR1; trap 'echo ending; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
        name, runtime = containers.detached("@host", "sh", "-c", script), containers.runtime
        eventually(lambda: "ready" in runtime("logs", name).stdout)
        runtime("kill", "-s", "USR1", name)
        eventually(lambda: "one" in runtime("logs", name).stdout)
        runtime("stop", name)
        assert runtime("inspect", "--format", "{{.State.ExitCode}}", name).stdout == "3\n"
        assert runtime("logs", name).stdout == "ready\none\nending\n"

    def test_it_is_killed_when_it_does_not_listen(self, containers: Containers) -> None:
        name = containers.detached("@host", "sh", "-c", "trap '' TERM; while :; do sleep 0.05; done")
        containers.runtime("stop", "-t", "0", name)
        assert containers.runtime("inspect", "--format", "{{.State.ExitCode}}", name).stdout == "137\n"

    def test_it_can_be_started_again(self, containers: Containers) -> None:
        name = containers.detached("@host", "sh", "-c", "echo run >>/count; cat /count")
        containers.runtime("wait", name)
        containers.runtime("start", "-a", name)
        assert containers.runtime("logs", name).stdout == "run\nrun\nrun\n"

    def test_it_can_be_paused(self, containers: Containers, eventually: Eventually) -> None:
        name, runtime = containers.detached("@host", "sleep", "1000"), containers.runtime
        runtime("pause", name)
        assert [row["State"] for row in runtime.engine.containers()] == ["paused"]
        runtime("unpause", name)
        eventually(lambda: [row["State"] for row in runtime.engine.containers()] == ["running"])

    # -------------------------------------------------------------------------------------------------- limits

    def test_memory_is_limited(self, containers: Containers) -> None:
        script = "head -c 200m /dev/zero | tail | wc -c"
        done = containers.runtime("run", *containers.known, "-m", "32m", "@host", "sh", "-c", script, status=None)
        assert done.stdout != "209715200\n"

    def test_processes_are_limited(self, containers: Containers) -> None:
        script = "for i in 1 2 3 4 5 6 7 8 9; do sleep 0.2 & done; wait"
        assert "fork" in containers.run("--pids-limit", "5", "@host", "sh", "-c", script, status=2).stderr

    # -------------------------------------------------------------------------------------------------- the end

    def test_nothing_outlives_it(self, containers: Containers) -> None:
        mark = f"1000.{os.getpid()}{time.monotonic_ns() % 100000}"
        containers.run("@host", "sh", "-c", f"(setsid sh -c 'sleep {mark} & sleep {mark}' &) ; sleep 0.2")
        assert not _running(mark)
        assert containers.runtime.state not in Path("/proc/self/mountinfo").read_text()

    def test_a_killed_monitor_leaves_nothing_that_the_next_command_does_not_take_away(
        self, containers: Containers, eventually: Eventually
    ) -> None:
        mark = f"1000.{os.getpid()}{time.monotonic_ns() % 100000}"
        name = containers.detached("@host", "sh", "-c", f"(setsid sleep {mark} &); exec sleep {mark}")
        eventually(lambda: _running(mark) == 2)
        os.kill(containers.runtime.engine.target(name).status.live["monitor"], signal.SIGKILL)
        containers.runtime("ps")
        assert "its processes were ended" in containers.runtime("ps", "-a").stderr or not _running(mark)
        eventually(lambda: not _running(mark))
        assert containers.runtime.state not in Path("/proc/self/mountinfo").read_text()
        containers.runtime("rm", name)

    # ------------------------------------------------------------------------------------------------ promises

    def test_what_it_promises_is_in_force(self, containers: Containers) -> None:
        name = containers.detached("@host", "sleep", "1000")
        folder = f"/proc/{containers.pid(name)}"
        status = dict(line.split(":\t") for line in Path(f"{folder}/status").read_text().splitlines() if ":\t" in line)
        for promise, entry in NAMESPACES.items():
            if self._gives(containers, promise):
                assert os.readlink(f"{folder}/ns/{entry}") != os.readlink(f"/proc/self/ns/{entry}"), promise
        if self._gives(containers, "seccomp"):
            assert status["Seccomp"] == "2"
        if self._gives(containers, "capabilities"):
            assert int(status["CapBnd"], 16) & (1 << 21) == 0  # CAP_SYS_ADMIN
        if self._gives(containers, "masked-paths") and self._enters(containers, name):
            assert containers.runtime("exec", name, "cat", "/proc/timer_list").stdout == ""

    def test_what_it_does_not_promise_is_refused_where_it_is_required(self, containers: Containers) -> None:
        flags = ["--backend", f"execution={containers.member.backend}"]
        for promise in sorted(FAMILIES["execution"]):
            if self._gives(containers, promise) or promise in containers.member.forbidden:
                continue
            given_up = [word for name in containers.member.without if name != promise for word in ("--prefer", name)]
            told = containers.runtime.refused(
                "run", "--network", "none", *flags, *given_up, "--require", promise, "@host", "true"
            )
            assert promise in told

    def test_explaining_says_what_is_not_given(self, containers: Containers) -> None:
        said = containers.runtime("run", "--explain", *containers.known, "@host", "true").stdout
        assert f"execution: {containers.member.backend} (" in said
        for promise in containers.member.without:
            if not self._gives(containers, promise):
                assert f"{promise}: preferred by --prefer; not given" in said

    def _enters(self, containers: Containers, name: str) -> bool:
        """Whether a further program can be started in it. Namespaces are made since 2.6.24, and entered since 3.8:
        before, a backend has a way of its own, or says that there is none."""
        if containers.runtime.engine.report().has("namespace.setns"):
            return True
        done = containers.runtime("exec", name, "true", status=None)
        assert done.returncode == 0 or "has no way into the namespaces" in done.stderr
        return bool(done.returncode == 0)

    def _gives(self, containers: Containers, promise: str) -> bool:
        entry = catalogue.find("execution", containers.member.backend)
        given = entry.guarantees(containers.runtime.engine.report())
        return promise in given and promise not in containers.member.forbidden


def _running(mark: str) -> int:
    """How many processes have it in their command line."""
    found = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    found += file.read().startswith(b"sleep\0" + mark.encode())
            except OSError:
                continue
    return found
