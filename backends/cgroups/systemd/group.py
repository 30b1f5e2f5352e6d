"""A container's cgroup that systemd has made: the kernel's files as ever, and systemd told of all that it knows.

systemd starts no scope without a process, so there is none before `add` was called for the first one. On the launch
path.
"""

from __future__ import annotations

import os

from backends.cgroups.controllers.numbers import number
from backends.cgroups.folder import Folder, Patience
from backends.cgroups.group import UNIFIED, HierarchyCgroup
from backends.cgroups.systemd.properties import ACCOUNTING, oom_policy, translate
from backends.cgroups.systemd.units import Systemd
from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from backends.cgroups.systemd.properties import Property
    from backends.contract import Resources


_SWEEPING = 2.0  # seconds that systemd may take to look after all units of a slice


class Beginning:
    """What is needed until the first process is there: `prepare` makes a hierarchy's folder, or what it lacks, where
    systemd has not done it."""

    __slots__ = ("extra", "prepare", "resources", "slice")

    def __init__(
        self, slice: str, resources: Resources, extra: list[Property], prepare: Callable[[str, str], None]
    ) -> None:
        self.slice = slice
        self.resources = resources
        self.extra = extra
        self.prepare = prepare


class SystemdCgroup(HierarchyCgroup):
    """`rootless`: of the user's systemd, which alone may move processes into it."""

    __slots__ = ("_beginning", "_systemd", "rootless", "unit")

    def __init__(
        self,
        paths: dict[str, str],
        rootless: bool,
        beginning: Beginning | None = None,
        systemd: Systemd | None = None,
    ) -> None:
        super().__init__(paths)
        self.unit = os.path.basename(next(iter(paths.values())))
        self.rootless = rootless
        self._beginning = beginning
        self._systemd = systemd

    def systemd(self) -> Systemd:
        """Connected when it is first needed. CgroupError"""
        if self._systemd is None:
            self._systemd = Systemd(self.rootless)
        return self._systemd

    # ------------------------------------------------------------------------------------------------- joining

    @property
    def keeper(self) -> bool:
        return self._beginning is not None or self.rootless

    def into(self) -> str:
        return "" if self.keeper else super().into()

    def add(self, pid: int) -> None:
        """The first one starts the unit, with its limits in force before this returns."""
        beginning, self._beginning = self._beginning, None
        if beginning is None:
            self._move(pid)
            return
        self.systemd().start(self.unit, self._properties(pid, beginning))
        for names, path in self.paths.items():
            self._settle(pid, names, path, beginning)
        if beginning.resources:
            super().update(beginning.resources)

    def _properties(self, pid: int, beginning: Beginning) -> list[Property]:
        unified = self._unified()
        accounting = (*ACCOUNTING, "IOAccounting" if unified else "BlockIOAccounting")
        return [
            ("Description", ("s", f"container {self.unit}")),
            ("Slice", ("s", beginning.slice)),
            ("Delegate", ("b", True)),
            ("PIDs", ("au", [pid])),
            *((name, ("b", True)) for name in accounting),
            ("DefaultDependencies", ("b", False)),
            *beginning.extra,
            *oom_policy(beginning.resources),
            *self._translated(beginning.resources),
        ]

    def _unified(self) -> bool:
        return list(self.paths) == [UNIFIED]

    def _translated(self, resources: Resources) -> list[Property]:
        return translate(resources, self._unified(), self.systemd().version()) if resources else []

    def _move(self, pid: int) -> None:
        if self.rootless:
            self.systemd().attach(self.unit, pid)
        else:
            super().add(pid)

    def _settle(self, pid: int, names: str, path: str, beginning: Beginning) -> None:
        """Into the v1 hierarchies that systemd does not care for, where it removes what is empty at any moment."""
        waiting = Patience(_SWEEPING)
        while True:
            try:
                beginning.prepare(names, path)
                if names not in (UNIFIED, "name=systemd"):
                    HierarchyCgroup({names: path}).add(pid)
                return
            except CgroupError:
                if os.path.isdir(path) or not waiting.more():
                    raise

    # -------------------------------------------------------------------------------------------------- limits

    def update(self, resources: Resources) -> None:
        if self._beginning is not None:
            self._beginning.resources = resources
            return
        found = self._translated(self._completed(resources))
        # v1's devices are denied all at once and allowed one by one: nobody may look meanwhile.
        held = bool(resources.get("devices")) and not self._unified() and not self.frozen()
        if held:
            self.freeze()
        try:
            if found:
                self.systemd().change(self.unit, found)
            super().update(resources)
        finally:
            if held:
                self.thaw()

    def _completed(self, resources: Resources) -> Resources:
        """systemd knows CPU time as a part of a second, and v2's swap without memory: that takes what is in force."""
        cpu, memory = resources.get("cpu") or {}, resources.get("memory") or {}
        if bool(cpu.get("quota")) != bool(cpu.get("period")):
            resources = {**resources, "cpu": {**self._bandwidth(), **{key: cpu[key] for key in cpu if cpu[key]}}}
        if self._unified() and memory.get("swap") and not memory.get("limit"):
            limit = number(Folder(self.paths[UNIFIED]), "memory.max") or 0
            resources = {**resources, "memory": {**memory, "limit": limit}}
        return resources

    def _bandwidth(self) -> dict[str, int]:
        found = self.folder("cpu", "cpu")
        if found is None:
            return {}
        folder, version = found
        if version == 1:
            return {key: number(folder, f"cpu.cfs_{key}_us") or 0 for key in ("quota", "period")}
        quota, _, period = folder.find("cpu.max").partition(" ")
        return {"quota": int(quota) if quota.isdigit() else -1, "period": int(period or 0)}

    # ----------------------------------------------------------------------------------------------------- end

    def remove(self) -> None:
        """Everything is tried; the first error is the one to tell."""
        if self._beginning is not None:
            return
        try:
            self.systemd().stop(self.unit)
        finally:
            super().remove()
