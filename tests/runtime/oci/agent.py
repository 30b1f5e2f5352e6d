"""A seccomp agent for the tests: takes the listener over from the runtime, and answers every call in one way."""

from __future__ import annotations

import array
import ctypes
import json
import os
import socket
import struct
import threading
from fcntl import ioctl
from typing import Any

from arch.ioctls import iowr

_RECEIVE, _SEND = iowr(ord("!"), 0, 80), iowr(ord("!"), 1, 24)  # SECCOMP_IOCTL_NOTIF_RECV and _SEND
_REQUEST, _HEAD = 80, "=QIIi"
_CONTINUE = 1


class Agent:
    """`told` are the states that it was sent, `calls` the numbers of calls that it answered: with `errno`, or by
    letting them happen."""

    def __init__(self, path: str, errno: int = 0) -> None:
        self.path = path
        self.errno = errno
        self.told: list[dict[str, Any]] = []
        self.calls: list[int] = []
        self._heard = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(path)
        self._socket.listen(8)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def hear(self, count: int) -> list[dict[str, Any]]:
        """What it was told, once that are so many."""
        with self._heard:
            assert self._heard.wait_for(lambda: len(self.told) >= count, 10), self.told
        return self.told

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive(), "a container is left that waits for answers"
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                data, rights, _, _ = connection.recvmsg(1 << 16, socket.CMSG_SPACE(4 * 8))
                while True:
                    more = connection.recv(1 << 16)
                    if not more:
                        break
                    data += more
            descriptors = array.array("i")
            for _, _, content in rights:
                descriptors.frombytes(content)
            with self._heard:
                self.told.append(json.loads(data))
                self._heard.notify_all()
            for descriptor in descriptors:
                thread = threading.Thread(target=self._answer, args=(descriptor,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _answer(self, listener: int) -> None:
        """Until all whom the filter is for have ended."""
        while True:
            request = ctypes.create_string_buffer(_REQUEST)
            try:
                ioctl(listener, _RECEIVE, request)
            except InterruptedError:
                continue
            except OSError:  # ENOENT: the call was interrupted, or nobody is left
                if self._nobody(listener):
                    break
                continue
            identifier, _, _, number = struct.unpack_from(_HEAD, request.raw)
            self.calls.append(number)
            flags = 0 if self.errno else _CONTINUE
            try:
                ioctl(listener, _SEND, bytearray(struct.pack("=QqiI", identifier, 0, -self.errno, flags)))
            except OSError:
                continue
        os.close(listener)

    def _nobody(self, listener: int) -> bool:
        import select

        poll = select.poll()
        poll.register(listener, select.POLLIN)
        return any(event & select.POLLHUP for _, event in poll.poll(1000))
