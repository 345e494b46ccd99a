# SPDX-License-Identifier: Apache-2.0
"""An origin that does what a test tells it to, and remembers every byte that reached it.

A handler gets an Exchange, one thread per connection. Whatever a handler does not do itself is done
in the plain way: an unread body is read, the connection stays open for the next request.
"""

import os
import socket
import threading

from harness import client, http1, pace


class Exchange:
    """One request at the origin and the means to answer it."""

    def __init__(self, origin, connection, request):
        self.origin = origin
        self.connection = connection
        self.request = request
        self.read = False

    def invite(self):
        """Says 100 Continue to who waits for it."""
        if (self.request.get("Expect") or "").lower() == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def parts(self):
        if self.read:
            return
        self.read = True
        self.invite()
        yield from self.connection.reader.parts(self.request)

    def body(self):
        """The whole body, from now on also in request.body."""
        self.request.body += b"".join(self.parts())
        return self.request.body

    def send(self, data):
        self.connection.sock.sendall(data)

    def respond(self, status=200, fields=(), body=b"hello\n", reason="Fine"):
        """A response with Content-Length; fields are lines such as "X-A: 1"."""
        self.body()
        lines = [f"HTTP/1.1 {status} {reason}", *fields]
        if status != 204 and status != 304:
            lines.append(f"Content-Length: {len(body)}")
        bare = self.request.method == "HEAD" or status in (204, 304)
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if bare else body))

    def close(self):
        self.connection.close()

    def reset(self):
        self.connection.reset()

    def await_end(self):
        """Waits until the peer closes; anything it still sends is passed over."""
        try:
            while self.connection.reader.fill():
                self.connection.reader.buffer.clear()
        except ConnectionResetError:
            pass


class Connection(client.Client):
    """What the origin accepted; `reader.received` holds the raw bytes."""

    def __init__(self, sock, origin):  # pylint: disable=super-init-not-called
        self.sock = sock
        self.open = True
        self.served = False  # for handlers that tell a first request from a second
        self.reader = http1.Reader(sock, keep=origin.keep)
        self.reader.on_bytes = origin.changed

    def close(self):
        self.open = False
        super().close()

    def reset(self):
        self.open = False
        super().reset()


def hello(exchange):
    exchange.respond()


class Origin:
    """Listens from the start; `handler` may be exchanged at any time."""

    def __init__(self, handler=hello, address=("127.0.0.1", 0), keep=1 << 20, raw=None):
        self.handler = handler
        self.raw = raw  # takes the Connection instead of requests one by one
        self.keep = keep
        self.connections = []
        self.requests = []
        self.faults = []  # what a handler raised, and what the peer sent wrong
        self.condition = threading.Condition()
        self.threads = []
        self.closing = False
        self.path = address if isinstance(address, str) else None
        family = socket.AF_UNIX if self.path else (
            socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        self.listening = socket.socket(family)
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listening.bind(address)
        self.listening.listen(256)
        self.port = None if self.path else self.listening.getsockname()[1]
        self.host = None if self.path else self.listening.getsockname()[0]
        self.start(self.accept)

    @property
    def endpoint(self):
        """As a config names it."""
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self):
        """As `to` names it."""
        return self.endpoint if self.path else f"http://{self.endpoint}"

    @property
    def received(self):
        """How many bytes reached this origin."""
        with self.condition:
            return sum(connection.reader.total for connection in self.connections)

    def start(self, call, *args):
        thread = threading.Thread(target=call, args=args, daemon=True)
        self.threads.append(thread)
        thread.start()

    def changed(self):
        with self.condition:
            self.condition.notify_all()

    def accept(self):
        while True:
            try:
                sock, _ = self.listening.accept()
            except OSError:
                return
            if self.closing:
                sock.close()
                return
            sock.settimeout(pace.PATIENCE * 6)
            if sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(sock, self)
            with self.condition:
                self.connections.append(connection)
                self.condition.notify_all()
            self.start(self.serve, connection)

    def serve(self, connection):
        try:
            if self.raw:
                self.raw(connection)
            while not self.raw and connection.open:
                request = connection.reader.request()
                if request is None:
                    break
                self.handle(connection, request)
        except (http1.Cut, ConnectionError):
            pass  # the proxy gave up, which tests look at from the other side
        except Exception as fault:  # pylint: disable=broad-except
            if connection.open and not self.closing:
                self.faults.append(fault)
        finally:
            connection.close()
            self.changed()

    def handle(self, connection, request):
        with self.condition:
            self.requests.append(request)
            self.condition.notify_all()
        exchange = Exchange(self, connection, request)
        self.handler(exchange)
        if connection.open:
            exchange.body()

    def wait(self, predicate, what="the origin to see it"):
        """Waits until predicate(self) holds."""
        with self.condition:
            if not self.condition.wait_for(lambda: predicate(self), pace.PATIENCE):
                raise AssertionError(f"waited in vain for {what}")

    def drained(self):
        """Waits until no peer has a connection open, so that nothing more can arrive."""
        self.wait(lambda origin: not any(c.open for c in origin.connections), "all to close")
        return self

    def refuse(self):
        """Stops listening: connecting is refused from now on."""
        self.closing = True
        try:
            self.listening.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listening.close()

    def close(self):
        self.refuse()
        for connection in self.connections:
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(pace.PATIENCE)
        if self.path and os.path.exists(self.path):
            os.unlink(self.path)
