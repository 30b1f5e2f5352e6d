"""What the user settled once for all commands: flags over environment over the settings file over defaults.

On the launch path.
"""

from __future__ import annotations

import os

from runtime import configuration
from runtime.configuration import FAMILIES, Configuration
from runtime.errors import InvalidInput
from runtime.paths import Paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Environment variables, for those who cannot pass flags: services, tests, shells.
ROOT = "RUNTIME_ROOT"
STATE = "RUNTIME_STATE"
DEBUG = "RUNTIME_DEBUG"
FORCED = {family: "RUNTIME_" + family.upper() for family in FAMILIES}


class Settings:
    """`forced` maps a family of backends to the name that the user insists on. `rootless`: an ordinary user called;
    `outside`: why he is not root in a user namespace of his own, empty if he is."""

    __slots__ = ("configuration", "debug", "forced", "outside", "paths", "rootless")

    def __init__(
        self,
        paths: Paths,
        forced: dict[str, str] | None = None,
        debug: bool = False,
        rootless: bool = False,
        configuration: Configuration | None = None,
    ) -> None:
        self.paths = paths
        self.forced = forced or {}
        self.debug = debug
        self.rootless = rootless
        self.outside = ""
        self.configuration = configuration or Configuration()


def settle(
    root: str = "",
    state: str = "",
    forced: Mapping[str, str] | None = None,
    debug: bool = False,
    environment: Mapping[str, str] | None = None,
    user: int | None = None,
) -> Settings:
    """The settings in force. `root`, `state`, `forced` and `debug` are flags, empty when not given. InvalidInput."""
    environment = os.environ if environment is None else environment
    user = os.geteuid() if user is None else user
    root = root or environment.get(ROOT, "") or _default_root(environment, user)
    state = state or environment.get(STATE, "") or _default_state(environment, user, root)
    for name, path in (("--root", root), ("--state", state)):
        if "\0" in path or not os.path.isabs(os.path.abspath(path)):
            raise InvalidInput(f"{name}: {path!r} is not a path", "give the path of a folder")
    settled = configuration.read(environment, user)
    chosen = dict(settled.backends)
    chosen.update({family: environment[name] for family, name in FORCED.items() if environment.get(name)})
    chosen.update({family: name for family, name in (forced or {}).items() if name})
    paths = Paths(os.path.abspath(root), os.path.abspath(state))
    return Settings(paths, chosen, debug or bool(environment.get(DEBUG)), user != 0, settled)


def _default_root(environment: Mapping[str, str], user: int) -> str:
    if user == 0:
        return "/var/lib/runtime"
    data = environment.get("XDG_DATA_HOME", "")
    if not data.startswith("/"):  # the XDG specification: a relative path is to be ignored
        data = environment.get("HOME", "/nonexistent") + "/.local/share"
    return data + "/runtime"


def _default_state(environment: Mapping[str, str], user: int, root: str) -> str:
    if user == 0:
        return "/run/runtime"
    folder = environment.get("XDG_RUNTIME_DIR", "")
    if not folder.startswith("/"):
        folder = f"/run/user/{user}"
    # Without a session (cron, su) there is no such folder, and /tmp would let others take the name first.
    return folder + "/runtime" if os.path.isdir(folder) else root + "/state"
