"""Idmapped mounts: files seen with other owners than they have on the disk. mount_setattr(2), Linux 5.12.

Only who is privileged where the file system was mounted may map it, so the parent opens the tree and maps it while it
is still detached; the child puts it in its place.
"""

from __future__ import annotations

import errno
import os
import stat

from arch import kernel
from backends.errors import StepFailed
from backends.execution.options import Options
from backends.execution.steps.mount import Bind, mount_point
from backends.execution.steps.step import PARENT, Context, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.storage.shift import Owners

_WHOLE = kernel.AT_EMPTY_PATH | kernel.AT_RECURSIVE


class OpenMapped(Step):
    """owners       which ids on the disk (containerID) are which on the host (hostID); None: as the container's own
                  user namespace has them
    propagation  of the tree: what all of the host's mounts became for the container
    """

    __slots__ = ("number", "options", "owners", "propagation", "source")
    place = PARENT

    def __init__(self, number: int, source: str, options: Options, owners: Owners | None, propagation: int) -> None:
        self.number = number
        self.source = source
        self.options = options
        self.owners = owners
        self.propagation = propagation

    def describe(self) -> str:
        return f"map the owners of {self.source}{', and of what is mounted below' if self.options.mapped_below else ''}"

    def execute(self, context: Context) -> None:
        namespace = self._namespace(context)
        try:
            context.handed = self._tree(namespace)
        finally:
            os.close(namespace)

    def _namespace(self, context: Context) -> int:
        if self.owners is None:
            return os.open(f"/proc/{context.pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        from backends.storage.shift import namespace

        return namespace(self.owners)

    def _tree(self, namespace: int) -> int:
        flags = kernel.OPEN_TREE_CLONE | kernel.OPEN_TREE_CLOEXEC
        if self.options.flags & kernel.MS_REC:
            flags |= kernel.AT_RECURSIVE
        tree = kernel.open_tree(kernel.AT_FDCWD, self.source, flags)
        try:
            if self.propagation:
                kernel.mount_setattr(tree, "", _WHOLE, 0, 0, self.propagation)
            extent = _WHOLE if self.options.mapped_below else kernel.AT_EMPTY_PATH
            kernel.mount_setattr(tree, "", extent, kernel.MOUNT_ATTR_IDMAP, 0, 0, namespace)
        except OSError as error:
            os.close(tree)
            raise self._refusal(error) from error
        return tree

    def _refusal(self, error: OSError) -> OSError | StepFailed:
        if error.errno == errno.EPERM:
            hint = "it is idmapped already, or belongs to a file system that was mounted in a user namespace"
        elif error.errno == errno.EINVAL:
            hint = "the file system cannot be idmapped on this kernel: bind a folder of another one"
        else:
            return error
        return StepFailed(
            self.describe(), f"cannot {self.describe()}: {error.strerror}: {self.source}", error.errno, hint
        )

    def take(self, context: Context, descriptor: int) -> None:
        context.trees[self.number] = descriptor


class BindMapped(Bind):
    """Puts a tree of OpenMapped's in its place."""

    __slots__ = ("number",)

    def __init__(self, number: int, source: str, destination: str, options: Options) -> None:
        super().__init__(source, destination, options)
        self.number = number

    def describe(self) -> str:
        return f"{super().describe()}, with mapped owners"

    def attach(self, context: Context) -> None:
        tree = context.trees.pop(self.number)
        try:
            target = mount_point(context, self.destination, stat.S_ISDIR(os.fstat(tree).st_mode))
            try:
                flags = kernel.MOVE_MOUNT_F_EMPTY_PATH | kernel.MOVE_MOUNT_T_EMPTY_PATH
                kernel.move_mount(tree, "", target, "", flags)
            finally:
                os.close(target)
        finally:
            os.close(tree)
