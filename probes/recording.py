"""A host that notes every answer, so that `probes.snapshot` can give them again on any machine, for ever."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from typing import Any

from probes import kernel, machine, privileges
from probes.host import Host, Outcome, Output, Trial
from probes.inquiry import text
from probes.survey import survey

SCHEMA = 1
KIND = "recorded host"
RECORDED, CONSTRUCTED = "recorded", "constructed"


class RecordingHost(Host):
    def __init__(self, host: Host) -> None:
        self._host = host
        self.answers: dict[str, dict[str, Any]] = {
            kind: {} for kind in ("facts", "read", "names", "filesystem", "link", "program", "output", "attempt")
        }

    def _noted(self, kind: str, key: str, ask: Callable[[], Any]) -> Any:
        """Asks and notes; an OSError is an answer, too."""
        try:
            answer = ask()
        except OSError as error:
            self.answers[kind][key] = {"errno": errno.errorcode.get(error.errno or 0, "EIO")}
            raise
        self.answers[kind][key] = answer
        return answer

    def read(self, path: str) -> str:
        return str(self._noted("read", path, lambda: self._abridged(path)))

    def _abridged(self, path: str) -> str:
        content = self._host.read(path)
        if path not in ("/etc/passwd", "/etc/subuid", "/etc/subgid"):
            return abridge(path, content)
        return _own_lines(content, self._host.facts().get("euid", ""), text(self._host, "/etc/passwd"))

    def names(self, folder: str) -> tuple[str, ...]:
        return tuple(self._noted("names", folder, lambda: abridge_names(folder, self._host.names(folder))))

    def filesystem(self, path: str) -> int:
        return int(self._noted("filesystem", path, lambda: self._host.filesystem(path)))

    def link(self, path: str) -> str:
        return str(self._noted("link", path, lambda: self._host.link(path)))

    def program(self, name: str) -> str | None:
        answer = self.answers["program"][name] = self._host.program(name)
        return answer

    def output(self, *command: str) -> Output:
        answer = self._host.output(*command)
        self.answers["output"][" ".join(command)] = {
            "status": answer.status, "stdout": answer.stdout, "stderr": answer.stderr,
        }  # fmt: skip
        return answer

    def attempt(self, trial: Trial) -> Outcome:
        answer = self._host.attempt(trial)
        noted = {name: getattr(answer, name) for name in Outcome.__slots__}
        self.answers["attempt"][trial.key] = {name: value for name, value in noted.items() if value or name == "ok"}
        return answer

    def facts(self) -> dict[str, str]:
        self.answers["facts"] = dict(self._host.facts())
        return dict(self.answers["facts"])


def abridge(path: str, content: str) -> str:
    """What is kept of a file: without the parts that nobody asks for, among them what a host would rather not tell.

    The survey sees the abridged text while recording too, so that recording and replay cannot differ.
    """
    if path in {pattern for pattern in kernel.CONFIGS if "{}" not in pattern} or "/config" in path:
        return kernel.abridge(content)
    if path == "/proc/cpuinfo":
        return machine.abridge(content)
    if path == "/proc/1/environ":
        return "\0".join(variable for variable in content.split("\0") if variable.startswith("container="))
    if path.endswith("/mountinfo"):  # of all mounts, the root and the cgroups are asked for
        kept = [line for line in content.splitlines() if " / / " in line or " - cgroup" in line]
        return "".join(f"{line}\n" for line in kept)
    return content


# Folders that are asked for by a name or two; the rest is nobody's business.
_WANTED = {
    "/": (".dockerenv", ".dockerinit"),
    "/etc": ("init", "inittab", "rc.d", "runit", "redhat-release", "centos-release", "SuSE-release", "alpine-release",
             "slackware-version"),
    "/run": (".containerenv", "openrc", "s6", "s6-rc", "runit", "finit"),
    "/proc": ("vz", "bc"),
}  # fmt: skip


def abridge_names(folder: str, names: tuple[str, ...]) -> list[str]:
    wanted = _WANTED.get(folder)
    return [name for name in names if wanted is None or name in wanted]


def _own_lines(content: str, uid: str, passwd: str) -> str:
    """The lines of the user who records, in a file whose lines begin with a user."""
    name = privileges.user_name(passwd, int(uid or 0)) or uid
    return "".join(f"{line}\n" for line in content.splitlines() if line.split(":", 1)[0] in (name, uid))


def record(host: Host, store: str, note: str = "", marked: str = RECORDED) -> dict[str, Any]:
    """Surveys the host and returns everything it answered, ready for JSON."""
    recorder = RecordingHost(host)
    survey(recorder, store)
    answers = {kind: dict(sorted(answers.items())) for kind, answers in recorder.answers.items()}
    return {"schema": SCHEMA, "kind": KIND, "marked": marked, "note": note, "store": store, "answers": answers}


def dump(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def save(data: dict[str, Any], path: str) -> None:
    """OSError."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(dump(data))
