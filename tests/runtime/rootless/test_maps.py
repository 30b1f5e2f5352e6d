"""Who is who in an ordinary user's namespace."""

from __future__ import annotations

from runtime.rootless.maps import count, maps


def test_the_user_is_root_and_his_ranges_follow() -> None:
    text = "else:1:5\nuser:100000:65536\n1000:300000:10\n"
    assert maps(text, 1000, "user") == [(0, 1000, 1), (1, 100000, 65536), (65537, 300000, 10)]


def test_without_a_range_there_is_one_id() -> None:
    assert count(maps("other:100000:65536\nuser:broken:1\nuser:7:0\n:8:9\n", 1000, "user")) == 1


def test_a_range_that_overlaps_is_left_out_as_the_kernel_would_refuse_all() -> None:
    assert maps("user:1000:5\nuser:200:10\nuser:205:10\n", 1000, "user") == [(0, 1000, 1), (1, 200, 10)]
