from __future__ import annotations

from ci.commands import PAGE, page


def test_the_page_of_commands_is_what_its_generator_writes() -> None:
    with open(PAGE) as file:
        assert file.read() == page(), "run python3 ci/commands.py"
