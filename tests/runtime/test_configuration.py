from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runtime.configuration import parse, read
from runtime.errors import InvalidInput
from runtime.settings import settle


def written(folder: Path, content: Any) -> str:
    path = folder / "settings.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_wishes_and_backends_are_read(tmp_path: Path) -> None:
    path = written(
        tmp_path, {"isolation": {"require": ["seccomp"], "prefer": ["pause"]}, "backends": {"storage": "copy"}}
    )
    found = read({"RUNTIME_CONFIG": path}, 0)
    assert found.isolation == {"seccomp": "require", "pause": "prefer"}
    assert found.backends == {"storage": "copy"}
    assert found.path == path


def test_a_users_own_file_goes_before_the_machines(tmp_path: Path) -> None:
    written(tmp_path / "runtime", {"isolation": {"forbid": ["layers"]}})
    assert read({"XDG_CONFIG_HOME": str(tmp_path)}, 1000).isolation == {"layers": "forbid"}


def test_an_empty_name_means_no_file() -> None:
    assert read({"RUNTIME_CONFIG": ""}, 0).path == ""


def test_a_file_named_and_not_there_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="RUNTIME_CONFIG=/nonexistent: there is no such file"):
        read({"RUNTIME_CONFIG": "/nonexistent"}, 0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is damaged"),
        ("[]", "not a JSON object"),
        ({"isolatoin": {}}, "nothing is called 'isolatoin'"),
        ({"isolation": {"demand": []}}, "nothing is called 'demand'"),
        ({"isolation": {"require": "seccomp"}}, "not a list of names"),
        ({"isolation": {"require": ["secomp"]}}, "no guarantee is called 'secomp'"),
        (
            {"isolation": {"require": ["seccomp"], "forbid": ["seccomp"]}},
            "isolation.require and isolation.forbid contradict",
        ),
        ({"isolation": []}, "not an object"),
        ({"backends": {"engine": "x"}}, "nothing is called 'engine'"),
        ({"backends": {"storage": 1}}, "not a name"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, content: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read({"RUNTIME_CONFIG": written(tmp_path, content)}, 0)


def test_flags_go_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, {"backends": {"storage": "copy", "cgroups": "v1", "execution": "chroot"}})
    environment = {"RUNTIME_CONFIG": path, "RUNTIME_CGROUPS": "v2", "RUNTIME_EXECUTION": "lxc"}
    forced = settle(forced={"execution": "namespaces"}, environment=environment, user=0).forced
    assert forced == {"storage": "copy", "cgroups": "v2", "execution": "namespaces"}


def test_an_empty_object_says_nothing() -> None:
    assert parse("/x", {}).isolation == {}


def test_options_of_storage_are_read_by_backend() -> None:
    found = parse("f", {"storage": {"devicemapper": {"data-size": "50g", "filesystem": "xfs"}}})
    assert found.storage == {"devicemapper": {"data-size": "50g", "filesystem": "xfs"}}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"zfs": {}}, "nothing is called 'zfs'"),
        ({"devicemapper": {"size": "1g"}}, "no option 'size'"),
        ({"devicemapper": {"data-size": "much"}}, "is no value"),
        ({"devicemapper": {"data-size": 5}}, "not an object of texts"),
        ({"devicemapper": "big"}, "not an object of texts"),
    ],
)
def test_an_option_of_storage_that_there_is_not_is_named(table: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        parse("f", {"storage": table})
