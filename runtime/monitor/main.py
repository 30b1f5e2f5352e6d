"""The monitor: the parent of one container. A small process of its own, started by `runtime.containers.launch`.

It makes the container, keeps its streams and its log, answers clients, restarts it as its policy says, records how it
ended, and undoes everything. On the launch path.
"""

from __future__ import annotations

import _socket
import os
import sys
import time
from _signal import SIGCHLD, SIGHUP, SIGINT, SIGKILL, SIGTERM

from arch import kernel
from backends import catalogue
from backends.errors import BackendError, ProgramNotExecutable, ProgramNotFound
from probes import cache
from runtime import records
from runtime.containers import state
from runtime.errors import Problem, explain
from runtime.monitor import orders
from runtime.monitor.clients import WANTED, Client, Server
from runtime.monitor.log import open_log, timestamp
from runtime.monitor.loop import Loop
from runtime.monitor.memory import QUIET, rest
from runtime.monitor.restart import Restart
from runtime.monitor.run import Run, seclude
from runtime.monitor.streams import Streams
from runtime.paths import Paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from probes.report import HostReport

DRAIN = 2.0  # seconds that output may still come after the last process ended


class Monitor:
    """`lock` is the descriptor of the container's lock, held until all is undone."""

    def __init__(self, paths: Paths, identifier: str, report: HostReport, lock: int) -> None:
        self._paths = paths
        self._lock = lock
        self._id = identifier
        self._report = report
        self._record = records.load(paths.record(identifier))
        self._policy = Restart(self._record.get("restart") or {})
        self._loop = Loop(self._signalled, (SIGCHLD, SIGTERM, SIGINT, SIGHUP))
        self._server = Server(self._loop, self._requested, self._typed, self._drained)
        self._run: Run | None = None
        self._streams: Streams | None = None
        self._status = 0
        self._ended = False
        self._stopped = False  # a person ended it: no restart
        self._again = False  # a person wants it again
        self._outcome: dict[str, Any] = {}

    # ------------------------------------------------------------------------------------------- its life

    def serve(self, first: int) -> None:
        """`first` is a connected socket of whoever started us."""
        folder = os.open(self._paths.run(self._id), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._server.listen(f"/proc/self/fd/{folder}/attach.sock")  # sun_path is short, --state may be long
        os.close(folder)
        if first >= 0:
            client = self._server.adopt(first)
            client.awaits_start = True
            client.catch_up()  # whoever attaches before the start must miss nothing
        if self._record.get("seclude", True):
            seclude()
        kernel.adopt_orphans()  # to see them end, where a container shares its PIDs
        self._live()
        self._leave()

    def _live(self) -> None:
        while True:
            lasted = self._once()
            if self._again:
                self._again = self._stopped = False
                continue
            if not self._outcome.get("started"):  # it never ran: trying again is the user's to decide
                return
            delay = self._policy.after(self._outcome["code"], lasted, self._stopped)
            if delay < 0 or not self._wait(delay):
                return

    def _once(self) -> float:
        """One run, from nothing to nothing; how many seconds it lasted."""
        self._ended = False
        try:
            log = open_log(self._record["log"]["driver"], self._record["log"]["options"], self._paths.log(self._id))
        except OSError as error:
            self._outcome = _failure(explain(error, "open the container's log"))
            return self._conclude(0.0, [])
        streams = self._streams = Streams(self._loop, self._server, log, self._drained)
        run = self._run = Run(self._paths, self._record, self._report)
        run.restarts = self._policy.count
        try:
            run.begin(streams)
            self._announce({"event": "start", "pid": run.process.pid if run.process else 0})
            self._foresee()
            self._loop.at("rest", QUIET, rest)
            while not self._ended:
                self._loop.turn()
            self._drain(run, streams)
            self._outcome = {"code": self._status, "oom": run.oom(), "error": ""}
        except (BackendError, Problem, OSError) as error:
            self._outcome = _failure(error)
        self._loop.cancel("kill")
        self._loop.cancel("rest")
        lasted = time.time() - run.started
        run.undo()
        self._reap()
        streams.close()
        log.finish()
        self._run = self._streams = None
        return self._conclude(run.started, run.leftovers, lasted)

    def _conclude(self, started: float, leftovers: list[str], lasted: float = 0.0) -> float:
        """Completes the outcome of a run that began at `started`, or never did (0); how long it lasted."""
        lasted = lasted if started else 0.0
        finished = started + lasted if started else time.time()
        self._outcome.update(started=started, finished=finished, restarts=self._policy.count, leftovers=leftovers)
        return lasted

    def _foresee(self) -> None:
        """While the program begins, imports what its end needs: whoever waits for that end need not wait for this."""
        if self._record.get("auto_remove"):
            import runtime.containers.removal  # noqa: F401

    def _drain(self, run: Run, streams: Streams) -> None:
        """The first process has ended: end the rest, and take what they still had to say."""
        run.end_processes()
        self._loop.at("drain", DRAIN, streams.close)
        while streams.open:
            self._loop.turn()
        self._loop.cancel("drain")

    def _wait(self, delay: float) -> bool:
        """Waits before a restart; whether it shall come."""
        self._record_exit()
        due: list[bool] = []
        self._loop.at("restart", delay, lambda: due.append(True))
        while not due and not self._stopped and not self._again:
            self._loop.turn()
        self._loop.cancel("restart")
        again, self._again = self._again, False
        return again or not self._stopped

    def _leave(self) -> None:
        """Nothing is left but the news of the end."""
        if self._record.get("auto_remove"):
            from runtime.containers.removal import remove_all

            try:
                remove_all(self._paths, self._record)
            except (BackendError, Problem, OSError) as error:
                self._outcome["leftovers"].append(f"could not remove the container: {error}")
                self._record_exit()
        else:
            self._record_exit()
        self._clear_run_folder()
        os.close(self._lock)  # before the news: whoever hears it may start the container again at once
        event = {"event": "exit", **self._outcome}
        for client in list(self._server.clients):
            if client.awaits_start and not self._outcome["started"]:
                client.say({**event, "event": "failed"})
            elif client.stays:
                client.say(event)
        self._server.close()

    def _record_exit(self) -> None:
        outcome = dict(self._outcome)
        outcome["finished"] = timestamp(int(outcome["finished"] * 1e9))
        outcome["started"] = timestamp(int(outcome["started"] * 1e9)) if outcome["started"] else ""
        try:
            records.store(self._paths.exit(self._id), outcome, state.SCHEMA)
        except Problem as error:  # a full disk; whoever waits for the news gets it all the same
            self._outcome["leftovers"].append(f"could not record the end: {error}")
            return
        try:
            os.unlink(self._paths.marker(self._id))
        except FileNotFoundError:
            return

    def _clear_run_folder(self) -> None:
        folder = self._paths.run(self._id)
        for name in ("attach.sock", "state.json"):
            try:
                os.unlink(f"{folder}/{name}")
            except FileNotFoundError:
                continue
        for path in (self._paths.rootfs(self._id), self._paths.shared_memory(self._id), folder):
            try:
                os.rmdir(path)
            except OSError:
                continue

    # ---------------------------------------------------------------------------------------- what happens

    def _signalled(self, number: int) -> None:
        if number == SIGCHLD:
            self._reap()
        elif number in (SIGTERM, SIGINT):  # a supervisor wants the container stopped
            self._stop(int(self._record["stop"]["signal"]), float(self._record["stop"]["timeout"]))

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            run = self._run
            if run is not None and run.process is not None and pid == run.process.keeper:
                self._ended = True
                self._status = _code(run.outcome(status))

    def _announce(self, event: dict[str, Any]) -> None:
        for client in list(self._server.clients):
            if client.awaits_start:
                client.awaits_start = False
                client.say(event)
                if not client.stays:
                    client.leave()

    def _drained(self) -> None:
        if self._streams is not None:
            self._streams.relieved()

    def _typed(self, data: bytes) -> None:
        if self._streams is not None:
            self._streams.type(data)

    # ------------------------------------------------------------------------------------- what is asked for

    def _requested(self, client: Client, request: dict[str, Any]) -> None:
        operation = request["op"]
        if operation == "attach":
            self._attach(client, request)
        elif operation == "resize":
            self._resize(request["size"])
        elif operation == "eof":
            if self._streams is not None and client.feeds:
                self._streams.end_input()
        elif operation == "wait":
            client.stays = True
            client.say({"ok": True})
        elif operation == "kill":
            self._kill(client, int(request["signal"]), bool(request.get("final")))
        elif operation == "stop":
            client.stays = True
            client.say({"ok": True})
            self._stop(int(request["signal"]), float(request["timeout"]))
        elif operation == "restart":
            client.awaits_start = True
            client.say({"ok": True})
            self._again = True
            self._stop(int(request["signal"]), float(request["timeout"]))
        elif operation == "policy":
            self._policy.change(request["restart"])
            self._record["restart"] = request["restart"]
            client.say({"ok": True})
        else:
            client.say({"error": f"unknown operation {operation!r}"})

    def _attach(self, client: Client, request: dict[str, Any]) -> None:
        client.streams = frozenset(stream for name, stream in WANTED.items() if request.get(name))
        client.feeds = bool(request.get("stdin"))
        client.stays = True
        client.say({"ok": True})
        if request.get("size"):
            self._resize(request["size"])

    def _resize(self, size: list[int]) -> None:
        if self._streams is not None:
            self._streams.resize(int(size[0]), int(size[1]))

    def _kill(self, client: Client, number: int, final: bool) -> None:
        if final:
            self._stopped = True
        if self._run is not None:
            self._run.signal(number)
        client.say({"ok": True})

    def _stop(self, number: int, timeout: float) -> None:
        self._stopped = True
        if self._run is None:
            return
        self._run.signal(number)
        if timeout >= 0:
            self._loop.at("kill", timeout, self._kill_all)

    def _kill_all(self) -> None:
        if self._run is not None:
            self._run.signal(SIGKILL)


def _code(status: int) -> int:
    """A wait status as an exit code: 128 + n for a signal."""
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _failure(error: BackendError | Problem | OSError) -> dict[str, Any]:
    code = 125
    if isinstance(error, ProgramNotFound):
        code = 127
    elif isinstance(error, ProgramNotExecutable):
        code = 126
    return {"code": code, "oom": False, "error": str(error), "hint": getattr(error, "hint", "")}


def main(arguments: list[str]) -> None:
    """The descriptor of a connected socket: over it come orders, and then its owner's requests."""
    first = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, int(arguments[0]))
    os.set_inheritable(first.fileno(), False)
    os.umask(0o022)
    os.chdir("/")
    order, lock = _ordered(first)
    if order is None:
        return
    paths = Paths(order["root"], order["state"])
    try:
        report = cache.load(order["report"], None) or cache.report(paths.report, paths.root)
        Monitor(paths, order["id"], report, lock).serve(first.detach())
    except BaseException as error:
        _last_words(paths, order["id"], error)
        raise


def _ordered(first: _socket.socket) -> tuple[dict[str, Any] | None, int]:
    """The container to make, and the descriptor of its lock; None if none is wanted any more."""
    while True:
        order, lock = orders.receive(first)
        if order is None or "id" in order:
            return order, lock
        for family, name in order["load"].items():
            catalogue.load(family, name)


def _last_words(paths: Paths, identifier: str, error: BaseException) -> None:
    """A fault of ours: nobody reads our stderr, so it goes beside the container's log."""
    import traceback

    with open(paths.container(identifier) + "/monitor.log", "a") as file:
        traceback.print_exception(type(error), error, error.__traceback__, file=file)


if __name__ == "__main__":
    main(sys.argv[1:])
