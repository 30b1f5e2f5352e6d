from __future__ import annotations

from typing import Any

import pytest

from runtime.bundle.program import arguments, environment, working_folder
from runtime.containers.request import Request
from runtime.errors import InvalidInput

IMAGE = {"Entrypoint": ["/entry"], "Cmd": ["serve"]}


@pytest.mark.parametrize(
    ("said", "image", "words"),
    [
        ({}, IMAGE, ["/entry", "serve"]),
        ({"command": ("x",)}, IMAGE, ["/entry", "x"]),
        ({"entrypoint": ("/other",)}, IMAGE, ["/other"]),
        ({"entrypoint": ("/other",), "command": ("x",)}, IMAGE, ["/other", "x"]),
        ({"entrypoint": (), "command": ("x",)}, IMAGE, ["x"]),
        ({}, {"Cmd": ["serve"]}, ["serve"]),
        ({}, {"Entrypoint": ["/entry"], "Cmd": None}, ["/entry"]),
    ],
)
def test_command_and_entrypoint_meet_as_in_docker(
    said: dict[str, Any], image: dict[str, Any], words: list[str]
) -> None:
    assert arguments(Request(**said), image) == words


def test_an_entrypoint_taken_away_takes_the_images_command_too() -> None:
    with pytest.raises(InvalidInput, match="no command"):
        arguments(Request(entrypoint=()), IMAGE)


def test_the_request_goes_over_the_image_and_that_over_the_defaults() -> None:
    request = Request(environment=("B=2", "C=", "D", "HOME=/h"), tty=True)
    found = environment(request, {"Env": ["PATH=/p", "B=1", "D=4", "E=a=b"]}, "web", "/root")
    assert found == ["PATH=/p", "HOSTNAME=web", "TERM=xterm", "B=2", "E=a=b", "C=", "HOME=/h"]


def test_home_is_the_users() -> None:
    assert "HOME=/home/app" in environment(Request(), {}, "web", "/home/app")


def test_the_folder_is_the_requests_or_the_images_or_the_root() -> None:
    assert working_folder(Request(working_folder="/a"), {"WorkingDir": "/b"}) == "/a"
    assert working_folder(Request(), {"WorkingDir": "/b"}) == "/b"
    assert working_folder(Request(), {"WorkingDir": ""}) == "/"
