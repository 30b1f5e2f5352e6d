"""config.json's mounts as lxc.mount.entry. Pure.

Two kinds are not for it: a devpts on /dev/pts, which lxc mounts itself (lxc.pty.max), and cgroup, for which it has
lxc.mount.auto.
"""

from __future__ import annotations

from backends.execution import options as mount_options
from backends.execution.configuration import items, need, refuse, text
from backends.execution.lxc.document import Document, Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from probes.report import HostReport

PTS = "/dev/pts"
# What lxc mounts there by itself, whatever is said (its conf.c).
_PTS_OPTIONS = frozenset(
    ("nosuid", "noexec", "newinstance", "ptmxmode=0666", "ptmxmode=666", "mode=0620", "mode=620", "gid=5")
)
_CGROUPS = ("cgroup", "cgroup2")


def add_mounts(document: Document, bundle: dict[str, Any], report: HostReport) -> list[dict[str, Any]]:
    """Adds them in order, but for those of cgroups, which it gives back."""
    left = []
    for number, mount in enumerate(items(bundle, "mounts", "mounts", dict)):
        path = f"mounts[{number}]"
        if text(mount, "type", f"{path}.type") in _CGROUPS:
            left.append(mount)
        else:
            _add(document, mount, path, report)
    return left


def recursive_mounts(bundle: dict[str, Any]) -> list[tuple[str, mount_options.Options]]:
    """Those with options like rro, which lxc has no words for."""
    found = []
    for number, mount in enumerate(items(bundle, "mounts", "mounts", dict)):
        asked = mount_options.parse(mount.get("options") or ())
        if asked.recursive != (0, 0):
            found.append((_target(mount, f"mounts[{number}]"), asked))
    return found


def _add(document: Document, mount: dict[str, Any], path: str, report: HostReport) -> None:
    target = _target(mount, path)
    names = items(mount, "options", f"{path}.options")
    kind = text(mount, "type", f"{path}.type")
    asked = mount_options.parse(names)
    if asked.recursive != (0, 0):
        need(report, "mount.setattr", f"{path}.options", "a recursive option such as rro")
        names = [name for name in names if name not in mount_options.RECURSIVE]
    if asked.copy_up or asked.mapped or mount.get("uidMappings"):
        raise refuse(f"{path}.options", f"execution by lxc does not do that: {','.join(names)}")
    if kind == "devpts" and target == PTS:
        more = sorted(set(names) - _PTS_OPTIONS)
        if more:
            raise refuse(f"{path}.options", f"lxc mounts {PTS} in its own manner, without {','.join(more)}")
        document.add("lxc.pty.max", "1024", path)
        return
    if asked.bind or kind == "bind":
        if asked.data:
            raise refuse(f"{path}.options", f"a bind mount does not know {asked.data!r}")
        source, kind = text(mount, "source", f"{path}.source"), "none"
        if not source.startswith("/"):
            raise refuse(f"{path}.source", f"{source!r} is not an absolute path")
        names = names if asked.bind else ["bind", *names]
    else:
        source = text(mount, "source", f"{path}.source") or kind
    _comma_free(names, path)
    document.mount(Entry(source, target, kind, _without_defaults(names)))


def _target(mount: dict[str, Any], path: str) -> str:
    target = text(mount, "destination", f"{path}.destination")
    parts = [part for part in target.split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise refuse(f"{path}.destination", f"{target!r} is no place for a mount")
    return "/" + "/".join(parts)


def _comma_free(names: list[str], path: str) -> None:
    """One option may hold several of a file system's own; none may smuggle in a word of lxc's own."""
    for word in ",".join(names).split(","):
        if word == "optional" or word == "relative" or word.startswith(("create=", "idmap=")):
            raise refuse(f"{path}.options", f"{word} is a word of lxc's own")


def _without_defaults(names: list[str]) -> list[str]:
    return [name for name in names if name and name != "defaults"]
