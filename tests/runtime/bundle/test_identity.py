from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.bundle.identity import Identity, bundle_user, resolve
from runtime.errors import InvalidInput

PASSWD = """# a comment
root:x:0:0:root:/root:/bin/sh
broken
app:x:1000:1001::/home/app:/bin/sh
1234:x:77:78::/odd:/bin/sh
homeless:x:5:5:::
"""
GROUP = """root:x:0:root
adm:x:4:root,app
app:x:1001:
video:x:44:
broken:x:notanumber:app
"""


@pytest.mark.parametrize(
    ("user", "identity"),
    [
        ("", Identity(0, 0, (0, 4), "/root")),
        ("root", Identity(0, 0, (0, 4), "/root")),
        ("app", Identity(1000, 1001, (4,), "/home/app")),
        ("1000", Identity(1000, 1001, (4,), "/home/app")),
        ("app:video", Identity(1000, 44, (), "/home/app")),
        ("app:77", Identity(1000, 77, (), "/home/app")),
        ("4000", Identity(4000, 0, (), "/")),
        ("4000:4001", Identity(4000, 4001, (), "/")),
        ("1234", Identity(77, 78, (), "/odd")),
        ("homeless", Identity(5, 5, (), "/")),
        ("app:", Identity(1000, 1001, (4,), "/home/app")),
    ],
)
def test_users_are_found_in_the_images_own_files(user: str, identity: Identity) -> None:
    assert resolve(user, (), PASSWD, GROUP) == identity


def test_an_image_without_passwd_still_has_root() -> None:
    assert resolve("", (), "", "") == Identity(0, 0, (), "/root")


def test_more_groups_are_found_by_name_and_number_once() -> None:
    assert resolve("app", ("video", "9", "adm"), PASSWD, GROUP).groups == (4, 44, 9)


@pytest.mark.parametrize("user", ["nobody", "app:nogroup", "99999999999", "-1", "4000:-1"])
def test_what_is_not_there_is_an_error(user: str) -> None:
    with pytest.raises(InvalidInput):
        resolve(user, (), PASSWD, GROUP)


def test_an_unknown_further_group_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="wheel"):
        resolve("app", ("wheel",), PASSWD, GROUP)


def test_groups_are_left_out_of_the_bundle_where_there_are_none() -> None:
    assert bundle_user(Identity(1, 2, (), "/")) == {"uid": 1, "gid": 2}


@given(st.text(max_size=80), st.text(max_size=80), st.text("0123456789:abc", max_size=12))
def test_hostile_files_never_break_the_search(passwd: str, group: str, user: str) -> None:
    try:
        found = resolve(user, (), passwd, group)
    except InvalidInput:
        return
    assert 0 <= found.uid < 2**31
    assert 0 <= found.gid < 2**31
