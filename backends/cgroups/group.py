"""A container's cgroup in whatever hierarchies it has: v1's, v2's, or some of each. On the launch path.

Which folder answers for what follows from `paths` alone, so that a group opened from a record is the one that was made.
"""

from __future__ import annotations

import os

from backends.cgroups.controllers import controller
from backends.cgroups.folder import PATIENCE, Folder, Patience
from backends.cgroups.limits import LIMITS
from backends.contract import Cgroup
from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Resources

UNIFIED = "unified"
_SIGKILL = 9  # the module `signal` costs the launch path an import of `enum`
# Of v1's, which tells the members: every one of ours holds them all, these exist most widely.
_TELLING = ("freezer", "pids", "memory", "devices", "cpu")


class HierarchyCgroup(Cgroup):
    """`paths` maps a hierarchy to its folder: v1 controllers joined by commas ("cpu,cpuacct"), or "unified"."""

    __slots__ = ("_found",)

    def __init__(self, paths: dict[str, str]) -> None:
        super().__init__(paths)
        self._found: dict[str, tuple[Folder, int]] = {}
        for names, path in paths.items():
            if names != UNIFIED:
                self._found.update(dict.fromkeys(names.split(","), (Folder(path), 1)))

    # ------------------------------------------------------------------------------------------------- finding

    def folder(self, v1: str, v2: str) -> tuple[Folder, int] | None:
        """The folder that answers for a controller, and its version; None where none does."""
        found = self._found.get(v1)
        if found is None and v2 and UNIFIED in self.paths:
            unified = Folder(self.paths[UNIFIED])
            if v2 in ("devices", UNIFIED) or v2 in unified.find("cgroup.controllers").split():
                return unified, 2
        return found

    def _telling(self) -> Folder | None:
        """A folder whose members are all there are."""
        if UNIFIED in self.paths:
            return Folder(self.paths[UNIFIED])
        for name in _TELLING:
            if name in self._found:
                return self._found[name][0]
        return next((folder for folder, _ in self._found.values()), None)

    # ------------------------------------------------------------------------------------------------- joining

    def joining(self, cloned: bool = False) -> list[str]:
        """The files to which a process with one thread writes "0". v1's `tasks` takes some 0.03 ms each; v2's
        cgroup.procs waits for an RCU grace period, 10 ms: a child that was cloned into `into()` leaves it out."""
        return [
            f"{path}/cgroup.procs" if names == UNIFIED else f"{path}/tasks"
            for names, path in self.paths.items()
            if not (cloned and names == UNIFIED)
        ]

    def into(self) -> str:
        """The v2 folder for CLONE_INTO_CGROUP (Linux 5.7), or empty."""
        return self.paths.get(UNIFIED, "")

    def add(self, pid: int) -> None:
        """Moves a process with all its threads. CgroupError."""
        for path in self.paths.values():
            folder = Folder(path)
            # Writing cgroup.procs is of Linux 3.0 in v1.
            try:
                folder.write("cgroup.procs", str(pid))
            except (FileNotFoundError, PermissionError):
                folder.set(f"adding process {pid}", "tasks", str(pid))
            except OSError:
                folder.set(f"adding process {pid}", "cgroup.procs", str(pid))

    def members(self) -> list[int]:
        folder = self._telling()
        return sorted(set(folder.members())) if folder else []

    # -------------------------------------------------------------------------------------------------- limits

    def update(self, resources: Resources) -> None:
        """Applies what `resources` says and leaves the rest. CgroupError names the limit; those before it stay set."""
        done: set[tuple[str, str]] = set()
        for limit in LIMITS:
            if not resources.get(limit.section):
                continue
            found = self.folder(limit.v1, limit.v2)
            if found is None:
                if limit.asked(resources):
                    raise self._nowhere(limit.name, limit.v1 or limit.v2)
            elif (limit.module, found[0].path) not in done:
                done.add((limit.module, found[0].path))
                self._apply(limit.module, resources, *found)

    def _apply(self, module: str, resources: Resources, folder: Folder, version: int) -> None:
        for name, file, value in controller(module).settings(resources, folder, version):
            folder.set(f"linux.resources.{name}", file, value)
        if module == "devices" and version == 2:
            from backends.cgroups import bpf

            bpf.apply(resources["devices"], folder.path)

    def _nowhere(self, limit: str, name: str) -> CgroupError:
        here = ", ".join(self.paths) or "none"
        return CgroupError(
            f"linux.resources.{limit}: the controller {name} is in none of this container's hierarchies ({here})",
            "the doctor says why the controller is not usable, or start the container anew with the limit",
        )

    # --------------------------------------------------------------------------------------------------- pause

    def _freezer_or_none(self) -> tuple[Folder, int] | None:
        if "freezer" in self._found:
            return self._found["freezer"]
        unified = Folder(self.paths[UNIFIED]) if UNIFIED in self.paths else None
        return (unified, 2) if unified and unified.has("cgroup.freeze") else None

    def _freezer(self) -> tuple[Folder, int]:
        found = self._freezer_or_none()
        if found is None:
            raise CgroupError(
                "this container cannot be paused: there is neither the freezer of cgroup v1 nor cgroup.freeze of v2",
                "Linux 5.2 or later with cgroup v2, or a kernel with CONFIG_CGROUP_FREEZER",
            )
        return found

    def freeze(self) -> None:
        controller("freezer").freeze(*self._freezer())

    def thaw(self) -> None:
        controller("freezer").thaw(*self._freezer())

    def frozen(self) -> bool:
        found = self._freezer_or_none()
        return bool(found and controller("freezer").frozen(*found))

    # ---------------------------------------------------------------------------------------------------- kill

    def kill(self, patience: float = PATIENCE) -> None:
        """CgroupError names the processes that do not go: they wait in the kernel, and nothing ends those."""
        folder = self._telling()
        if folder is None:
            return
        waiting = Patience(patience)
        while left := folder.members():
            self._kill_once(folder, left)
            if not waiting.more() and (left := folder.members()):
                raise CgroupError(
                    f"processes {', '.join(map(str, left))} in {folder.path} do not end",
                    "they wait in the kernel, perhaps for a disk or a network file system that does not answer",
                )

    def _kill_once(self, folder: Folder, left: list[int]) -> None:
        freezer = self._freezer_or_none()
        if UNIFIED in self.paths and folder.has("cgroup.kill"):  # Linux 5.14
            folder.set("kill", "cgroup.kill", "1")
        else:
            # Nothing forks while it is stopped, so nothing slips through.
            if freezer and len(left) > 1:
                controller("freezer").begin(*freezer)
                left = folder.members()
            for pid in left:
                _end(pid)
        if freezer:  # what v1 has stopped acts on SIGKILL only when it is let go
            controller("freezer").thaw(*freezer)

    def remove(self) -> None:
        for path in self.paths.values():
            Folder(path).remove()

    # ---------------------------------------------------------------------------------------------- statistics

    def statistics(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for title, module, v1, v2 in (
            ("memory", "memory", "memory", "memory"),
            ("cpu", "cpu", "cpu", UNIFIED),  # cpu.stat counts without the controller, Linux 4.15
            ("pids", "pids", "pids", "pids"),
            ("io", "blkio", "blkio", "io"),
        ):
            where = self.folder(v1, v2)
            if where is not None:
                found[title] = controller(module).statistics(*where)
        if "cpuacct" in self._found:
            found.setdefault("cpu", {}).update(controller("cpu").usage(self._found["cpuacct"][0]))
        kills = self.oom_kills()
        if kills is not None:
            found["oom"] = {"kills": kills}
        return {title: counters for title, counters in found.items() if counters}

    def oom_kills(self) -> int | None:
        """Processes killed for want of memory; None where the kernel does not say (v1 before Linux 4.13)."""
        where = self.folder("memory", "memory")
        count: int | None = controller("memory").kills(*where) if where else None
        return count


def _end(pid: int) -> None:
    try:
        os.kill(pid, _SIGKILL)
    except ProcessLookupError:
        pass
