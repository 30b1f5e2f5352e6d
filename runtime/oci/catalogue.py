"""The commands: name, and what it does in a line. Each is a file of `commands`. On the launch path."""

from __future__ import annotations

COMMANDS = {
    "checkpoint": "save a running container to disk, by criu",
    "create": "create a container",
    "delete": "delete what a container that ended holds",
    "events": "show a container's statistics",
    "exec": "run another process in a container",
    "features": "show what this program knows, as JSON",
    "kill": "send a signal to a container's first process",
    "list": "list the containers below --root",
    "pause": "stop all processes of a container",
    "ps": "show the processes of a container",
    "restore": "continue a container from disk, by criu",
    "resume": "let a paused container go on",
    "run": "create and start a container",
    "spec": "write a config.json to begin with",
    "start": "execute the program of a created container",
    "state": "show a container's state, as JSON",
    "update": "change a container's limits",
}
