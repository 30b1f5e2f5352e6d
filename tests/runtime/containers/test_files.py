from __future__ import annotations

from runtime.containers.files import _own_changes

MOUNTED = frozenset(("/etc/hosts", "/etc/hostname", "/data/deep"))


def test_files_that_were_only_made_to_mount_on_are_nobodys_change() -> None:
    found = [("C", "/etc"), ("A", "/etc/hosts"), ("A", "/data"), ("A", "/data/deep")]
    assert _own_changes(found, MOUNTED) == []


def test_a_folder_stays_changed_where_something_else_changed_in_it() -> None:
    found = [("C", "/etc"), ("A", "/etc/hosts"), ("A", "/etc/mine")]
    assert _own_changes(found, MOUNTED) == [("C", "/etc"), ("A", "/etc/mine")]


def test_a_folder_that_changed_by_itself_stays() -> None:
    assert _own_changes([("C", "/var")], MOUNTED) == [("C", "/var")]
