from __future__ import annotations

import subprocess
import sys

import pytest

from backends.catalogue import CATALOGUE, Entry, find, load, members
from backends.contract import Backend


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: f"{entry.family}-{entry.name}")
def test_every_entry_leads_to_its_class(entry: Entry) -> None:
    backend = load(entry.family, entry.name)
    assert issubclass(backend, Backend)
    assert (backend.family, backend.name) == (entry.family, entry.name)


def test_names_are_their_familys_own() -> None:
    names = [(entry.family, entry.name) for entry in CATALOGUE]
    assert len(names) == len(set(names))


def test_a_name_that_a_family_does_not_have_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="storage/namespaces"):
        find("storage", "namespaces")


def test_members_keep_the_order_of_preference() -> None:
    names = [entry.name for entry in members("storage")]
    assert names[0] == "overlay"
    assert names[-1] == "copy"
    assert names.index("aufs") < names.index("overlayfs") < names.index("devicemapper")


def test_judging_imports_no_backend() -> None:
    script = (
        "import sys, backends.selection\n"
        "print([name for name in sys.modules if name.startswith('backends.') and name.count('.') > 1])"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
