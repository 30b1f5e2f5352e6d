"""Writes docs/cli.md: what is said below about the whole, and every command and flag as the program declares them.

python3 ci/commands.py          writes it anew; tests/house holds that it is fresh
"""

from __future__ import annotations

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = f"{ROOT}/docs/cli.md"

TYPE_CHECKING = False
if TYPE_CHECKING:
    import click

_HEAD = """\
# The command line

<!-- Written by ci/commands.py, the second half from the commands' own declarations. -->

Commands and flags are those of docker, so that habits and scripts carry over. Where docker drops or weakens in silence,
`runtime` refuses and says why.

    runtime run -it --rm @host sh          a shell in an image made of this machine's own programs
    runtime load -i image.tar              take in what docker, podman, skopeo, umoci or buildah saved
    runtime run -d --name db -m 512m -v data:/var/lib/postgresql/data postgres:16
    runtime exec -it db psql -U postgres
    runtime run --explain @host true       what would be chosen and done, without doing it
    runtime doctor                         what this host can do, who blocks the rest, what to do about it

## Exit status

| status | meaning |
| --- | --- |
| the program's own | `run`, `start -a`, `attach`, `exec` |
| 125 | the command was wrong, or could not be carried out |
| 126 | the container's program cannot be executed |
| 127 | the container's program does not exist |
| 128 + n | the program was ended by signal n |
| 130 | this command was interrupted |
| 1 | `doctor`: no container can run here |

An error is `Error: what happened: why` on standard error, most with a line `Hint: what to do`. With several containers
or images named, each is tried, each failure is told, and the status is that of the last failure.

## Settings

Flags before the command go over environment variables, and these over the defaults.

| flag | variable | default (root) | default (others) |
| --- | --- | --- | --- |
| `--root` | `RUNTIME_ROOT` | `/var/lib/runtime` | `$XDG_DATA_HOME/runtime` |
| `--state` | `RUNTIME_STATE` | `/run/runtime` | `$XDG_RUNTIME_DIR/runtime` |
| `--storage`, `--execution`, `--cgroups` | `RUNTIME_STORAGE` and so on | the doctor's choice | |
| `--debug` | `RUNTIME_DEBUG` | off | |

## Output

Tables are for people and may change; `--format json` prints one JSON object a line (`inspect`: one array) and is kept
stable. `--format` also takes the part of Go's templates that docker's users write: `{{.Names}}`, `{{json .}}`,
`{{.State.Status}}`, `{{index .Labels "a"}}`, `{{range}}`, `{{if}}`, `{{with}}`, `|`, `len`, `upper`, `lower`, `title`,
`join`, `split`, `slice`, `truncate`, `printf`, `println`, `eq` and its like; `table TEMPLATE` with `\\t` makes a table.
A field that is not there prints `<no value>`. `--quiet` prints identifiers alone. Characters of names and labels that
could steer a terminal are shown as `?`.

## Terminals

`-t` gives the program a terminal whose size follows ours; `-i` connects standard input. `ctrl-p ctrl-q` (or what
`--detach-keys` says) leaves it running. Without `-t`, signals to the command go to the program; here `exec` does this
too. `completion bash|zsh|fish` prints a completion script, with the names of containers, images and volumes.

## Sizes, times

`512m`, `1.5g`, `64k`: binary units. `--since` and `--until` take `2024-01-31T13:00:00Z`, a moment of local time without
the `Z`, seconds since 1970, or a span such as `10m`.

## Promises

A container is promised what docker users rely on (its own root, processes, host name, network; only the capabilities
that were granted; a system call filter; guarded devices; an end for all its processes). A host that cannot keep a
promise refuses to run the container and names the blocker. What is not needed is given up by name: `--prefer seccomp`
runs without a filter if need be, says so on standard error, and `inspect` shows it below `Runtime.GivenUp`.
`--require` demands more, `--forbid` excludes, `--backend FAMILY=NAME` insists on one way of doing it. Limits
(`--memory`, `--cpus`, `--pids-limit` and the like) are promises too: one that cannot be applied is an error, never a
warning.

## Differences from docker

- There is no daemon: each container has a small monitor of its own.
- Images come from archives and folders (`load`, `import`), or from this machine (`@host`). There is no `pull`, `push`
  or `build` yet; `--pull always` is refused.
- Networks are `none` (the default), `host` and `container:NAME`. `--publish`, `--link`, `--ip` and their like are
  refused until there is a bridge.
- `--rootfs FOLDER` runs a plain folder in place of an image.
- `--cgroupns` is private wherever the kernel has cgroup namespaces, on cgroup v1 too.
- Read-only bind mounts cover the mounts below them where the kernel can (Linux 5.12), as docker does since 25.
- `--userns private` takes the range of ids of `/etc/subuid`.
- Health checks, GPUs, `--storage-opt` and `--volume-driver` are refused; `:z` and `:Z` are refused where SELinux is
  active, and mean nothing elsewhere.
- AppArmor and SELinux labels are set only when asked for and possible; there is no default profile.
- Errors of all commands have the status 125, where some of docker's have 1.

"""

_SKIPPED = ("container", "image")  # the same commands under other names
_LIKE_RUN = "create"


def page() -> str:
    from runtime.cli.catalogue import COMMANDS, GLOBAL
    from runtime.cli.command import LazyGroup

    lines = [_HEAD, "## Before the command\n", *(_row(flag.names, flag.metavar, flag.help) for flag in GLOBAL)]
    section = ""
    root = LazyGroup("runtime", entries=COMMANDS)
    for name, entry in COMMANDS.items():
        if entry.section != section:
            section = entry.section
            lines.append(f"\n## {section}")
        if name in _SKIPPED:
            lines.append(f"\n### {name}\n\n{entry.help}: {', '.join(f'`{one}`' for one in _names(root, name))}.")
        else:
            lines += _command(root, name)
    return "\n".join(lines) + "\n"


def _names(root: click.Group, name: str) -> list[str]:
    import click

    group = root.get_command(click.Context(root), name)
    assert isinstance(group, click.Group)
    return group.list_commands(click.Context(group))


def _command(group: click.Group, name: str, above: str = "") -> list[str]:
    import click

    context = click.Context(group)
    command = group.get_command(context, name)
    assert command is not None
    title = f"{above} {name}".strip()
    if isinstance(command, click.Group):
        inner = [line for one in command.list_commands(context) for line in _command(command, one, title)]
        return [f"\n### {title}\n\n{command.help}", *inner]
    own = click.Context(command, info_name=title)
    usage = " ".join(piece for piece in command.collect_usage_pieces(own) if piece != "[OPTIONS]")
    lines = [f"\n### {title}\n", f"`runtime {title} {usage}`".replace(" `", "`") + "\n", f"{command.help}"]
    if title == _LIKE_RUN:
        return [*lines, "\nIts flags are those of `run`, but for `--detach` and `--sig-proxy`."]
    section = ""
    for parameter in command.params:
        if not isinstance(parameter, click.Option) or parameter.hidden:
            continue
        told = getattr(parameter, "section", "")
        if told and told != section:
            section = told
            lines.append(f"\n**{section}**")
        lines += [*([""] if not lines[-1].startswith("- ") else []), _option(parameter)]
    return lines


def _option(option: click.Option) -> str:
    import click

    value = option.metavar
    if isinstance(option.type, click.Choice):
        value = "|".join(option.type.choices)
    takes = not option.is_flag
    return _row([*option.opts, *option.secondary_opts], (value or "VALUE") if takes else None, option.help or "")


def _row(names: object, value: str | None, help_: str) -> str:
    assert isinstance(names, (list, tuple))
    said = ", ".join(f"`{name}`" for name in names)
    return f"- {said}{f' `{value}`' if value else ''}: {help_}"


if __name__ == "__main__":
    sys.path.insert(0, ROOT)
    with open(PAGE, "w") as file:
        file.write(page())
