"""Where everything lies on disk. On the launch path.

Two folders: `root` lasts (images, containers), `state` dies with the machine's boot (sockets, locks, what was found
out about the host).
"""

from __future__ import annotations

import os


class Paths:
    __slots__ = ("root", "state")

    def __init__(self, root: str, state: str) -> None:
        self.root = root
        self.state = state

    # -- lasting

    @property
    def images(self) -> str:
        return self.root + "/images"

    @property
    def references(self) -> str:
        """The record of which names stand for which images."""
        return self.root + "/images/references.json"

    @property
    def blobs(self) -> str:
        """blobs/ALGORITHM/HEX, as in an OCI layout."""
        return self.root + "/blobs"

    @property
    def containers(self) -> str:
        return self.root + "/containers"

    def container(self, identifier: str) -> str:
        return f"{self.root}/containers/{identifier}"

    def record(self, identifier: str) -> str:
        return f"{self.root}/containers/{identifier}/record.json"

    def bundle(self, identifier: str) -> str:
        """The container's OCI config.json."""
        return f"{self.root}/containers/{identifier}/config.json"

    def exit(self, identifier: str) -> str:
        return f"{self.root}/containers/{identifier}/exit.json"

    def log(self, identifier: str) -> str:
        return f"{self.root}/containers/{identifier}/log"

    def marker(self, identifier: str) -> str:
        """Exists from a container's start to the recording of its end: what a reboot in between leaves."""
        return f"{self.root}/containers/{identifier}/started"

    @property
    def names(self) -> str:
        """A file for each container's name, with its identifier in it."""
        return self.root + "/names"

    @property
    def storages(self) -> str:
        return self.root + "/storage"

    def storage(self, backend: str) -> str:
        """One storage backend's folder; that it exists means that the backend is in use."""
        return f"{self.root}/storage/{backend}"

    @property
    def volumes(self) -> str:
        return self.root + "/volumes"

    @property
    def temporary(self) -> str:
        """On the same file system as the blobs, so that what is finished there can be renamed into place."""
        return self.root + "/tmp"

    # -- until the next boot

    @property
    def report(self) -> str:
        """The folder of host reports."""
        return self.state + "/report"

    @property
    def filters(self) -> str:
        """The folder of compiled seccomp filters."""
        return self.state + "/filters"

    @property
    def locks(self) -> str:
        return self.state + "/locks"

    def lock(self, name: str) -> str:
        return f"{self.state}/locks/{name}.lock"

    @property
    def running(self) -> str:
        return self.state + "/containers"

    def run(self, identifier: str) -> str:
        """A running container's own folder: its sockets, its pid, its mount point."""
        return f"{self.state}/containers/{identifier}"

    def door(self, identifier: str) -> str:
        """Where a container's resident lets programs in, on kernels that need one."""
        return f"{self.state}/containers/{identifier}/door"

    def socket(self, identifier: str) -> str:
        """Where the monitor listens. sun_path holds 107 bytes: with a very long --state, bind(2) refuses."""
        return f"{self.state}/containers/{identifier}/attach.sock"

    def rootfs(self, identifier: str) -> str:
        return f"{self.state}/containers/{identifier}/rootfs"

    def shared_memory(self, identifier: str) -> str:
        """The /dev/shm of a container that others may join (--ipc shareable)."""
        return f"{self.state}/containers/{identifier}/shm"

    def prepare(self) -> None:
        """Makes the folders that every command may count on. OSError."""
        # 0711: a container in a user namespace of its own walks through here to its root without being us.
        for folder in (self.root, self.storages, self.volumes, self.state, self.running):
            os.makedirs(folder, 0o711, exist_ok=True)
        for folder in (self.images, self.blobs, self.containers, self.names, self.temporary, self.locks):
            os.makedirs(folder, 0o700, exist_ok=True)
