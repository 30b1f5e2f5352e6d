"""`runtime exec`: another program in a running container."""

from __future__ import annotations

from runtime.cli.declaration import Argument, Declaration, Flag
from runtime.cli.values import environment


def _exec(
    container: str,
    words: tuple[str, ...],
    detach: bool,
    interactive: bool,
    tty: bool,
    env: tuple[str, ...],
    env_file: tuple[str, ...],
    user: str,
    workdir: str,
    privileged: bool,
    detach_keys: str,
) -> int:
    from runtime.cli.executing import run
    from runtime.cli.terminal import size
    from runtime.containers.request import ExecRequest

    wish = ExecRequest(
        command=words,
        environment=environment(env_file, env),
        working_folder=workdir,
        user=user,
        privileged=privileged,
        tty=tty,
        interactive=interactive,
        detach=detach,
        detach_keys=detach_keys,
        console_size=tuple(size(0) or size(1)) if tty else (),
    )
    return run(container, wish)


command = Declaration(
    "exec",
    _exec,
    "Run another program in a running container; its status is returned.",
    (Argument("container", complete="containers"), Argument("words", "COMMAND [ARG]...", many=True)),
    (
        Flag("-d", "--detach", switch=True, help="Leave it running."),
        Flag("-i", "--interactive", switch=True, help="Pass standard input on."),
        Flag("-t", "--tty", switch=True, help="Give it a terminal."),
        Flag("-e", "--env", metavar="KEY[=VALUE]", many=True, help="Set an environment variable."),
        Flag("--env-file", metavar="FILE", many=True, help="Set those in a file of KEY=VALUE lines."),
        Flag("-u", "--user", metavar="USER[:GROUP]", default="", help="Run as this user, by name or number."),
        Flag("-w", "--workdir", metavar="FOLDER", default="", help="Start in this folder."),
        Flag("--privileged", switch=True, help="Give it all capabilities."),
        Flag("--detach-keys", metavar="KEYS", default="", help="Keys that detach the terminal (ctrl-p,ctrl-q)."),
    ),
)
