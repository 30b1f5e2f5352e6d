"""HOME, where process.env says nothing of it, and what else becomes of the environment."""

from __future__ import annotations

import pytest

from backends.errors import UnsupportedConfiguration
from backends.execution.processes import Process
from backends.execution.steps.home import home_of
from probes.report import HostReport

PASSWD = b"root:x:0:0:root:/root:/bin/sh\nbroken\nbin:x:2:2::/bin:/bin/false\nnone:x:3:3:::\n"


def variables(*entries: str) -> list[tuple[str, str]]:
    process = {"args": ["x"], "env": list(entries)}
    return list(Process(process, HostReport({}, {}, {}, []), False).variables.items())


@pytest.mark.parametrize("uid, home", [(0, "/root"), (2, "/bin"), (3, "/"), (4, "/")])
def test_it_is_what_the_containers_passwd_says(uid: int, home: str) -> None:
    assert home_of(uid, PASSWD) == home


def test_of_two_variables_of_a_name_the_later_counts() -> None:
    assert variables("A=1", "B=2", "A=") == [("B", "2"), ("A", "")]


@pytest.mark.parametrize("entry", ["A", "=1", "A=\0"])
def test_what_is_no_variable_is_refused(entry: str) -> None:
    with pytest.raises(UnsupportedConfiguration, match="invalid environment variable"):
        variables(entry)
