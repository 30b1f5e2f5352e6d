"""Every command: where it is, what it does in one line, and where the help shows it; and the flags before them all."""

from __future__ import annotations

from runtime.cli.declaration import Entry, Flag

_RUN = "Containers"
_IMAGES = "Images"
_LOOK = "The host and this program"
_GROUPS = "By subject"

GLOBAL = (
    Flag("--root", metavar="FOLDER", default="", help="Where images and containers are kept."),
    Flag("--state", metavar="FOLDER", default="", help="Where running containers are kept track of."),
    Flag("-D", "--debug", switch=True, help="Show where an error comes from."),
    Flag("--execution", metavar="NAME", default="", help="Insist on this execution backend."),
    Flag("--storage", metavar="NAME", default="", help="Insist on this storage backend."),
    Flag("--cgroups", metavar="NAME", default="", help="Insist on this cgroup backend."),
)

COMMANDS: dict[str, Entry] = {
    "run": Entry("run", "Make and start a container", _RUN, plain=True),
    "create": Entry("create", "Make a container without starting it", _RUN, plain=True),
    "start": Entry("start", "Start containers that are there", _RUN),
    "stop": Entry("stop", "Ask containers to end, then end them", _RUN),
    "restart": Entry("restart", "Stop containers and start them again", _RUN),
    "kill": Entry("kill", "Send a signal to containers", _RUN),
    "rm": Entry("rm", "Remove containers", _RUN),
    "ps": Entry("ps", "List containers", _RUN),
    "logs": Entry("logs", "Show what a container said", _RUN),
    "exec": Entry("exec", "Run another program in a running container", _RUN, plain=True),
    "attach": Entry("attach", "Connect this terminal to a running container", _RUN),
    "wait": Entry("wait", "Wait until containers end, and print how", _RUN),
    "inspect": Entry("inspect", "Show all there is to know of containers, images and volumes", _RUN),
    "rename": Entry("rename", "Give a container another name", _RUN),
    "pause": Entry("pause", "Freeze containers", _RUN),
    "unpause": Entry("unpause", "Let frozen containers go on", _RUN),
    "update": Entry("update", "Change containers' limits and restart policy", _RUN),
    "stats": Entry("stats", "Show what containers use", _RUN),
    "top": Entry("top", "Show a container's processes", _RUN),
    "cp": Entry("cp", "Copy files into or out of a container", _RUN),
    "diff": Entry("diff", "Show what a container changed in its files", _RUN),
    "commit": Entry("commit", "Make an image of a container's changes", _RUN),
    "export": Entry("export", "Write a container's files as a tar archive", _RUN),
    "images": Entry("images", "List images", _IMAGES),
    "rmi": Entry("rmi", "Remove images", _IMAGES),
    "history": Entry("history", "Show how an image was made", _IMAGES),
    "load": Entry("load", "Take images from an archive or an OCI layout", _IMAGES),
    "save": Entry("save", "Write images to an archive", _IMAGES),
    "import": Entry("import_", "Make an image of a tar archive of files", _IMAGES),
    "tag": Entry("tag", "Give an image another name", _IMAGES),
    "doctor": Entry("doctor", "Tell what this host can do, who blocks the rest, and what to do", _LOOK),
    "info": Entry("info", "Show what is here and what was chosen", _LOOK),
    "mask": Entry("mask", "Run any command as if on an older kernel, or in a narrower sandbox", _LOOK, plain=True),
    "version": Entry("version", "Show versions", _LOOK),
    "completion": Entry("completion", "Print a completion script for a shell", _LOOK),
    "container": Entry("groups:container", "Commands on containers", _GROUPS),
    "image": Entry("groups:image", "Commands on images", _GROUPS),
    "volume": Entry("volume", "Commands on volumes", _GROUPS),
    "system": Entry("system", "Commands on all of it: df, prune, info", _GROUPS),
}

_CONTAINER = (
    "attach", "commit", "cp", "create", "diff", "exec", "export", "inspect", "kill", "logs", "pause", "rename",
    "restart", "rm", "run", "start", "stats", "stop", "top", "unpause", "update", "wait",
)  # fmt: skip

CONTAINER_COMMANDS: dict[str, Entry] = {
    "ls": Entry("ps", "List containers"),
    "list": Entry("ps", "List containers"),
    "ps": Entry("ps", "List containers"),
    "prune": Entry("prune:containers", "Remove all containers that do not run"),
    **{name: Entry(COMMANDS[name].place, COMMANDS[name].help) for name in _CONTAINER if name != "inspect"},
    "inspect": Entry("inspect:container", "Show all there is to know of containers"),
}

IMAGE_COMMANDS: dict[str, Entry] = {
    "ls": Entry("images", "List images"),
    "list": Entry("images", "List images"),
    "rm": Entry("rmi", "Remove images"),
    "remove": Entry("rmi", "Remove images"),
    "prune": Entry("prune:images", "Remove images that nobody uses"),
    "inspect": Entry("inspect:image", "Show all there is to know of images"),
    **{name: Entry(COMMANDS[name].place, COMMANDS[name].help) for name in ("history", "import", "load", "save", "tag")},
}
