"""Making a container: from a request to a record, a layer and a bundle. Nothing runs yet."""

from __future__ import annotations

import os
import time

from backends import catalogue
from backends.cgroups.layout import Layout
from backends.storage.removal import remove_tree
from runtime import records
from runtime.bundle import compilation, files
from runtime.bundle.backing import backing, is_contained
from runtime.bundle.filesystems import SHARED_MEMORY, wanted_mounts
from runtime.bundle.gathering import gather, identities
from runtime.bundle.relinquishing import relinquish_mounts
from runtime.bundle.subids import ranges
from runtime.containers import names, removal, state, sweeping
from runtime.containers import record as containers
from runtime.containers.control import signal_number
from runtime.containers.launch import claim
from runtime.containers.neighbours import neighbours
from runtime.containers.record import Record
from runtime.errors import InvalidInput, NotFound, Unsupported
from runtime.monitor.log import timestamp
from runtime.volumes.volume import VolumeStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import StorageBackend
    from backends.storage.shift import Owners
    from probes.report import HostReport
    from runtime.bundle.surroundings import Surroundings
    from runtime.containers.promises import Decision
    from runtime.containers.request import Request
    from runtime.images.store import Image
    from runtime.paths import Paths

DEFAULT_STOP = {"signal": 15, "timeout": 10}
LOG_DRIVERS = ("json-file", "none")
_WORTH_SAYING = 100_000_000  # bytes copied


class Creation:
    """One container in the making. `image` is None for `--rootfs`; `storage` keeps its layers."""

    def __init__(
        self,
        paths: Paths,
        report: HostReport,
        image: Image | None,
        storage: StorageBackend,
        decision: Decision,
    ) -> None:
        self.paths = paths
        self.report = report
        self.request = decision.request
        self.image = image
        self.storage = storage
        self.decision = decision
        self.selections = decision.selections
        self.identifier = os.urandom(32).hex()

    @property
    def settings(self) -> dict[str, Any]:
        """The image's own wishes: Env, Cmd, User, ..."""
        config: dict[str, Any] = self.image.config if self.image else {}
        return config.get("config") or {}

    def make(self) -> Record:
        """The finished record, on disk. Whatever fails, nothing is left."""
        self.paths.prepare()
        record = self._record()
        lock = claim(self.paths, self.identifier)
        try:
            self._name(record)
            os.mkdir(self.paths.container(self.identifier), 0o711)
            containers.store(self.paths, record)
            self._fill(record)
            containers.advance(self.paths, record, containers.CREATED)
        except BaseException:
            self._abandon(record)
            raise
        finally:
            lock.release()
        return record

    def _name(self, record: Record) -> None:
        if self.request.name:
            sweeping.reserve(self.paths, self.request.name.lstrip("/"), self.identifier)
            record["name"] = self.request.name.lstrip("/")
        else:
            record["name"] = names.invent(self.paths, self.identifier)

    def _abandon(self, record: Record) -> None:
        if os.path.exists(self.paths.record(self.identifier)):
            removal.remove_all(self.paths, record)
            return
        names.release(self.paths, record["name"], self.identifier)
        remove_tree(self.paths.container(self.identifier))
        remove_tree(state.lock(self.paths, self.identifier).path)

    def _record(self) -> Record:
        request = self.request
        driver = request.log_driver or "json-file"
        if driver not in LOG_DRIVERS:
            raise InvalidInput(f"no log driver is called {driver!r}", f"there are {', '.join(LOG_DRIVERS)}")
        return {
            "id": self.identifier,
            "name": "",
            "created": timestamp(time.time_ns()),
            "phase": containers.CREATING,
            "request": self.decision.wanted.to_dict(),
            "image": self._image(),
            "selections": {
                family: {
                    "chosen": selection.chosen,
                    "because": selection.because,
                    "given_up": list(selection.given_up),
                }
                for family, selection in self.selections.items()
            },
            "isolation": self.decision.outcome(),
            "given_up": self.decision.given_up(),
            "notices": list(self.decision.policy.notices),
            "storage": self._storage(),
            "log": {"driver": driver, "options": log_options(request.log_options)},
            "restart": {"name": request.restart.name, "maximum": request.restart.maximum},
            "stop": self._stop(),
            "auto_remove": request.auto_remove,
            "init": request.init,
            "interactive": request.interactive,
            "terminal": request.tty,
            "seclude": not self._shares_mounts(),
            "contained": is_contained(self.decision),
            "shm": (request.shm_size or SHARED_MEMORY) if request.ipc == "shareable" else 0,
            "volumes": [],
        }

    def _shares_mounts(self) -> bool:
        """Whether mounts of this container must be seen on the host: by others, or by other containers."""
        return self.request.ipc == "shareable" or any(
            {"shared", "rshared"} & set(mount.options) for mount in self.request.mounts
        )

    def _image(self) -> dict[str, Any]:
        if self.image is None:
            return {"reference": self.request.rootfs, "id": "", "config": {}}
        return {"reference": self.request.image, "id": self.image.id, "config": self.settings}

    def _storage(self) -> dict[str, Any]:
        if self.image is None:
            folder = os.path.abspath(self.request.rootfs)
            if not os.path.isdir(folder):
                raise NotFound(
                    f"--rootfs {self.request.rootfs}: there is no such folder",
                    "name the folder of a root file system, or leave --rootfs out and name an image",
                )
            return {"rootfs": folder}
        return {"backend": self.storage.name, "folder": self.storage.folder, "layer": self.identifier}

    def _stop(self) -> dict[str, Any]:
        wanted = self.request.stop_signal or self.settings.get("StopSignal") or ""
        timeout = self.request.stop_timeout
        return {
            "signal": signal_number(wanted) if wanted else DEFAULT_STOP["signal"],
            "timeout": DEFAULT_STOP["timeout"] if timeout is None else timeout,
        }

    def _make_layer(self, record: Record, chain: str | None) -> None:
        copied = self.storage.cost(chain) if chain else 0
        began = time.monotonic()
        self.storage.create(self.identifier, chain or None)
        if copied > _WORTH_SAYING:
            record["notices"].append(
                f"{copied / 1e6:.0f} MB were copied for this container in {time.monotonic() - began:.1f} s: storage by"
                f" {self.storage.name} copies the whole image each time"
            )

    def _fill(self, record: Record) -> None:
        folder = self.paths.container(self.identifier)
        if self.image is not None:
            self._make_layer(record, self.image.chain)
        volumes = self._volumes(record)
        self._populate(record, volumes)
        surroundings = self._surroundings(folder, volumes)
        bundle = compilation.compile_bundle(
            self.request, self.image.config if self.image else {}, self.report, surroundings
        )
        relinquish_mounts(bundle, self.decision.lost)
        self._check(bundle["linux"])
        _write_files(folder, self.request, compilation.container_hostname(self.request, surroundings))
        records.store(self.paths.bundle(self.identifier), bundle, durable=not record["auto_remove"])

    def _check(self, linux: dict[str, Any]) -> None:
        """Unsupported, for what no guarantee speaks of and this host cannot do all the same."""
        manager = catalogue.load("cgroups", self.selections["cgroups"].chosen)(Layout({}, "", {}))
        unmet = manager.check(linux["resources"], self.report)
        if unmet:
            raise Unsupported("; ".join(unmet), "`runtime doctor` says what each limit needs")
        shifted = self.report["mount.idmap"]
        if self.image is not None and linux.get("uidMappings") and not shifted.present:
            raise Unsupported(
                f"--userns: the image's files cannot be shown to a user namespace: {shifted.reason}",
                shifted.remedy or "leave out --userns",
            )

    def _volumes(self, record: Record) -> dict[str, str]:
        """The folder behind each mount of type volume, by target; anonymous ones are noted in the record."""
        store = VolumeStore(self.paths)
        found: dict[str, str] = {}
        for mount in wanted_mounts(self.request, self.settings):
            if mount.type == "bind" and not os.path.exists(mount.source):
                if mount.create_source:
                    os.makedirs(mount.source, 0o755, exist_ok=True)
                    continue
                raise NotFound(
                    f"the source of a mount does not exist: {mount.source}", "make it, or use -v, which makes folders"
                )
            if mount.type == "volume":
                volume = store.ensure(mount.source)
                if not mount.source:
                    record["volumes"].append(volume.name)
                    containers.store(self.paths, record)
                found[mount.target] = volume.folder
        return found

    def _populate(self, record: Record, volumes: dict[str, str]) -> None:
        """Fills the volumes that are new with what the image has there."""
        if not volumes:
            return
        from runtime.volumes.population import is_empty, populate

        owners = self._owners()
        if owners is not None:
            for place in filter(is_empty, volumes.values()):
                os.chown(place, *owners.outside(0, 0))
        copied = {mount.target for mount in wanted_mounts(self.request, self.settings) if mount.copy}
        empty = {target: place for target, place in volumes.items() if target in copied and is_empty(place)}
        if not empty or self.image is None:
            return
        from runtime.containers.control import Target
        from runtime.containers.root import root
        from runtime.containers.status import CREATING_NOW, Status

        with root(Target(self.paths, record, Status(CREATING_NOW, {}, {})), owners) as base:
            for target, place in empty.items():
                populate(base, target, place)

    def _owners(self) -> Owners | None:
        """Who is who, for a container with a user namespace of its own."""
        uids, gids = ranges(self.request)
        if not uids:
            return None
        from backends.storage.shift import Owners

        return Owners(compilation.mappings(uids), compilation.mappings(gids))

    def _surroundings(self, folder: str, volumes: dict[str, str]) -> Surroundings:
        passwd, group = identities(self.storage, self._storage())
        joined, shm = neighbours(self.paths, self.request)
        if self.request.ipc == "shareable":
            shm = self.paths.shared_memory(self.identifier)
        uid_map, gid_map = ranges(self.request)
        return gather(
            self.request,
            self.identifier,
            str(self.report.machine["architecture"]),
            passwd=passwd,
            group=group,
            folder=folder,
            volumes=volumes,
            namespaces=joined,
            shm=shm,
            uid_map=uid_map,
            gid_map=gid_map,
            device_rules=self._promises("cgroups", "device-access") and not self.report.has("privilege.unreal"),
            **backing(self.decision),
        )

    def _promises(self, family: str, guarantee: str) -> bool:
        selection = self.selections[family]
        return any(guarantee in one.guarantees for one in selection.verdicts if one.backend == selection.chosen)


def _write_files(folder: str, request: Request, hostname: str) -> None:
    try:
        with open("/etc/resolv.conf") as file:
            resolver = file.read()
    except OSError:
        resolver = ""
    texts = {
        "hostname": files.hostname_text(hostname),
        "hosts": files.hosts_text(request, hostname),
        "resolv.conf": files.resolver_text(request, resolver),
    }
    for name, text in texts.items():
        with open(f"{folder}/{name}", "w") as file:
            file.write(text)
        os.chmod(f"{folder}/{name}", 0o644)


def log_options(options: dict[str, str]) -> dict[str, Any]:
    """--log-opt, checked: max-size as bytes, max-file as a number. InvalidInput."""
    from runtime.bundle.sizes import parse_size

    known: dict[str, Any] = {}
    for name, value in options.items():
        if name == "max-size":
            known[name] = parse_size(value, "--log-opt max-size")
        elif name == "max-file" and value.isdigit() and int(value) > 0:
            known[name] = int(value)
        else:
            raise InvalidInput(f"--log-opt {name}={value} is not understood", "max-size=SIZE and max-file=NUMBER are")
    return known
