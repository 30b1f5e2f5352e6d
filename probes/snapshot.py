"""A recorded host, replayed: the same answers on any machine, and NotRecorded for a question that nobody asked then."""

from __future__ import annotations

import errno
import json
import os
from typing import Any

from probes.errors import BadReport, NotRecorded
from probes.host import Host, Outcome, Output, Trial
from probes.recording import KIND, SCHEMA


class SnapshotHost(Host):
    """`marked` says whether a machine gave these answers or a person wrote them down; `note`, whence they are."""

    def __init__(self, data: dict[str, Any]) -> None:
        """BadReport for anything that is not a recording of this schema."""
        if not isinstance(data, dict) or data.get("kind") != KIND or data.get("schema") != SCHEMA:
            raise BadReport(f"not a {KIND} of schema {SCHEMA}", "make one with: runtime doctor --record FILE")
        answers = data.get("answers")
        if not isinstance(answers, dict) or not all(isinstance(kind, dict) for kind in answers.values()):
            raise BadReport("a damaged recording: its answers are not a table")
        self._answers: dict[str, dict[str, Any]] = answers
        self.marked = str(data.get("marked", ""))
        self.note = str(data.get("note", ""))
        self.store = str(data.get("store", ""))

    def _answer(self, kind: str, key: str) -> Any:
        answers = self._answers.get(kind, {})
        if key not in answers:
            raise NotRecorded(f"the recording does not answer {kind} {key!r}", "record the host again")
        answer = answers[key]
        if isinstance(answer, dict) and set(answer) == {"errno"}:
            number = getattr(errno, str(answer["errno"]), errno.EIO)
            raise OSError(number, os.strerror(number), key)
        return answer

    def read(self, path: str) -> str:
        return str(self._answer("read", path))

    def names(self, folder: str) -> tuple[str, ...]:
        return tuple(str(name) for name in self._answer("names", folder))

    def filesystem(self, path: str) -> int:
        return int(self._answer("filesystem", path))

    def link(self, path: str) -> str:
        return str(self._answer("link", path))

    def program(self, name: str) -> str | None:
        answer = self._answer("program", name)
        return None if answer is None else str(answer)

    def output(self, *command: str) -> Output:
        answer = self._answer("output", " ".join(command))
        return Output(int(answer["status"]), str(answer["stdout"]), str(answer["stderr"]))

    def attempt(self, trial: Trial) -> Outcome:
        answer = self._answer("attempt", trial.key)
        text = {name: str(answer.get(name, "")) for name in ("errno", "call", "detail")}
        return Outcome(bool(answer["ok"]), timeout=bool(answer.get("timeout", False)), **text)

    def facts(self) -> dict[str, str]:
        return {name: str(value) for name, value in self._answers.get("facts", {}).items()}


def load(path: str) -> SnapshotHost:
    """OSError; BadReport."""
    with open(path, encoding="utf-8") as file:
        try:
            data = json.load(file)
        except ValueError as error:
            raise BadReport(f"{path} is not JSON: {error}") from error
    return SnapshotHost(data)
