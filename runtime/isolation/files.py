"""The root, covered paths and mounts: from /proc/PID/mountinfo, which shows what the process itself sees. Pure."""

from __future__ import annotations

from probes import mountinfo
from runtime.isolation.row import AS_ASKED, NARROWER, UNKNOWN, WEAKER, Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from probes.mountinfo import Mount


def seen(observed: dict[str, Any]) -> dict[str, Mount]:
    """The topmost mount at each point."""
    return {mount.point: mount for mount in mountinfo.parse(observed["texts"]["mountinfo"])}


def root(config: dict[str, Any], observed: dict[str, Any]) -> list[Row]:
    return [_access("files", "root", bool((config.get("root") or {}).get("readonly")), seen(observed).get("/"))]


def _access(area: str, name: str, asked: bool, mount: Mount | None) -> Row:
    wanted = "read-only" if asked else "writable"
    if mount is None:
        return Row(area, name, wanted, "", UNKNOWN)
    found = "read-only" if read_only(mount) else "writable"
    verdict = AS_ASKED if wanted == found else WEAKER if asked else NARROWER
    return Row(area, name, wanted, found, verdict, "" if verdict == AS_ASKED else f"a mount of {mount.kind}")


def read_only(mount: Mount) -> bool:
    return "ro" in mount.options or "ro" in mount.super_options


def covered(config: dict[str, Any], observed: dict[str, Any]) -> list[Row]:
    """A row for all that is in order, and one for each path that is not."""
    linux, shown, paths = config["linux"], seen(observed), observed["paths"]
    return [
        *_paths("masked paths", "covered", linux.get("maskedPaths") or [], paths, lambda path: hidden(shown.get(path))),
        *_paths(
            "read-only paths", "read-only", linux.get("readonlyPaths") or [], paths,
            lambda path: read_only(mount) if (mount := holder(shown, path)) else False,
        ),
    ]  # fmt: skip


def _paths(name: str, word: str, wanted: list[str], paths: dict[str, str], holds: Any) -> list[Row]:
    if not wanted:
        return []
    if not paths:
        return [Row("files", name, f"{len(wanted)} {word}", "", UNKNOWN, "its root cannot be looked into")]
    there = [path for path in wanted if paths.get(path)]
    open_ = [path for path in there if not holds(path)]
    found = f"{len(there) - len(open_)} {word}, {len(wanted) - len(there)} not there"
    rows = [Row("files", name, f"{len(wanted)} {word}", found, WEAKER if open_ else AS_ASKED)]
    return rows + [Row("files", path, word, "open", WEAKER, f"a {paths[path]} of the kernel's") for path in open_]


def hidden(mount: Mount | None) -> bool:
    """An empty read-only tmpfs, or a null device, mounted right there."""
    return mount is not None and ((mount.kind == "tmpfs" and read_only(mount)) or mount.root.endswith("/null"))


def holder(mounts: dict[str, Mount], path: str) -> Mount | None:
    """The mount that a path is on."""
    while path not in mounts and path != "/":
        path = path.rpartition("/")[0] or "/"
    return mounts.get(path)


def mounts(config: dict[str, Any], observed: dict[str, Any]) -> list[Row]:
    found = seen(observed)
    rows = []
    for entry in config.get("mounts") or ():
        point, options = entry["destination"].rstrip("/") or "/", entry.get("options") or ()
        if not found:
            rows.append(Row("files", point, entry.get("type") or "bind", "", UNKNOWN))
        elif point not in found:
            rows.append(Row("files", point, entry.get("type") or "bind", "not mounted", WEAKER))
        elif "ro" in options and not read_only(found[point]):
            rows.append(Row("files", point, "read-only", "writable", WEAKER))
    count = len(config.get("mounts") or ())
    if count and not rows:
        rows.append(Row("files", "mounts", f"{count} mounts", f"{count} mounts"))
    return rows
