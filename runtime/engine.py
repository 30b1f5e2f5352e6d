"""The façade that the CLI and the API both call. It neither prints nor parses."""

from __future__ import annotations

import os

from backends import catalogue
from runtime import errors, records
from runtime.containers import control, lookup, status
from runtime.containers.control import Target
from runtime.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, BinaryIO

    from backends.contract import Stdio, StorageBackend
    from probes.report import HostReport
    from runtime.containers.connection import Connection
    from runtime.containers.execution import Execution
    from runtime.containers.launch import Waiting
    from runtime.containers.logs import Line
    from runtime.containers.promises import Decision
    from runtime.containers.request import ExecRequest, Request, Resources, RestartPolicy
    from runtime.doctor.contents import Contents
    from runtime.images.image import Image
    from runtime.images.store import ImageStore
    from runtime.isolation.row import Row


class Engine:
    """`notices` gathers one sentence for everything that was found broken and repaired; front ends show them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.paths = settings.paths
        self.notices: list[str] = []
        self._report: HostReport | None = None
        self._images: ImageStore | None = None

    # ------------------------------------------------------------------------------------------------ the host

    def report(self, fresh: bool = False) -> HostReport:
        """What this host can do: kept until the next boot, asked anew with `fresh`."""
        from probes import cache

        if self._report is None or fresh:
            self.paths.prepare()
            self._report = cache.report(self.paths.report, self.paths.root, fresh)
        return self._report

    @property
    def _report_path(self) -> str:
        from probes import cache

        self.report()
        return cache.path(self.paths.report, self.paths.root)

    def decide(self, request: Request, labels: Mapping[str, str] | None = None) -> Decision:
        """The backends that a container made from `request` would use, and what it is promised. `labels` are its
        image's. Unsupported, with every reason; InvalidInput for wishes that contradict each other."""
        from runtime.containers.promises import decide

        while True:
            decision = decide(self.report(), request, self.settings, self._storage_in_use(), labels)
            chosen = decision.selections["execution"].chosen
            if f"execution/{chosen}" in self.report().health or not self._breaks(chosen):
                return decision

    def _breaks(self, backend: str) -> bool:
        """Tries an execution backend, and keeps what came of it with the host's report."""
        from probes import cache
        from runtime.containers import health

        report, store = self.report(), self.paths.root
        said = health.examine(self.paths, report, backend)
        if said is None:
            return False
        report.health[f"execution/{backend}"] = said
        cache.keep(self.paths.report, store, cache.circumstances(store), report)
        return bool(said)

    def diagnosed(self) -> HostReport:
        """This host asked anew, and every execution backend tried that seems to work."""
        from backends.requirements import unmet

        report = self.report(fresh=True)
        for entry in catalogue.members("execution"):
            if not unmet(entry.requirements, report):
                self._breaks(entry.name)
        return report

    def _storage_in_use(self) -> str:
        """The storage backend that has images on disk. Conflict if there are two."""
        try:
            names = sorted(os.listdir(self.paths.storages))
        except FileNotFoundError:
            return ""
        if ".migration" in names:
            from runtime import migration

            self.notices += migration.settle(self.paths)
            names = sorted(os.listdir(self.paths.storages))
        used = [name for name in names if not name.startswith(".")]
        known = [entry.name for entry in catalogue.members("storage")]
        used = [name for name in used if name in known]
        if len(used) > 1 and "storage" not in self.settings.forced:
            raise errors.Conflict(
                f"images are kept by {' and by '.join(used)} in {self.paths.storages}",
                "say which one to use: --storage NAME",
            )
        return used[0] if len(used) == 1 else ""

    def storage(self) -> StorageBackend:
        """The storage backend in use, or the one that would be."""
        from backends.errors import BackendError
        from backends.guarantees import Demands
        from backends.selection import select

        forced = {"storage": self.settings.forced["storage"]} if "storage" in self.settings.forced else {}
        try:
            chosen = select(
                "storage", self.report(), Demands(forced=forced), in_use=self._storage_in_use() or None
            ).chosen
        except BackendError as error:
            raise errors.Unsupported(f"no storage for images can be used: {error}", error.hint) from error
        self._settle_options(chosen, self.paths.storage(chosen))
        backend: StorageBackend = catalogue.load("storage", chosen)(self.paths.storage(chosen))
        return backend

    def _settle_options(self, backend: str, folder: str) -> None:
        wanted = self.settings.configuration.storage.get(backend)
        if wanted:
            from backends.errors import StorageError
            from backends.storage import options

            try:
                options.keep(folder, backend, wanted)
            except StorageError as error:
                raise errors.Conflict(str(error), error.hint) from error

    @property
    def images(self) -> ImageStore:
        from runtime.images.store import ImageStore

        if self._images is None:
            self.paths.prepare()
            self._images = ImageStore(self.paths, self.storage(), self.images_in_use)
        return self._images

    def images_in_use(self) -> dict[str, str]:
        """The images that containers stand on: id -> a container's name."""
        found, _ = lookup.everything(self.paths)
        return {record["image"]["id"]: record["name"] for record in found if record["image"]["id"]}

    # ----------------------------------------------------------------------------------------- finding containers

    def target(self, reference: str) -> Target:
        """A container and how it is doing; what an interruption left of it is repaired first."""
        record = lookup.find(self.paths, reference)
        seen = status.observe(self.paths, record)
        if seen.name == status.INTERRUPTED:
            from runtime.containers import repair

            notice = repair.repair(self.paths, record)
            if notice:
                self.notices.append(notice)
            record = lookup.find(self.paths, record["id"])
            seen = status.observe(self.paths, record)
        return Target(self.paths, record, seen)

    def targets(self) -> list[Target]:
        """All containers, the newest first. Damaged records become notices."""
        records, damaged = lookup.everything(self.paths)
        self.notices += [f"{error}; {error.hint}" for error in damaged]
        found = []
        for record in records:
            try:
                found.append(self.target(record["id"]))
            except errors.UnknownContainer:
                continue  # removed in between, or by the repair
        return found

    def containers(self, everything: bool = False) -> list[dict[str, Any]]:
        """The rows of `ps`."""
        from runtime.containers import inspection

        return [inspection.summary(target) for target in self.targets() if everything or target.status.busy]

    def inspect(self, reference: str) -> dict[str, Any]:
        from runtime.containers import inspection

        return inspection.inspect(self.target(reference))

    def contents(self, reference: str, platform: str | None = None) -> Contents:
        """What an image holds that decides whether it starts; it is neither mounted nor run. UnknownImage."""
        from runtime.doctor import contents

        image = self.images.find(reference, platform)
        storage, chain = self.images.storage, image.chain

        def peek(path: str, limit: int) -> bytes:
            return storage.peek(chain, path, limit) if chain else b""

        settings = image.config.get("config") or {}
        return contents.read(peek, str(image.platform), image.platform.architecture, settings)

    def isolation(self, reference: str) -> tuple[dict[str, Any], int, list[Row]]:
        """What is really in force in a running container: its record, its process, and a row for everything asked.
        WrongState if it does not run."""
        from runtime.isolation import comparison, observation

        target = self.target(reference)
        target.need_running()
        config = records.load(self.paths.bundle(target.identifier))
        observed = observation.observe(target.status.pid, config, control.cgroup(target))
        return target.record, target.status.pid, comparison.compare(config, observed)

    # -------------------------------------------------------------------------------------------- their lives

    def create(self, request: Request, monitor: Waiting | None = None) -> str:
        """Makes a container; its identifier. Nothing runs yet; `monitor` is one that waits, to prepare itself."""
        from backends.errors import BackendError
        from runtime.containers.creation import Creation

        if request.volumes_from:
            from runtime.containers.inheriting import with_inherited_mounts

            request = with_inherited_mounts(self.paths, request)
        decision = self.decide(request)
        if monitor is not None:
            chosen = decision.selections
            monitor.expect({family: chosen[family].chosen for family in ("execution", "storage", "cgroups")})
        image = None
        if not request.rootfs:
            image = self.images.find(request.image, request.platform or None)
            decision = self._heed(image, decision)
        storage = self.storage() if image is None else self.images.storage
        try:
            return str(Creation(self.paths, self.report(), image, storage, decision).make()["id"])
        except BackendError as error:
            raise errors.Problem(str(error), error.hint) from error

    def _heed(self, image: Image, decision: Decision) -> Decision:
        """What an image asks for may take another backend than its request alone."""
        from runtime.containers.promises import speaks

        labels = (image.config.get("config") or {}).get("Labels") or {}
        return self.decide(decision.wanted, labels) if speaks(labels) else decision

    def explain(self, request: Request) -> list[str]:
        """The selections and every step of what `run` would do; nothing is done."""
        from runtime.containers.explanation import explain

        decision = self.decide(request)
        image = None
        if not request.rootfs:
            image = self.images.find(request.image, request.platform or None)
            decision = self._heed(image, decision)
        storage = self.images.storage if image else self.storage()
        return explain(self.report(), decision, image, storage)

    def start(
        self, reference: str, attach: dict[str, Any] | None = None, monitor: Waiting | None = None
    ) -> Connection | None:
        """Starts a container. With `attach` ({"stdin": bool, "stdout": bool, "stderr": bool, "size": [rows, columns]})
        the connection over which its streams come. Starting what runs is a success, as with docker. `monitor` is one
        that was started in advance."""
        from runtime.containers import launch

        target = self.target(reference)
        if target.status.busy:
            return self.attach(reference, attach) if attach else None
        connection = launch.start(self.paths, target.identifier, self._report_path, attach or {}, monitor)
        return connection if attach else None

    def attach(self, reference: str, wish: dict[str, Any]) -> Connection:
        from runtime.containers.connection import connect

        target = self.target(reference)
        target.need_running()
        connection = connect(self.paths, target.identifier)
        connection.ask({"op": "attach", **wish})
        return connection

    def stop(self, reference: str, timeout: float | None = None, number: str = "") -> None:
        target = self.target(reference)
        wanted = target.record["stop"]
        chosen = control.signal_number(number) if number else int(wanted["signal"])
        control.stop(target, chosen, float(wanted["timeout"] if timeout is None else timeout))

    def kill(self, reference: str, number: str = "KILL") -> None:
        control.kill(self.target(reference), control.signal_number(number))

    def restart(self, reference: str, timeout: float | None = None) -> None:
        target = self.target(reference)
        if not target.status.busy:
            self.start(reference)
            return
        wanted = target.record["stop"]
        control.restart(target, int(wanted["signal"]), float(wanted["timeout"] if timeout is None else timeout))

    def wait(self, reference: str) -> int:
        return control.wait(self.target(reference))

    def pause(self, reference: str) -> None:
        control.pause(self.target(reference))

    def unpause(self, reference: str) -> None:
        control.unpause(self.target(reference))

    def remove(self, reference: str, force: bool = False, volumes: bool = False) -> None:
        from runtime.containers.disposal import remove

        remove(self.paths, reference, self.target, force, volumes)

    def rename(self, reference: str, name: str) -> None:
        from runtime.containers.changing import rename

        rename(self.target(reference), name)

    def update(self, reference: str, resources: Resources, restart: RestartPolicy | None = None) -> None:
        from runtime.containers.changing import update

        update(self.target(reference), resources, restart, self.report())

    # ----------------------------------------------------------------------------------------- looking inside

    def logs(
        self, reference: str, follow: bool = False, tail: int | None = None, since: str = "", until: str = ""
    ) -> Iterator[Line]:
        """`since` and `until` are RFC 3339 moments in UTC."""
        from runtime.containers.logs import read

        return read(self.paths, self.target(reference).record, follow, tail, since, until)

    def execute(self, reference: str, wish: ExecRequest, stdio: Stdio) -> Execution:
        from runtime.containers.execution import execute

        return execute(self.target(reference), wish, stdio, self.report())

    def top(self, reference: str, arguments: tuple[str, ...] = ()) -> tuple[list[str], list[list[str]]]:
        from runtime.containers.processes import top

        return top(self.target(reference), arguments)

    def sample(self, reference: str) -> dict[str, Any]:
        """One reading of a running container's counters."""
        from runtime.containers.statistics import sample

        target = self.target(reference)
        target.need_running()
        return sample(target)

    def diff(self, reference: str) -> list[tuple[str, str]]:
        from runtime.containers.files import changes

        return changes(self.target(reference))

    def copy_out(self, reference: str, path: str, archive: BinaryIO) -> dict[str, Any]:
        """Writes what is at `path` inside as a tar archive; what `path` itself is: {"name", "mode", "size", ...}."""
        from runtime.containers.files import copy_out

        return copy_out(self.target(reference), path, archive)

    def copy_in(self, reference: str, folder: str, archive: BinaryIO) -> None:
        """Unpacks a tar archive into a folder inside."""
        from runtime.containers.files import copy_in

        copy_in(self.target(reference), folder, archive)

    def export(self, reference: str, archive: BinaryIO) -> None:
        """The container's whole root as a tar archive."""
        from runtime.containers.files import export

        export(self.target(reference), archive)

    def commit(
        self, reference: str, image: str = "", message: str = "", author: str = "", changes: tuple[str, ...] = ()
    ) -> str:
        """A new image of what the container has become; its id. A running container is paused meanwhile."""
        from runtime.containers.files import commit

        return commit(self.images, self.target(reference), image, message, author, changes)

    # ------------------------------------------------------------------------------------------------- the whole

    def info(self) -> dict[str, Any]:
        from runtime.overview import info

        return info(self.report(), self.targets(), self.images, self.settings)

    def version(self) -> dict[str, Any]:
        from runtime.overview import version

        return version()

    def prune(self, images: str = "dangling", volumes: bool = False) -> dict[str, Any]:
        """Removes ended and never started containers, then images ("dangling", "all", "none") and anonymous volumes
        that nobody uses, and what killed processes left: what was removed, by kind."""
        from runtime.containers.sweeping import sweep
        from runtime.overview import volumes_of
        from runtime.volumes.volume import VolumeStore

        removed: dict[str, Any] = {"containers": [], "images": [], "volumes": [], "repairs": self.storage().repair()}
        for target in self.targets():
            if not target.status.busy and target.status.name != status.CREATING_NOW:
                self.remove(target.identifier)
                removed["containers"].append(target.identifier)
        if images != "none":
            removed["images"] = self.images.prune(images == "all")
            removed["repairs"] += self.images.repair()
        removed["repairs"] += sweep(self.paths)
        if volumes:
            used = {name for target in self.targets() for name in volumes_of(target.record)}
            removed["volumes"] = list(VolumeStore(self.paths).prune(used)[0])
        return removed

    def migrate(self, storage: str, say: Callable[[str], None] = lambda text: None) -> int:
        """Moves all images and containers to another storage backend: how many layers. Unsupported, Conflict,
        NoSpace: then all is where it was."""
        from backends.errors import BackendError
        from backends.guarantees import Demands
        from backends.selection import select
        from runtime import migration

        used = self._storage_in_use()
        if not used:
            raise errors.NotFound("there are no images to move", f"load some with --storage {storage}")
        if used == storage:
            raise errors.Conflict(f"the images are kept by {storage} already")
        try:
            select("storage", self.report(), Demands(forced={"storage": storage}))
        except BackendError as error:
            raise errors.Unsupported(f"the images stay in {used}: {error}", error.hint) from error
        wanted = self.settings.configuration.storage.get(storage, {})
        shares = self.report()["storage.reflink"].present
        return migration.migrate(self.paths, used, storage, shares, say, wanted)

    def usage(self) -> dict[str, Any]:
        """Bytes by kind, for `system df`."""
        from runtime.overview import usage

        return usage(self.targets(), self.images, self.paths)
