"""Namespaces, users, capabilities, seccomp, no_new_privs, LSM label: from /proc/PID/ns, status, uid_map and attr. Pure.

proc(5), capabilities(7), user_namespaces(7).
"""

from __future__ import annotations

from backends.security.capabilities import NAMES
from runtime.isolation.row import AS_ASKED, DIFFERS, NARROWER, UNKNOWN, WEAKER, Row, same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HOST, _OWN = "the host's", "own"
_SETS = {
    "bounding": "CapBnd",
    "permitted": "CapPrm",
    "effective": "CapEff",
    "inheritable": "CapInh",
    "ambient": "CapAmb",
}


def fields(status: str) -> dict[str, str]:
    """/proc/PID/status as name -> value."""
    return {key: value.strip() for key, _, value in (line.partition(":") for line in status.splitlines())}


def namespaces(config: dict[str, Any], observed: dict[str, Any]) -> list[Row]:
    asked = {entry["type"]: entry.get("path", "") for entry in config["linux"].get("namespaces") or ()}
    return [
        _namespace(name, asked, *links) for name, links in observed["namespaces"].items() if name in asked or links[0]
    ]


def _namespace(name: str, asked: dict[str, str], its: str, ours: str, joined: str) -> Row:
    wanted = _HOST if name not in asked else f"that of {asked[name]}" if asked[name] else _OWN
    if not its or not ours:
        return Row("namespaces", name, wanted, "", UNKNOWN, "this kernel does not show it")
    found = _HOST if its == ours else _OWN
    note = f"{its}, the host's is {ours}" if its != ours else its
    if asked.get(name):
        verdict = AS_ASKED if its == joined else WEAKER if its == ours else UNKNOWN if not joined else DIFFERS
        return Row("namespaces", name, wanted, wanted if its == joined else found, verdict, note)
    if wanted == found:
        return Row("namespaces", name, wanted, found, AS_ASKED, note)
    return Row("namespaces", name, wanted, found, WEAKER if found == _HOST else NARROWER, note)


def identity(config: dict[str, Any], observed: dict[str, Any]) -> list[Row]:
    texts, status = observed["texts"], fields(observed["texts"]["status"])
    user, linux = config["process"].get("user") or {}, config["linux"]
    rows = []
    for name, key, line in (("user", "uid", "Uid"), ("group", "gid", "Gid")):
        maps = _mappings(texts[f"{key}_map"])
        wanted = _outside(int(user.get(key, 0)), linux.get(f"{key}Mappings") or ())
        numbers = status.get(line, "").split()
        found = numbers[1] if len(numbers) == 4 else ""
        otherwise = WEAKER if found == "0" else NARROWER if wanted == 0 else DIFFERS
        rows.append(same("users", name, str(wanted), found, otherwise, "the program changed it, or something else did"))
        if linux.get(f"{key}Mappings"):
            asked = [(m["containerID"], m["hostID"], m["size"]) for m in linux[f"{key}Mappings"]]
            rows.append(same("users", f"{key} map", _told(asked), _told(maps), WEAKER))
    return rows


def _mappings(text: str) -> list[tuple[int, int, int]]:
    lines = [line.split() for line in text.splitlines()]
    return [(int(one[0]), int(one[1]), int(one[2])) for one in lines if len(one) == 3 and all(map(str.isdigit, one))]


def _told(maps: list[tuple[int, int, int]]) -> str:
    return ", ".join(
        f"{inside}-{inside + size - 1} is {outside}-{outside + size - 1}" for inside, outside, size in maps
    )


def _outside(number: int, mappings: Any) -> int:
    for mapping in mappings:
        offset = number - int(mapping["containerID"])
        if 0 <= offset < mapping["size"]:
            return int(mapping["hostID"] + offset)
    return number


def capabilities(config: dict[str, Any], observed: dict[str, Any]) -> list[Row]:
    status = fields(observed["texts"]["status"])
    given = config["process"].get("capabilities") or {}
    return [_set(name, frozenset(given.get(name) or ()), status.get(line)) for name, line in _SETS.items()]


def _set(name: str, asked: frozenset[str], mask: str | None) -> Row:
    if not mask:  # the ambient set is of Linux 4.3, the bounding set shown since 2.6.26
        return Row("capabilities", name, _listed(asked), "", UNKNOWN if asked or name != "ambient" else AS_ASKED)
    found = decode(int(mask, 16))
    more, fewer = found - asked, asked - found
    verdict = WEAKER if more else NARROWER if fewer else AS_ASKED
    note = f"also {_listed(more)}" if more else f"without {_listed(fewer)}" if fewer else ""
    return Row("capabilities", name, _listed(asked), _listed(found), verdict, note)


def decode(mask: int) -> frozenset[str]:
    """Names of the bits; a bit that we have no name for goes by its number."""
    bits = [number for number in range(mask.bit_length()) if mask >> number & 1]
    return frozenset(NAMES[number] if number < len(NAMES) else f"CAP_{number}" for number in bits)


def _listed(names: frozenset[str]) -> str:
    return " ".join(sorted(name.replace("CAP_", "", 1).lower() for name in names)) or "none"


def restrictions(config: dict[str, Any], observed: dict[str, Any]) -> list[Row]:
    status, ours = fields(observed["texts"]["status"]), fields(observed["ours"]["status"])
    process = config["process"]
    rows = [_seccomp(bool(config["linux"].get("seccomp")), status, ours)]
    rows.append(_privileges(bool(process.get("noNewPrivileges")), status.get("NoNewPrivs", "")))
    label = observed["texts"]["label"].strip("\0\n ")
    wanted = process.get("apparmorProfile") or process.get("selinuxLabel") or ""
    if wanted:
        rows.append(same("restrictions", "LSM label", wanted, label.partition(" (")[0] or "none", WEAKER))
    elif label:
        rows.append(Row("restrictions", "LSM label", "not asked", label))
    return rows


def _seccomp(asked: bool, status: dict[str, str], ours: dict[str, str]) -> Row:
    wanted = "a filter" if asked else "none"
    mode = {"0": "none", "1": "strict mode", "2": "a filter"}.get(status.get("Seccomp", ""), "")
    count, outer = status.get("Seccomp_filters", ""), ours.get("Seccomp_filters", "0")
    found = f"{count} filter{'s' if count != '1' else ''}" if mode == "a filter" and count else mode
    if not mode:  # Linux 3.8 shows the mode, 5.9 the number
        return Row("restrictions", "seccomp", wanted, "", UNKNOWN if asked else AS_ASKED)
    if not asked:
        return Row("restrictions", "seccomp", wanted, found, AS_ASKED if mode == "none" else NARROWER)
    if mode == "none":
        return Row("restrictions", "seccomp", wanted, found, WEAKER)
    if ours.get("Seccomp") == "2" and not count:
        return Row("restrictions", "seccomp", wanted, found, UNKNOWN, "this program is filtered itself")
    outermost = int(outer) if outer.isdigit() else 0
    if count.isdigit() and int(count) <= outermost:
        return Row("restrictions", "seccomp", wanted, found, WEAKER, f"all {outer} of them were there before")
    return Row("restrictions", "seccomp", wanted, found, AS_ASKED)


def _privileges(asked: bool, found: str) -> Row:
    wanted, really = ("set" if asked else "not set"), {"0": "not set", "1": "set"}.get(found, "")
    if not really:  # Linux 4.10 shows it
        return Row("restrictions", "no_new_privs", wanted, "", UNKNOWN if asked else AS_ASKED)
    return same("restrictions", "no_new_privs", wanted, really, WEAKER if asked else NARROWER)
