# SPDX-License-Identifier: Apache-2.0
"""A client that sends exactly the bytes it is told to, whole or one at a time."""

import socket
import struct

from harness import http1, pace


def connect(address, timeout=None):
    """To a port of 127.0.0.1, to (host, port), or to the path of a Unix socket."""
    if isinstance(address, int):
        address = ("127.0.0.1", address)
    family = socket.AF_UNIX if isinstance(address, str) else (
        socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    sock = socket.socket(family)
    sock.settimeout(timeout or pace.PATIENCE)
    try:
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    if family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Client:
    """One connection to the proxy."""

    def __init__(self, address, timeout=None):
        self.sock = connect(address, timeout)
        self.reader = http1.Reader(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data, bytewise=False):
        """Sends what the peer takes; one that has closed meanwhile is no error here."""
        try:
            if not bytewise:
                self.sock.sendall(data)
                return
            for at in range(len(data)):
                self.sock.send(data[at : at + 1])
        except OSError:
            pass

    def request(self, target="/", *fields, method="GET", body=None, host="test", version="1.1"):
        """Sends a plain request; fields are lines such as "X-A: 1"."""
        lines = [f"{method} {target} HTTP/{version}"]
        if host is not None:
            lines.append(f"Host: {host}")
        lines += fields
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))
        return self

    def head(self, method="GET"):
        """The next head that is no interim one."""
        interim = []
        while True:
            message = self.reader.response_head(method)
            if message.status >= 200 or message.status == 101:
                message.interim = interim
                return message
            interim.append(message)

    def response(self, method="GET"):
        return self.reader.body(self.head(method))

    def get(self, target="/", *fields, **how):
        return self.request(target, *fields, **how).response(how.get("method", "GET"))

    def rest(self):
        """All bytes until the peer closes."""
        parts = [bytes(self.reader.buffer)]
        self.reader.buffer.clear()
        try:
            while part := self.sock.recv(65536):
                parts.append(part)
        except ConnectionResetError:
            pass
        return b"".join(parts)

    def ends(self):
        """Asserts that the peer closes in good order and sends nothing more."""
        left = bytes(self.reader.buffer) + self.sock.recv(65536)
        assert left == b"", f"bytes where the connection should end: {left[:200]!r}"

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        """Closes with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()
