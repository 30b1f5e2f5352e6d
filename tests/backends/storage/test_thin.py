from __future__ import annotations

import pytest

from backends.errors import StorageError
from backends.storage import thin

STATUS = {
    # Linux 3.2, 3.10, 6.1
    "3 58/16384 120/32768 -": (3, 120, 32768, "rw"),
    "0 11/2048 0/4096 - rw discard_passdown": (0, 0, 4096, "rw"),
    "5 90/2048 4096/4096 - out_of_data_space discard_passdown error_if_no_space - 1024": (
        5, 4096, 4096, "out_of_data_space"
    ),
    "5 90/2048 7/4096 - ro discard_passdown error_if_no_space needs_check 1024": (5, 7, 4096, "ro"),
    "Fail": (0, 0, 0, "Fail"),
}  # fmt: skip


@pytest.mark.parametrize("text", STATUS)
def test_a_pools_status_is_read_as_each_kernel_writes_it(text: str) -> None:
    found = thin.parse(text)
    assert (found.transaction, found.used, found.total, found.mode) == STATUS[text]


@pytest.mark.parametrize("text", ["", "x", "1 2 3", "1 2/3"])
def test_a_status_that_is_not_understood_is_an_error(text: str) -> None:
    with pytest.raises(StorageError, match="not understood"):
        thin.parse(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Fail", "has failed"),
        ("5 90/2048 7/4096 - rw discard_passdown needs_check", "needs_check"),
        ("5 90/2048 7/4096 - ro discard_passdown", "read-only"),
        ("5 90/2048 4096/4096 - out_of_data_space", "full .ENOSPC.: 4096 of 4096"),
    ],
)
def test_what_a_pool_suffers_from_is_said_with_what_to_do(text: str, said: str) -> None:
    problem = thin.trouble(thin.parse(text))
    assert problem is not None
    with pytest.raises(StorageError, match=said):
        raise problem
    assert problem.hint


def test_a_healthy_pool_has_no_trouble() -> None:
    assert thin.trouble(thin.parse("0 11/2048 0/4096 - rw discard_passdown")) is None


def test_tables_are_what_the_kernel_expects() -> None:
    assert thin.pool_table("7:0", "7:1", 400, True) == "7:0 7:1 128 400 2 skip_block_zeroing error_if_no_space"
    assert thin.pool_table("7:0", "7:1", 400, False) == "7:0 7:1 128 400 1 skip_block_zeroing"
    assert thin.thin_table("253:0", 17) == "253:0 17"


def test_metadata_grows_with_the_data_between_its_limits() -> None:
    assert thin.metadata_size(1 << 30) == 8 << 20
    assert thin.metadata_size(1 << 40) == 768 << 20
    assert thin.metadata_size(1 << 50) == 16 << 30
