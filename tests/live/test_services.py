"""What people run: an interpreter, a database asked by a second process, a daemon that forks. No systemd anywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.conftest import Runtime

Debian = Callable[[str], str]
Eventually = Callable[[Callable[[], object]], None]
pytestmark = pytest.mark.xdist_group("services")


def test_python_has_its_threads_processes_and_locks(runtime: Runtime, debian: Debian) -> None:
    script = "import ssl, sqlite3, multiprocessing as m; print(m.Pool(2).map(abs, [-1, -2]), m.Lock())"
    assert runtime.said(debian("services"), "python3", "-c", script).startswith("[1, 2] <Lock")


@pytest.fixture
def database(runtime: Runtime, debian: Debian, eventually: Eventually) -> str:
    postgres = "/usr/lib/postgresql/15/bin/postgres"
    folders = ("-D", "/var/lib/postgresql/15/main", "-c", "config_file=/etc/postgresql/15/main/postgresql.conf")
    flags = ("--stop-signal", "INT", "-u", "postgres", "--shm-size", "128m", "--tmpfs", "/run/postgresql:mode=1777")
    name = runtime.detached(*flags, debian("services"), postgres, *folders)
    eventually(lambda: "ready to accept connections" in runtime("logs", name).stderr)
    return name


def test_a_database_answers_a_second_process(runtime: Runtime, database: str) -> None:
    ask = ("exec", "-u", "postgres", database, "psql", "-At", "-c")
    runtime(*ask, "create table t as select n, md5(n::text) from generate_series(1, 20000) n")
    assert runtime(*ask, "select count(*), max(n) from t").stdout == "20000|20000\n"


def test_a_database_stops_in_peace_and_still_has_its_rows(
    runtime: Runtime, database: str, eventually: Eventually
) -> None:
    ask = ("exec", "-u", "postgres", database, "psql", "-At", "-c")
    runtime(*ask, "create table kept as select 42 as n")
    runtime("stop", database)
    assert runtime.engine.inspect(database)["State"]["ExitCode"] == 0
    runtime("start", database)
    eventually(lambda: runtime(*ask, "select 1", status=None).returncode == 0)
    assert runtime(*ask, "select n from kept").stdout == "42\n"


def test_a_daemon_that_forks_goes_on(runtime: Runtime, debian: Debian) -> None:
    name = runtime.detached("--init", debian("services"), "sh", "-c", "nginx && exec sleep 1000")
    fetch = (
        "import time, urllib.request as u\n"
        "for _ in range(500):\n"
        "    try: print(u.urlopen('http://127.0.0.1').status); break\n"
        "    except OSError: time.sleep(0.02)\n"
    )
    assert runtime("exec", name, "python3", "-c", fetch).stdout == "200\n"
    assert runtime("top", name).stdout.count("nginx: worker") >= 1
    runtime("exec", name, "nginx", "-s", "stop")


CAPABLE = """
import os, shutil, struct
shutil.copy("/bin/chown", "/capable")
os.setxattr("/capable", "security.capability", struct.pack("<5I", 0x02000001, 1, 0, 0, 0))  # cap_chown+ep
"""


def test_a_file_s_capabilities_work_and_survive_commit_save_and_load(
    runtime: Runtime, debian: Debian, tmp_path: Path
) -> None:
    runtime("run", "--name", "capable", "--network", "none", debian("services"), "python3", "-c", CAPABLE)
    runtime("commit", "capable", "capable:1")
    ask = ("-u", "nobody", "capable:1", "sh", "-c", "touch /tmp/x; /capable daemon /tmp/x && stat -c %U /tmp/x")
    assert runtime.said(*ask) == "daemon\n"
    refused = runtime("run", "--rm", "--network", "none", "--security-opt", "no-new-privileges", *ask, status=1)
    assert "not permitted" in refused.stderr
    runtime("save", "-o", str(tmp_path / "capable.tar"), "capable:1", timeout=120)
    runtime("rm", "capable")
    runtime("rmi", "capable:1")
    runtime("load", "-i", str(tmp_path / "capable.tar"), timeout=120)
    assert runtime.said(*ask) == "daemon\n"
    runtime("rmi", "capable:1")
