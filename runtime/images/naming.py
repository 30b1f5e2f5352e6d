"""Names come and go, and the images with them."""

from __future__ import annotations

from runtime.errors import Conflict, InUse, InvalidInput
from runtime.images import ballast, keeping, reference, suspects
from runtime.images.catalogue import Catalogue, Editing
from runtime.images.image import familiar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtime.images.store import ImageStore


def tag(store: ImageStore, source: str, target: str) -> None:
    name = new_name(target)
    with Editing(store.paths) as known:
        known.point(name, list(store.identifiers(known, source)))


def new_name(text: str) -> str:
    """What the user wants to call an image, completed. InvalidInput."""
    parsed = reference.parse(text)
    if parsed.digest:
        raise InvalidInput(f"{text!r}: a name that one gives cannot contain a digest", "leave out what begins with @")
    return str(parsed.tagged())


def remove(store: ImageStore, text: str, force: bool) -> list[str]:
    users = store.users()
    lines: list[str] = []
    with Editing(store.paths) as known:
        identifiers = list(store.identifiers(known, text))
        name = "" if text in known.images else store.name_in(known, text)
        doomed = []
        for identifier in identifiers:
            names = [name] if name else known.names_of(identifier)
            last = set(names) >= set(known.names_of(identifier))
            _check(identifier, name, names, users.get(identifier, ""), last, force)
            for gone in names:
                known.forget_name(gone, identifier)
                lines.append(f"Untagged: {familiar(gone)}")
            if last and identifier not in users:
                doomed.append(identifier)
        lines = list(dict.fromkeys(lines)) + _forget(store, known, doomed)
    keeping.collect(store.paths, store.storage)
    return lines


def _check(identifier: str, name: str, names: list[str], user: str, last: bool, force: bool) -> None:
    short = identifier.partition(":")[2][:12]
    if not name and len(names) > 1 and not force:
        shown = ", ".join(familiar(one) for one in names)
        raise Conflict(f"the image {short} has several names: {shown}", "remove them one by one, or all with --force")
    if user and last and not (force and names):
        hint = "remove that container first" + (", or take only the name away with --force" if names else "")
        raise InUse(f"the container {user} stands on the image {familiar(name) if name else short}", hint)


def prune(store: ImageStore, everything: bool) -> list[str]:
    users = store.users()
    lines: list[str] = []
    with Editing(store.paths) as known:
        named = {identifier for targets in known.references.values() for identifier in targets}
        doomed = [one for one in known.images if one not in users and (everything or one not in named)]
        for identifier in doomed:
            lines += [f"Untagged: {familiar(name)}" for name in known.names_of(identifier)]
        lines += _forget(store, known, doomed)
    keeping.collect(store.paths, store.storage)
    return lines


def forget_replaced(store: ImageStore, identifiers: list[str]) -> None:
    """Removes those of the images that have lost their last name and that no container stands on."""
    users = store.users()
    with Editing(store.paths) as known:
        _forget(store, known, [one for one in identifiers if one not in users and not known.names_of(one)])
    keeping.collect(store.paths, store.storage, wait=False)


def _forget(store: ImageStore, known: Catalogue, identifiers: list[str]) -> list[str]:
    """Drops images from the catalogue; their layers become suspects first, so that a kill in between loses nothing."""
    layers = {layer for identifier in identifiers for layer in known.images[identifier]["layers"]}
    ballast.spend(store.paths, lambda: suspects.note(store.paths, sorted(layers)))
    for identifier in identifiers:
        known.forget(identifier)
    return [f"Deleted: {identifier}" for identifier in identifiers]
