# SPDX-License-Identifier: Apache-2.0
"""A strict HTTP/1.1 reader of our own, used on both sides of the proxy.

It shares no code with the proxy: what the proxy writes must satisfy a second opinion. Anything off
the grammar raises Malformed, an end before the message is whole raises Cut.
"""

import dataclasses
import re

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP/1\.([01])\Z")
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)\Z")


class Malformed(AssertionError):
    """The peer broke the grammar."""


class Cut(AssertionError):
    """The peer closed before the message was whole."""


class Fields(list):
    """Field lines in order, as (name, value) texts."""

    def all(self, name):
        return [value for key, value in self if key.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        if len(values) > 1:
            raise AssertionError(f"{name} stands there {len(values)} times: {values}")
        return values[0] if values else default

    def has(self, name):
        return bool(self.all(name))


@dataclasses.dataclass
class Message:
    """The head of a request or response, and its body once that was read."""

    version: int  # the minor one
    fields: Fields
    method: str = ""
    target: str = ""
    status: int = 0
    reason: str = ""
    body: bytes = b""
    trailers: Fields = dataclasses.field(default_factory=Fields)
    interim: list = dataclasses.field(default_factory=list)
    framing: tuple = ("none", 0)

    def get(self, name, default=None):
        return self.fields.get(name, default)

    def all(self, name):
        return self.fields.all(name)


def field_of(line):
    name, colon, value = line.partition(b":")
    value = value.strip(b" \t")
    if not colon or not TOKEN.match(name) or not VALUE.match(value):
        raise Malformed(f"no field line: {line!r}")
    return name.decode("latin-1"), value.decode("latin-1")


def framing_of(message, method=""):
    """What the head says of the body: ("none" | "length" | "chunked" | "close", length)."""
    is_request = bool(message.method)
    lengths = message.all("Content-Length")
    codings = message.all("Transfer-Encoding")
    if len(lengths) + len(codings) > 1:
        raise Malformed(f"more than one framing: {lengths} {codings}")
    if lengths and not re.fullmatch(r"[0-9]{1,19}", lengths[0]):
        raise Malformed(f"Content-Length: {lengths[0]!r}")
    if codings and codings[0].lower() != "chunked":
        raise Malformed(f"Transfer-Encoding: {codings[0]!r}")
    status = message.status
    if not is_request and (method == "HEAD" or status < 200 or status in (204, 304)):
        if codings and (status < 200 or status == 204):
            raise Malformed(f"Transfer-Encoding in a {status}")
        return "none", 0
    if codings:
        return "chunked", 0
    if lengths:
        return "length", int(lengths[0])
    return ("none", 0) if is_request else ("close", 0)


class Reader:
    """Messages from a socket. `received` keeps the first `keep` bytes, `total` counts all."""

    def __init__(self, sock, keep=1 << 20):
        self.sock = sock
        self.received = bytearray()
        self.total = 0
        self.keep = keep
        self.buffer = bytearray()
        self.on_bytes = None

    def fill(self, most=65536):
        """Reads once; False at the end of what the peer sends."""
        data = self.sock.recv(most)
        if not data:
            return False
        self.total += len(data)
        if len(self.received) < self.keep:
            self.received += data[: self.keep - len(self.received)]
        self.buffer += data
        if self.on_bytes:
            self.on_bytes()
        return True

    def need(self):
        if not self.fill():
            raise Cut(f"closed after {bytes(self.buffer[-80:])!r}, {self.total} bytes in all")

    def line(self):
        while True:
            end = self.buffer.find(b"\n")
            if end >= 0:
                break
            self.need()
        line = bytes(self.buffer[: end + 1])
        del self.buffer[: end + 1]
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
            raise Malformed(f"no line of a head: {line!r}")
        return line[:-2]

    def field_lines(self):
        fields = Fields()
        while line := self.line():
            fields.append(field_of(line))
        return fields

    def request(self):
        """The next head; None when the peer ended in between."""
        while not self.buffer:
            if not self.fill():
                return None
        line = self.line()
        match = REQUEST_LINE.match(line)
        if not match:
            raise Malformed(f"no request line: {line!r}")
        method, target, minor = match.groups()
        message = Message(int(minor), self.field_lines(), method.decode(), target.decode())
        message.framing = framing_of(message)
        return message

    def response_head(self, method="GET"):
        line = self.line()
        match = STATUS_LINE.match(line)
        if not match:
            raise Malformed(f"no status line: {line!r}")
        minor, status, reason = match.groups()
        message = Message(int(minor), self.field_lines(), status=int(status),
                          reason=reason.decode("latin-1"))
        message.framing = framing_of(message, method)
        return message

    def exactly(self, size):
        while size:
            if not self.buffer:
                self.need()
            part = bytes(self.buffer[:size])
            del self.buffer[: len(part)]
            size -= len(part)
            yield part

    def chunks(self, message):
        while True:
            size = self.line()
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", size):
                raise Malformed(f"chunk size {size!r}")
            if int(size, 16) == 0:
                message.trailers = self.field_lines()
                return
            yield from self.exactly(int(size, 16))
            if self.line():
                raise Malformed("chunk data is not followed by CRLF")

    def until_close(self):
        while True:
            if self.buffer:
                yield bytes(self.buffer)
                self.buffer.clear()
            if not self.fill():
                return

    def parts(self, message):
        """The body, piece by piece."""
        kind, length = message.framing
        if kind == "chunked":
            yield from self.chunks(message)
        elif kind == "length":
            yield from self.exactly(length)
        elif kind == "close":
            yield from self.until_close()

    def body(self, message):
        message.body += b"".join(self.parts(message))
        return message
