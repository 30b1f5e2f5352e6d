"""What each version of LXC understands: the names of its configuration's keys, and since when there are any.

The names changed with LXC 2.1 (its manual's lxc.container.conf(5), and lxc-update-config(1)). Where it is not certain
which release brought a key, the table has the later one: then an older LXC is refused what it could perhaps have done.
"""

from __future__ import annotations

from backends.execution.configuration import refuse

_RENAMED = (2, 1)


class Key:
    """`old`: its name before LXC 2.1, empty where there was no such key; `since`: the release that brought it."""

    __slots__ = ("new", "old", "since")

    def __init__(self, new: str, old: str, *since: int) -> None:
        self.new = new
        self.old = old
        self.since = since


KEYS: dict[str, Key] = {
    key.new: key
    for key in (
        Key("lxc.rootfs.path", "lxc.rootfs", 0, 7),
        Key("lxc.rootfs.mount", "lxc.rootfs.mount", 0, 7),
        Key("lxc.uts.name", "lxc.utsname", 0, 7),
        Key("lxc.tty.max", "lxc.tty", 0, 7),
        Key("lxc.pty.max", "lxc.pts", 0, 7),
        Key("lxc.console.path", "lxc.console", 0, 7),
        Key("lxc.mount.entry", "lxc.mount.entry", 0, 7),
        Key("lxc.mount.auto", "lxc.mount.auto", 1, 0),
        Key("lxc.cap.drop", "lxc.cap.drop", 0, 7),
        Key("lxc.cap.keep", "lxc.cap.keep", 1, 0),
        Key("lxc.cgroup", "lxc.cgroup", 0, 7),
        Key("lxc.cgroup2", "", 4, 0),
        Key("lxc.cgroup.dir.container", "", 5, 0),  # LXC 4.0.6 refuses it, and lxc.cgroup.dir.payload too
        Key("lxc.cgroup.dir.monitor", "", 5, 0),
        Key("lxc.cgroup.dir.monitor.pivot", "", 5, 0),
        Key("lxc.autodev", "lxc.autodev", 1, 0),
        Key("lxc.hook.mount", "lxc.hook.mount", 0, 8),
        Key("lxc.hook.start-host", "", 2, 1),
        Key("lxc.environment", "lxc.environment", 1, 0),
        Key("lxc.seccomp.profile", "lxc.seccomp", 1, 0),
        Key("lxc.idmap", "lxc.id_map", 1, 0),
        Key("lxc.apparmor.profile", "lxc.aa_profile", 0, 8),
        Key("lxc.selinux.context", "lxc.se_context", 1, 0),
        Key("lxc.net.0.type", "lxc.network.type", 0, 7),
        Key("lxc.init.uid", "lxc.init_uid", 2, 0),
        Key("lxc.init.gid", "lxc.init_gid", 2, 0),
        Key("lxc.init.cwd", "", 2, 1),
        Key("lxc.init.groups", "", 5, 0),
        Key("lxc.no_new_privs", "", 2, 1),
        Key("lxc.prlimit", "", 2, 1),
        Key("lxc.namespace.keep", "", 3, 0),
        Key("lxc.namespace.share", "", 3, 0),
        Key("lxc.sysctl", "", 3, 0),
        Key("lxc.proc", "", 3, 0),
    )
}


class Dialect:
    """The words of one version, such as (5, 0, 2)."""

    __slots__ = ("version",)

    def __init__(self, version: tuple[int, ...]) -> None:
        self.version = version

    @property
    def renamed(self) -> bool:
        return self.version >= _RENAMED

    def knows(self, key: str) -> bool:
        known = KEYS[key]
        return self.version >= known.since and bool(known.new if self.renamed else known.old)

    def word(self, key: str, path: str) -> str:
        """What this version calls a key of LXC 2.1 and later. UnsupportedConfiguration, naming `path` of config.json,
        where it has no word for it."""
        known = KEYS[key]
        if not self.knows(key):
            needed = ".".join(map(str, known.since if known.old else max(known.since, _RENAMED)))
            raise refuse(
                path, f"LXC {self} has no word for it: {key} is of LXC {needed}", "execution by namespaces does it"
            )
        return known.new if self.renamed else known.old

    def __str__(self) -> str:
        return ".".join(map(str, self.version))


def dialect(version: str) -> Dialect:
    """From what `lxc-start --version` says: "5.0.2", "0.7.5", "1.1.0.alpha2", "4.0.6-devel". What cannot be read is
    taken for LXC 0.7, which had the fewest words."""
    numbers: list[int] = []
    for part in version.strip().split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return Dialect(tuple(numbers) if len(numbers) > 1 else (0, 7))
