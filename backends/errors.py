"""Errors of this room. `hint` says what to do; only the front ends decide how an error looks."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.contract import Selection


class BackendError(Exception):
    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class NoUsableBackend(BackendError):
    """Nothing in the catalogue meets the demands on this host. Carries the selections that failed, with every reason
    (`Selection.chosen` is empty in them)."""

    def __init__(self, message: str, hint: str = "", selections: tuple[Selection, ...] = ()) -> None:
        super().__init__(message, hint)
        self.selections = selections


class UnsupportedConfiguration(BackendError):
    """The bundle asks for something that this backend or this host cannot do. Names the JSON path in config.json."""


class StepFailed(BackendError):
    """A step of a plan failed: `step` is what it described, `errno` the kernel's answer, or 0."""

    def __init__(self, step: str, message: str, errno: int = 0, hint: str = "") -> None:
        super().__init__(message, hint)
        self.step = step
        self.errno = errno


class ProgramNotFound(StepFailed):
    """The container's program does not exist: exit status 127."""


class ProgramNotExecutable(StepFailed):
    """The container's program exists and cannot be executed: exit status 126."""


class StorageError(BackendError):
    pass


class LayerExists(StorageError):
    pass


class UnknownLayer(StorageError):
    pass


class HostileLayer(StorageError):
    """A layer's archive that tries to leave its folder, or that lies about itself."""


class CgroupError(BackendError):
    pass
