from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime.errors import InvalidInput
from runtime.paths import Paths
from runtime.settings import settle


def test_root_has_the_system_s_folders() -> None:
    paths = settle(environment={}, user=0).paths
    assert (paths.root, paths.state) == ("/var/lib/runtime", "/run/runtime")


def test_a_flag_beats_the_environment_which_beats_the_default() -> None:
    environment = {"RUNTIME_ROOT": "/from/environment", "RUNTIME_STATE": "/state"}
    assert settle(root="/from/flag", environment=environment, user=0).paths.root == "/from/flag"
    assert settle(environment=environment, user=0).paths.root == "/from/environment"


def test_a_user_has_folders_of_the_xdg_specification(tmp_path: Path) -> None:
    environment = {"XDG_DATA_HOME": "/data", "XDG_RUNTIME_DIR": str(tmp_path), "HOME": "/home/u"}
    settings = settle(environment=environment, user=1000)
    assert settings.rootless
    assert settings.paths.root == "/data/runtime"
    assert settings.paths.state == f"{tmp_path}/runtime"


def test_relative_xdg_paths_are_ignored_as_the_specification_says() -> None:
    settings = settle(environment={"XDG_DATA_HOME": "data", "HOME": "/home/u"}, user=1000)
    assert settings.paths.root == "/home/u/.local/share/runtime"


def test_without_a_session_the_state_stays_where_only_its_user_writes() -> None:
    settings = settle(environment={"HOME": "/home/u", "XDG_RUNTIME_DIR": "/nonexistent"}, user=99999)
    assert settings.paths.state == "/home/u/.local/share/runtime/state"


def test_relative_folders_become_absolute() -> None:
    assert settle(root="x/../y", environment={}, user=0).paths.root == os.path.abspath("y")


def test_backends_are_forced_by_flag_over_environment() -> None:
    environment = {"RUNTIME_STORAGE": "copy", "RUNTIME_EXECUTION": "namespaces"}
    settings = settle(forced={"storage": "overlay", "network": ""}, environment=environment, user=0)
    assert settings.forced == {"storage": "overlay", "execution": "namespaces"}


def test_a_path_with_a_zero_byte_is_refused() -> None:
    with pytest.raises(InvalidInput):
        settle(root="/a\0b", environment={}, user=0)


def test_prepared_folders_let_nobody_else_list_them(tmp_path: Path) -> None:
    paths = Paths(str(tmp_path / "root"), str(tmp_path / "state"))
    paths.prepare()
    for folder in (paths.root, paths.state):
        assert os.stat(folder).st_mode & 0o777 == 0o711
    for folder in (paths.blobs, paths.containers, paths.locks):
        assert os.stat(folder).st_mode & 0o777 == 0o700
    paths.prepare()


def test_all_lasting_paths_are_below_root_and_all_others_below_state() -> None:
    paths = Paths("/root", "/state")
    lasting = [paths.images, paths.references, paths.blobs, paths.record("c"), paths.storage("overlay"), paths.volumes]
    passing = [paths.report, paths.filters, paths.lock("x"), paths.run("c"), paths.socket("c"), paths.rootfs("c")]
    assert all(path.startswith("/root/") for path in lasting)
    assert all(path.startswith("/state/") for path in passing)
