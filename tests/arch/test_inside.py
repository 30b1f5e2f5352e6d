from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arch import inside

Opener = Callable[[int, str, int, int], int]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "secret").write_text("outside")
    folder = tmp_path / "root"
    (folder / "usr/bin").mkdir(parents=True)
    (folder / "usr/bin/sh").write_text("shell")
    (folder / "bin").symlink_to("usr/bin")
    (folder / "absolute").symlink_to("/usr/bin")
    (folder / "escape").symlink_to("../../secret")
    (folder / "loop").symlink_to("loop")
    (folder / "run").symlink_to("/made/later")
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture(params=[inside.open_inside, inside.walk_inside], ids=["kernel", "walk"])
def opener(request: pytest.FixtureRequest) -> Opener:
    chosen: Opener = request.param
    return chosen


def content(descriptor: int) -> str:
    with os.fdopen(descriptor) as file:
        return file.read()


@pytest.mark.parametrize(
    "path", ["usr/bin/sh", "/usr/bin/sh", "bin/sh", "absolute/sh", "../../usr/./bin/../bin//sh", "bin/../bin/sh"]
)
def test_a_path_is_resolved_as_if_the_folder_were_the_root(root: int, opener: Opener, path: str) -> None:
    assert content(opener(root, path, os.O_RDONLY, 0)) == "shell"


@pytest.mark.parametrize("path", ["escape", "../secret", "bin/../../../secret", "absolute/../../../secret"])
def test_nothing_outside_is_ever_found(root: int, opener: Opener, path: str) -> None:
    with pytest.raises(FileNotFoundError):
        os.close(opener(root, path, os.O_RDONLY, 0))


@pytest.mark.parametrize(
    ("path", "flags", "number"),
    [
        ("loop", os.O_RDONLY, errno.ELOOP),
        ("bin", os.O_RDONLY | os.O_NOFOLLOW, errno.ELOOP),
        ("usr/bin/sh/x", os.O_RDONLY, errno.ENOTDIR),
        ("usr/bin/sh/", os.O_RDONLY, errno.ENOTDIR),
        ("usr/bin/sh", os.O_RDONLY | os.O_DIRECTORY, errno.ENOTDIR),
        ("usr/nothing", os.O_RDONLY, errno.ENOENT),
        ("", os.O_RDONLY, errno.ENOENT),
        ("usr/bin/sh", os.O_CREAT | os.O_EXCL | os.O_WRONLY, errno.EEXIST),
        ("run", os.O_CREAT | os.O_EXCL | os.O_WRONLY, errno.EEXIST),
        ("usr", os.O_WRONLY, errno.EISDIR),
    ],
)
def test_refusals_are_those_of_open(root: int, opener: Opener, path: str, flags: int, number: int) -> None:
    with pytest.raises(OSError) as caught:
        os.close(opener(root, path, flags, 0o600))
    assert caught.value.errno == number


def test_a_link_itself_is_opened_when_it_is_asked_for(root: int, opener: Opener) -> None:
    descriptor = opener(root, "escape", os.O_PATH | os.O_NOFOLLOW, 0)
    assert os.readlink("", dir_fd=descriptor) == "../../secret"
    os.close(descriptor)


def test_a_path_descriptor_of_a_link_is_one_of_its_target(root: int, opener: Opener) -> None:
    descriptor = opener(root, "bin", os.O_PATH, 0)
    assert os.listdir(f"/proc/self/fd/{descriptor}") == ["sh"]
    os.close(descriptor)


def test_a_file_created_through_a_link_that_leads_nowhere_lands_inside(
    root: int, opener: Opener, tmp_path: Path
) -> None:
    os.symlink("../../../new", "dangling", dir_fd=root)
    os.close(opener(root, "dangling", os.O_CREAT | os.O_WRONLY, 0o600))
    assert (tmp_path / "root/new").is_file()
    assert not (tmp_path / "new").exists()


def test_descriptors_do_not_survive_an_exec(root: int, opener: Opener) -> None:
    descriptor = opener(root, "usr", os.O_RDONLY, 0)
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


def test_no_descriptor_is_left_open(root: int, opener: Opener) -> None:
    before = os.listdir("/proc/self/fd")
    for path in ("bin/../bin/sh", "escape", "loop", "usr/bin/sh/x", "usr/nothing"):
        try:
            os.close(opener(root, path, os.O_RDONLY, 0))
        except OSError:
            continue
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_missing_folders_are_made_through_links_that_stay_inside(root: int, tmp_path: Path) -> None:
    for path in ("a/b/c", "run/lock", "bin/x/../y", "escape/deep/", "/"):
        os.close(inside.make_directories(root, path))
    made = tmp_path / "root"
    for path in ("a/b/c", "made/later/lock", "usr/bin/x", "usr/bin/y", "secret/deep"):
        assert (made / path).is_dir()
    assert (tmp_path / "secret").read_text() == "outside"


def test_a_folder_is_not_made_where_a_file_stands(root: int) -> None:
    with pytest.raises(NotADirectoryError):
        inside.make_directories(root, "bin/sh/deeper")
    with pytest.raises(NotADirectoryError):
        inside.make_directories(root, "bin/sh")


def test_a_file_and_its_folders_are_made(root: int, tmp_path: Path) -> None:
    for path in ("x/y/file", "run/resolv.conf", "bin/sh", "escape"):
        os.close(inside.make_file(root, path))
    assert (tmp_path / "root/x/y/file").read_text() == ""
    assert (tmp_path / "root/made/later/resolv.conf").is_file()
    assert (tmp_path / "root/usr/bin/sh").read_text() == "shell"
    assert (tmp_path / "root/secret").read_text() == ""
    assert (tmp_path / "secret").read_text() == "outside"


@pytest.mark.parametrize("path", ["usr", "bin", "/", "bin/..", "new/"])
def test_a_folder_is_no_file(root: int, path: str) -> None:
    with pytest.raises(IsADirectoryError):
        inside.make_file(root, path)


def test_an_existing_fifo_is_no_reason_to_wait(root: int) -> None:
    os.mkfifo("fifo", dir_fd=root)
    os.close(inside.make_file(root, "fifo"))


def test_a_parent_comes_with_the_name_unresolved(root: int, tmp_path: Path) -> None:
    folder, name = inside.parent_inside(root, "bin/loop")
    os.symlink("anywhere", name, dir_fd=folder)
    os.close(folder)
    assert os.readlink(tmp_path / "root/usr/bin/loop") == "anywhere"
    folder, name = inside.parent_inside(root, "/escape", make=True)
    os.unlink(name, dir_fd=folder)
    os.close(folder)
    assert (tmp_path / "secret").exists()


@pytest.mark.parametrize("path", ["/", "", ".", "a/..", "usr/."])
def test_a_path_without_a_last_name_has_no_parent(root: int, path: str) -> None:
    with pytest.raises(OSError):
        inside.parent_inside(root, path)


NAMES = st.sampled_from(["a", "b", "c", "..", ".", ""])
PATHS = st.lists(NAMES, min_size=1, max_size=5).map("/".join).filter(bool)
FLAGS = st.sampled_from([os.O_RDONLY, os.O_PATH, os.O_PATH | os.O_NOFOLLOW, os.O_RDONLY | os.O_DIRECTORY])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(links=st.dictionaries(PATHS, PATHS, max_size=4), path=PATHS, flags=FLAGS)
def test_the_walk_and_the_kernel_agree(
    tmp_path_factory: pytest.TempPathFactory, links: dict[str, str], path: str, flags: int
) -> None:
    outer = tmp_path_factory.mktemp("agree")
    (outer / "root/a/b").mkdir(parents=True)
    (outer / "root/b").mkdir()
    (outer / "root/a/c").touch()
    root = os.open(outer / "root", os.O_PATH | os.O_DIRECTORY)
    try:
        for where, target in links.items():
            try:
                folder, name = inside.parent_inside(root, where)
            except OSError:
                continue
            try:
                os.symlink(target, name, dir_fd=folder)
            except FileExistsError:
                pass
            finally:
                os.close(folder)
        answers = []
        for opener in (inside.open_inside, inside.walk_inside):
            try:
                descriptor = opener(root, path, flags)
            except OSError as error:
                answers.append((error.errno, 0))
            else:
                answers.append((0, os.fstat(descriptor).st_ino))
                os.close(descriptor)
        assert answers[0] == answers[1]
    finally:
        os.close(root)
