"""Who a program is and where it starts: user, groups, folder, environment, entrypoint, host name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.conftest import Runtime


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("nobody", "65534 65534\n"),
        ("1234:5678", "1234 5678\n"),
        ("nobody:users", "65534 100\n"),
        ("4321", "4321 0\n"),
    ],
)
def test_the_user_is_the_one_named(runtime: Runtime, user: str, said: str) -> None:
    assert runtime.said("-u", user, "@host", "sh", "-c", "echo $(id -u) $(id -g)") == said


def test_further_groups_are_joined(runtime: Runtime) -> None:
    said = runtime.said("-u", "nobody", "--group-add", "users", "--group-add", "77", "@host", "id", "-G")
    assert set(said.split()) == {"65534", "100", "77"}


def test_an_unknown_user_is_refused_by_name(runtime: Runtime) -> None:
    assert "wilhelm" in runtime.refused("run", "--rm", "--network", "none", "-u", "wilhelm", "@host", "true")
    assert runtime.names() == set()


def test_an_ordinary_user_has_no_capabilities(runtime: Runtime) -> None:
    said = runtime.said("-u", "nobody", "@host", "grep", "CapEff", "/proc/self/status")
    assert int(said.split()[1], 16) == 0


def test_it_starts_in_the_folder_said_which_is_made(runtime: Runtime) -> None:
    assert runtime.said("-w", "/new/one", "@host", "pwd") == "/new/one\n"


def test_the_environment_comes_from_flags_and_files(runtime: Runtime, tmp_path: Path) -> None:
    file = tmp_path / "environment"
    file.write_text("# of no account\nA=from file\nB=two words\n\n")
    said = runtime.said("--env-file", str(file), "-e", "A=from flag", "@host", "sh", "-c", 'echo "$A|$B|$HOME"')
    assert said == "from flag|two words|/root\n"


def test_the_entrypoint_is_replaced_and_takes_the_arguments(runtime: Runtime) -> None:
    assert runtime.said("--entrypoint", "/usr/bin/echo", "@host", "-n", "hello") == "hello"


def test_the_host_name_is_its_own(runtime: Runtime) -> None:
    assert runtime.said("-h", "box", "@host", "sh", "-c", "hostname; cat /etc/hostname") == "box\nbox\n"
    assert "box" in runtime.said("-h", "box", "@host", "cat", "/etc/hosts")


def test_the_host_s_name_is_shared_when_asked_for(runtime: Runtime) -> None:
    with open("/proc/sys/kernel/hostname") as file:
        ours = file.read()
    assert runtime.said("--uts", "host", "@host", "hostname") == ours


def test_without_a_name_the_identifier_is_the_host_name(runtime: Runtime) -> None:
    name = runtime.detached("@host", "sleep", "1000")
    assert runtime("exec", name, "hostname").stdout == name[:12] + "\n"


def test_a_program_run_beside_has_its_own_user_folder_and_environment(runtime: Runtime) -> None:
    name = runtime.detached("-e", "A=1", "@host", "sleep", "1000")
    said = runtime("exec", "-u", "nobody", "-w", "/tmp", "-e", "B=2", name, "sh", "-c", "echo $(id -u) $PWD $A$B")
    assert said.stdout == "65534 /tmp 12\n"


def test_a_program_run_beside_gives_its_status_and_reads_input(runtime: Runtime) -> None:
    name = runtime.detached("@host", "sleep", "1000")
    assert runtime("exec", "-i", name, "cat", stdin="through\n").stdout == "through\n"
    runtime("exec", name, "sh", "-c", "exit 33", status=33)
    runtime("exec", name, "nothing-of-this-name", status=127)
    runtime("exec", name, "/etc/passwd", status=126)
