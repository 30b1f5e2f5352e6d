from __future__ import annotations

from pathlib import Path

import pytest

from backends.errors import StorageError
from backends.storage import options


@pytest.mark.parametrize(("text", "size"), [("64m", 64 << 20), ("10G", 10 << 30), ("1TiB", 1 << 40), ("4096", 4096)])
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert options.size(text) == size


@pytest.mark.parametrize(
    ("backend", "name", "value", "said"),
    [
        ("overlay", "size", "1g", "has no option 'size'"),
        ("devicemapper", "datasize", "1g", "has no option 'datasize'"),
        ("devicemapper", "data-size", "much", "is no value for it"),
        ("devicemapper", "data-size", "0", "more than nothing"),
        ("devicemapper", "data", "file", "below /dev"),
        ("devicemapper", "filesystem", "zfs", "ext4 or xfs"),
    ],
)
def test_what_is_no_option_is_named(backend: str, name: str, value: str, said: str) -> None:
    with pytest.raises(StorageError, match=said):
        options.check(backend, name, value)


def test_options_are_kept_for_every_process_that_opens_the_store(tmp_path: Path) -> None:
    folder = str(tmp_path / "store")
    options.keep(folder, "devicemapper", {"base-size": "1g"})
    options.keep(folder, "devicemapper", {"filesystem": "xfs"})
    assert options.read(folder) == {"base-size": "1g", "filesystem": "xfs"}


def test_options_of_a_store_with_layers_are_not_changed_under_it(tmp_path: Path) -> None:
    folder = str(tmp_path / "store")
    options.keep(folder, "devicemapper", {"base-size": "1g"})
    (tmp_path / "store/layers/one").mkdir(parents=True)
    options.keep(folder, "devicemapper", {"base-size": "1g"})
    with pytest.raises(StorageError, match="base-size"):
        options.keep(folder, "devicemapper", {"base-size": "2g"})
