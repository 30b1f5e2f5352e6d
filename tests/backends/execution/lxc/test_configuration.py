"""config.json as an lxc configuration, in the words of several of its versions."""

from __future__ import annotations

from typing import Any

import pytest

from backends.errors import UnsupportedConfiguration
from tests.backends.execution import bundles
from tests.backends.execution.lxc import texts


@pytest.mark.parametrize("case", texts.CASES)
def test_it_is_the_text_that_a_person_has_read(case: str) -> None:
    with open(texts.path(case), encoding="utf-8") as stream:
        assert texts.text(case) == stream.read(), "tests/backends/execution/lxc/texts.py writes it anew"


REFUSED: dict[str, dict[str, Any]] = {
    "linux.namespaces": {"linux__namespaces": bundles.namespaces("mount", "uts", "time")},
    "process.capabilities.ambient": {
        "process__capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"],
                                  "ambient": ["CAP_KILL"]}
    },
    "process.capabilities.permitted": {"process__capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"]}},
    "process.capabilities.effective": {"process__user": {"uid": 5}},
    "process.user.umask": {"process__user": {"umask": 0o77}},
    "process.scheduler": {"process__scheduler": {"policy": "SCHED_OTHER"}},
    "process.env": {"process__env": ["WORD=two\nlines"]},
    "hooks": {"hooks": {"prestart": [{"path": "/bin/true"}]}},
    "linux.intelRdt": {"linux__intelRdt": {"closID": "a"}},
    "linux.rootfsPropagation": {"linux__rootfsPropagation": "shared"},
    "linux.sysctl.vm.swappiness": {"linux__sysctl": {"vm.swappiness": "1"}},
    "linux.seccomp.defaultAction": {"linux__seccomp": bundles.FILTER},
    "linux.seccomp.flags": {"linux__seccomp": {"defaultAction": "SCMP_ACT_KILL", "flags": ["x"]}},
    "mounts[0].options": {
        "mounts": [{"destination": "/a", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]}]
    },
    "mounts[0].destination": {"mounts": [{"destination": "/../a", "type": "tmpfs", "source": "tmpfs"}]},
}  # fmt: skip


@pytest.mark.parametrize("path", REFUSED)
def test_what_lxc_does_not_do_is_refused_by_its_path(path: str) -> None:
    with pytest.raises(UnsupportedConfiguration) as refused:
        texts.made("5.0.2", "vm-root", bundles.make_bundle(**REFUSED[path]))
    assert str(refused.value).startswith(f"config.json: {path}: ")


def test_no_word_of_lxcs_own_comes_in_with_the_options_of_a_mount() -> None:
    for word in ("optional", "create=file", "size=1k,relative"):
        mount = {"destination": "/a", "type": "tmpfs", "source": "tmpfs", "options": [word]}
        with pytest.raises(UnsupportedConfiguration, match="lxc's own"):
            texts.made("5.0.2", "vm-root", bundles.make_bundle(mounts=[mount]))


@pytest.mark.parametrize(
    ("version", "overrides", "key"),
    [
        ("2.0.7", {"process__cwd": "/tmp"}, "lxc.init.cwd is of LXC 2.1"),
        ("2.0.7", {"process__rlimits": [{"type": "RLIMIT_CPU", "soft": 1, "hard": 1}]}, "lxc.prlimit is of LXC 2.1"),
        ("2.1.0", {"linux__sysctl": {"net.ipv4.ip_forward": "1"}}, "lxc.sysctl is of LXC 3.0"),
        ("4.0.6", {"process__user": {"additionalGids": [4]}}, "lxc.init.groups is of LXC 5.0"),
        ("0.9.0", {}, "lxc.environment is of LXC 1.0"),
        ("0.7.5", {"process__env": None}, "lxc.hook.mount is of LXC 0.8"),
    ],
)
def test_what_an_older_lxc_has_no_word_for_is_refused_with_the_version_that_has(
    version: str, overrides: dict[str, Any], key: str
) -> None:
    bundle = bundles.make_bundle(process__noNewPrivileges=False)
    for path, value in overrides.items():
        bundle = _changed(bundle, path, value)
    with pytest.raises(UnsupportedConfiguration, match=key.replace(".", r"\.")):
        texts.made(version, "vm-root", bundle)


def _changed(bundle: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    section, key = path.split("__")
    if value is None:
        bundle[section].pop(key)
    else:
        bundle[section][key] = value
    return bundle


def test_calls_are_compared_by_their_arguments_only_where_lxc_does_that() -> None:
    bundle = bundles.make_bundle(
        process__noNewPrivileges=False, linux__seccomp={**texts.PROFILE, "syscalls": texts.COMPARED}
    )
    with pytest.raises(UnsupportedConfiguration, match="arguments"):
        texts.made("2.0.7", "vm-root", bundle)


def test_where_setns_is_not_to_be_had_lxc_is_not_either() -> None:
    own = bundles.namespaces("mount", "pid", "uts", "ipc", "network")
    with pytest.raises(UnsupportedConfiguration, match=r"finishing what lxc has set up .* is older than 3\.8"):
        texts.made("2.0.7", "debian-7", bundles.make_bundle(process__noNewPrivileges=False, linux__namespaces=own))
