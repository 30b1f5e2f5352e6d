"""Where this host's cgroup hierarchies are: parsed from /proc/self/mountinfo and /proc/self/cgroup, cgroups(7).

This locates, it does not judge: what a hierarchy can do is in the host's report. On the launch path.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_ESCAPES = (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\"))  # mountinfo's, proc(5); \ last


class Layout:
    """Hierarchies by controller.

    v1    controller (or "name=systemd") -> where its hierarchy is mounted; mounted together: the same folder
    v2    where the unified hierarchy is mounted, or empty
    own   controller, and "unified" -> this process's own cgroup there ("/user.slice/session-1.scope")
    """

    __slots__ = ("own", "v1", "v2")

    def __init__(self, v1: dict[str, str], v2: str, own: dict[str, str]) -> None:
        self.v1 = v1
        self.v2 = v2
        self.own = own

    def hierarchies(self, controllers: frozenset[str]) -> dict[str, str]:
        """Mounted v1 hierarchies that hold any of `controllers`: every controller of one joined by commas -> folder."""
        together: dict[str, list[str]] = {}
        for controller, folder in self.v1.items():
            together.setdefault(folder, []).append(controller)
        return {",".join(names): folder for folder, names in together.items() if controllers.intersection(names)}


def parse(mountinfo: str, cgroup: str) -> Layout:
    """Pure. Lines that are not understood are passed over: a hierarchy that is not found is one that is not used."""
    own: dict[str, str] = {}
    for line in cgroup.splitlines():
        number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if number.isdigit() and path.startswith("/"):
            own.update(dict.fromkeys(names.split(",") if names else ("unified",), path))
    v1: dict[str, str] = {}
    best: dict[str, tuple[bool, int]] = {}
    for kind, root, folder, options in _mounts(mountinfo):
        names_here = ["unified"] if kind == "cgroup2" else [name for name in options if name in own]
        # Of several mounts of one hierarchy the one that shows most of it, at the usual place if there is one.
        rank = (not folder.startswith("/sys/fs/cgroup"), len(root))
        for name in names_here:
            if name not in best or rank < best[name]:
                best[name] = rank
                v1[name] = folder
    return Layout(v1, v1.pop("unified", ""), own)


def _mounts(mountinfo: str) -> Iterator[tuple[str, str, str, list[str]]]:
    """File system type, root inside it, mount point and super options of every cgroup mount."""
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields, behind = before.split(" "), after.split(" ")
        if separator and len(fields) >= 6 and len(behind) >= 3 and behind[0] in ("cgroup", "cgroup2"):
            yield behind[0], _unescaped(fields[3]), _unescaped(fields[4]), behind[2].split(",")


def _unescaped(path: str) -> str:
    if "\\" in path:
        for escape, character in _ESCAPES:
            path = path.replace(escape, character)
    return path


def read(process: str = "self") -> Layout:
    """This process's layout, or that of another with such a number. A kernel without cgroups has no /proc/self/cgroup:
    an empty layout."""
    texts = []
    for name in ("mountinfo", "cgroup"):
        try:
            with open(f"/proc/{process}/{name}", encoding="utf-8", errors="surrogateescape") as file:
                texts.append(file.read())
        except FileNotFoundError:
            texts.append("")
    return parse(texts[0], texts[1])
