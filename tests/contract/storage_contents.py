"""Storage suite: every kind of thing that a layer can hold."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path
from stat import S_ISBLK, S_ISCHR, S_ISFIFO

from backends.contract import StorageBackend
from tests.contract.layers import device, fifo, file, folder, hard_link, layer, link
from tests.contract.shown import PING, A, B, C, Seen, StorageFixtures, status_of


class ContentsContract(StorageFixtures):
    def test_owners_modes_and_times_are_kept(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(
            A,
            None,
            layer(
                folder("d", uid=1000, gid=2000, mode=0o2770, mtime=5),
                file("d/suid", uid=4_000_000_000, gid=5, mode=0o6755, mtime=1.25),
                link("d/link", "nowhere", uid=3, gid=4, mtime=7),
                file("old", mtime=-86400.5),
            ),
        )
        top = seen(A)
        assert status_of(top / "d") == (0o2770, 1000, 2000, 5 * 10**9)
        assert status_of(top / "d/suid") == (0o6755, 4_000_000_000, 5, 1_250_000_000)
        assert status_of(top / "d/link")[1:] == (3, 4, 7 * 10**9)
        assert status_of(top / "old")[3] == -86400_500_000_000

    def test_a_folder_keeps_its_time_whatever_comes_into_it_later(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("d", mtime=5), folder("e", mtime=6), file("d/f"), file("e/f"), file("d/g")))
        store.apply(B, A, layer(file("d/h")))
        assert seen(A).joinpath("d").stat().st_mtime == 5
        assert seen(B).joinpath("d").stat().st_mtime == 5
        assert seen(B).joinpath("e").stat().st_mtime == 6

    def test_file_capabilities_and_attributes_are_kept(self, store: StorageBackend, seen: Seen) -> None:
        entries = (
            file("ping", b"x", uid=7, xattrs={"security.capability": PING, "user.note": b"\x00\xff"}),
            folder("d", xattrs={"user.on": b"folder", "trusted.mine": b"1"}),
        )
        store.apply(A, None, layer(*entries))
        store.create(C, A)
        top = seen(C)
        assert os.getxattr(top / "ping", "security.capability")[:4] == PING[:4]
        assert os.getxattr(top / "ping", "user.note") == b"\x00\xff"
        assert os.getxattr(top / "d", "user.on") == b"folder"
        assert os.getxattr(top / "d", "trusted.mine") == b"1"

    def test_devices_and_fifos_are_kept(self, store: StorageBackend, seen: Seen) -> None:
        block = device("disk", 7, 200)
        block[0].type = tarfile.BLKTYPE
        store.apply(A, None, layer(device("null", 1, 3, mode=0o666), block, fifo("pipe")))
        store.create(C, A)
        top = seen(C)
        assert S_ISCHR((top / "null").stat().st_mode)
        assert (top / "null").stat().st_rdev == os.makedev(1, 3)
        assert (top / "null").stat().st_mode & 0o777 == 0o666
        assert S_ISBLK((top / "disk").stat().st_mode)
        assert S_ISFIFO((top / "pipe").stat().st_mode)

    def test_hard_links_are_one_file(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(file("a", b"x"), hard_link("d/b", "./a"), hard_link("c", "/d/b"), link("l", "a"),
                                   hard_link("m", "l")))  # fmt: skip
        top = seen(A)
        assert len({(top / name).stat().st_ino for name in ("a", "d/b", "c")}) == 1
        assert os.readlink(top / "m") == "a"

    def test_a_hard_link_may_lead_to_a_file_of_a_parent(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("d"), file("d/a", b"below", mode=0o600, uid=9)))
        store.apply(B, A, layer(hard_link("b", "d/a")))
        top = seen(B)
        assert (top / "b").read_bytes() == (top / "d/a").read_bytes() == b"below"
        assert (top / "b").stat().st_ino == (top / "d/a").stat().st_ino
        assert (top / "b").stat().st_uid == 9

    def test_a_sparse_file_of_5_gib_takes_little(self, store: StorageBackend, seen: Seen, tmp_path: Path) -> None:
        with open(tmp_path / "big", "wb") as big:
            big.seek(5 << 30)
            big.write(b"end")
        for kind in ("gnu", "posix"):
            archive = tmp_path / f"{kind}.tar"
            subprocess.run(["tar", "-C", tmp_path, f"--format={kind}", "-Scf", archive, "big"], check=True)
            name = {"gnu": A, "posix": B}[kind]
            with open(archive, "rb") as content:
                assert store.apply(name, None, content) == (5 << 30) + 3
            store.create(name[::-1].replace(name[0], name[0].translate({97: "c", 98: "d"})), name)
            assert store.usage(name) < 1 << 20
        top = seen(C)
        with open(top / "big", "rb") as big:
            big.seek(5 << 30)
            assert big.read() == b"end"
        assert (top / "big").stat().st_blocks * 512 < 1 << 20

    def test_a_large_file_comes_through_whole(self, store: StorageBackend, seen: Seen, tmp_path: Path) -> None:
        content = os.urandom(1 << 16) * 200 + b"tail"
        (tmp_path / "large.tar").write_bytes(layer(file("before", b"1"), file("large", content), file("z")).read())
        with open(tmp_path / "large.tar", "rb") as archive:
            store.apply(A, None, archive)
        store.apply(B, None, layer(file("large", content)))
        assert (seen(A) / "large").read_bytes() == content
        assert (seen(B) / "large").read_bytes() == content
