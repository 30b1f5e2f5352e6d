"""From saved images to a container that runs: its cgroup is made as for a new one, the rest is criu's."""

from __future__ import annotations

import os
import stat

from arch import inside, kernel
from backends.contract import Process
from backends.errors import BackendError
from backends.execution.configuration import items
from backends.execution.namespaces.parent import start_time
from runtime import records
from runtime.errors import Problem
from runtime.oci import criu
from runtime.oci.bundle import Bundle
from runtime.oci.container import Container, now
from runtime.oci.errors import Refused, words
from runtime.oci.host import Host
from runtime.oci.placement import Placement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Cgroup
    from runtime.oci.settings import Settings

_LOG = "restore.log"
_PID = "restored"


class Restoration:
    def __init__(self, settings: Settings, identifier: str, said: dict[str, Any]) -> None:
        self.container = Container(settings.root, identifier)
        self.bundle = Bundle(said["bundle"])
        self._settings = settings
        self._said = said
        self._config = self.bundle.adapt(settings.journal)
        self._cgroup: Cgroup | None = None
        self._folders = criu.Folders(said)
        criu.check(self._config)

    def restore(self) -> Process:
        """A child of ours. Refused, with nothing left behind."""
        command = criu.arguments("restore", self._folders, _LOG, self._said, self._config.get("annotations") or {})
        streams = self._streams()
        self.container.make()
        try:
            return self._restore(command, streams)
        except BaseException as error:
            self._undo()
            if isinstance(error, (BackendError, OSError)):
                raise Refused(words(error)) from error
            raise

    def _streams(self) -> list[str]:
        path = f"{self._folders.images}/{criu.DESCRIPTORS}"
        try:
            with open(path, encoding="utf-8") as file:
                streams = records.decode(file.read())
        except FileNotFoundError:
            raise Refused(f"{self._folders.images} has no saved container: there is no {criu.DESCRIPTORS}") from None
        except ValueError as error:
            raise Refused(f"{path}: {error}") from None
        if not isinstance(streams, list) or not all(isinstance(name, str) for name in streams):
            raise Refused(f"{path}: a list of names is wanted")
        return streams

    def _restore(self, command: list[str], streams: list[str]) -> Process:
        settings = self._settings
        placement = Placement(
            settings.cgroups, settings.rootless, self._config, self.container.identifier, settings.journal
        )
        if (self._config.get("hooks") or {}).keys() - {"poststop"}:
            settings.journal.warning("config.json: hooks: none are run when a container is continued")
        self.container.keep_config(self.bundle.content)
        self._cgroup = placement.create(Host().report)
        os.mkdir(self.container.place, 0o700)
        self._folders.make()
        pid_file = f"{self.container.folder}/{_PID}"
        command += ["--restore-detached", "--restore-sibling", "--root", self.container.place, "--pidfile", pid_file]
        command += ["--evasive-devices", *self._mounts(), *self._labels()]
        self._call(command, streams)
        with open(pid_file, encoding="ascii") as file:
            pid = int(file.read())
        os.unlink(pid_file)
        os.rmdir(self.container.place)
        self._record(placement.name, pid)
        return Process(pid, start_time(pid))

    def _mounts(self) -> list[str]:
        """Where each of the host's mounts comes from, by the names that `checkpoint` gave them."""
        root = os.open(self.bundle.rootfs, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._make_places(root)
            found = criu.bound(self._config, root)
        finally:
            os.close(root)
        assert self._cgroup is not None
        found["/dev/null"] = "/dev/null"
        for mount in items(self._config, "mounts", "mounts", dict):
            if mount.get("type") == "cgroup":
                for name, folder in self._cgroup.paths.items():
                    found[f"{mount['destination']}/{name.removeprefix('name=')}"] = folder
        return [part for place, source in found.items() for part in ("--external", f"mnt[{place}]:{source}")]

    def _make_places(self, root: int) -> None:
        """What the container's creation made in its root, which may be another one now; below other mounts it is there
        already, or comes with the images."""
        made: list[str] = []
        for mount in items(self._config, "mounts", "mounts", dict):
            place = os.path.normpath(mount["destination"])
            if not any(place.startswith(f"{other}/") for other in made):
                source = str(mount.get("source"))
                bind = mount.get("type") == "bind" or {"bind", "rbind"} & set(mount.get("options") or ())
                file = bind and not stat.S_ISDIR(os.stat(source).st_mode)
                os.close(inside.make_file(root, place) if file else inside.make_directories(root, place))
            made.append(place)

    def _labels(self) -> list[str]:
        words = []
        for name in ("lsm-profile", "lsm-mount-context"):
            if self._said[name]:
                words += [f"--{name}", self._said[name]]
        return words

    def _call(self, command: list[str], streams: list[str]) -> None:
        from subprocess import run

        kept = []
        for number, name in enumerate(streams):
            if name.startswith(("pipe:", "socket:", "file[")):
                command += ["--inherit-fd", f"fd[{number}]:{name}"]
        for key, path in criu.outside(self._config).items():
            kept.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
            command += ["--inherit-fd", f"fd[{kept[-1]}]:{key}"]
        try:
            done = run(command, preexec_fn=self._prepare, pass_fds=kept, check=False)
        finally:
            for descriptor in kept:
                os.close(descriptor)
        if done.returncode:
            raise criu.failed("restore", done.returncode, self._folders, _LOG)

    def _prepare(self) -> None:
        """In criu's process: what it begets is born in the cgroup, and the mount that its root has to be is seen by
        nobody else."""
        assert self._cgroup is not None
        for path in self._cgroup.joining():
            with open(path, "wb", 0) as file:
                file.write(b"0")
        kernel.unshare(kernel.CLONE_NEWNS)
        kernel.mount(None, "/", None, kernel.MS_SLAVE | kernel.MS_REC)
        kernel.mount(self.bundle.rootfs, self.container.place, None, kernel.MS_BIND | kernel.MS_REC)

    def _record(self, manager: str, pid: int) -> None:
        assert self._cgroup is not None
        if self._cgroup.keeper:
            self._cgroup.add(pid)
        namespaces = (self._config.get("linux") or {}).get("namespaces") or ()
        self.container.save(
            {
                "oci_version": self._config.get("ociVersion", ""),
                "creating": False,
                "pid": pid,
                "start_time": start_time(pid),
                "bundle": self.bundle.folder,
                "rootfs": self.bundle.rootfs,
                "created": now(),
                "annotations": self._config.get("annotations") or {},
                "manager": manager,
                "execution": "namespaces",
                "trace": {},
                "cgroups": self._cgroup.paths,
                "pid_namespace": any(entry["type"] == "pid" and not entry.get("path") for entry in namespaces),
                "hooks": bool(self._config.get("hooks")),
                "intel_rdt": None,
            }
        )

    def _undo(self) -> None:
        for action in (self._end, self.container.remove):
            try:
                action()
            except (BackendError, Problem, OSError) as error:
                self._settings.journal.warning(f"cannot clean up: {words(error)}")

    def _end(self) -> None:
        if self._cgroup is not None:
            self._cgroup.kill()
            self._cgroup.remove()
