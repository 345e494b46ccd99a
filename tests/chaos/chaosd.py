# SPDX-License-Identifier: Apache-2.0
"""chaosd: a TCP origin, relay or client that does what a line script says.

    python3 tests/chaos/chaosd.py --port 9001 SCRIPT         each connection runs the script
    python3 tests/chaos/chaosd.py --connect 127.0.0.1:8080 SCRIPT    one client that runs it

README.md has the words of a script. Tests use Chaosd and Peer; they need nothing but this file.
Time passes by what the other side does and by bounds, never by sleeping blindly.
"""

import argparse
import random
import select
import socket
import struct
import sys
import threading
import time
from collections import namedtuple

Step = namedtuple("Step", "verb argument")

DEADLINE = 60.0  # seconds for the other side to do what a script waits for
NUMBERS = {"read", "stall", "slow", "until-end", "garbage"}
TEXTS = {"expect", "send", "relay", "chance"}
BARE = {"rst", "fin", "half-close", "again"}


class Mistake(Exception):
    """A script that says nothing sensible, with the line."""


class Gone(Exception):
    """The other side ended while the script wanted more of it, or did nothing for too long."""


def text_of(word):
    """A text of a script as bytes; escapes are those of Python, quotes are optional."""
    if len(word) > 1 and word[0] == word[-1] == '"':
        word = word[1:-1]
    return word.encode("latin-1").decode("unicode_escape").encode("latin-1")


def parse_step(line):
    verb, _, argument = line.strip().partition(" ")
    argument = argument.strip()
    if verb in BARE and not argument:
        return Step(verb, None)
    if verb in NUMBERS and (argument.isdigit() or (verb == "garbage" and not argument)):
        return Step(verb, int(argument or 64))
    if verb == "send" and argument.isdigit():
        return Step(verb, seeded(int(argument)))
    if verb in ("send", "expect") and argument:
        return Step(verb, text_of(argument))
    if verb == "relay" and argument:
        target, _, most = argument.partition(" ")
        host, _, port = target.rpartition(":")
        return Step(verb, ((host, int(port)), int(most) if most else None))
    if verb == "chance" and argument:
        share, _, rest = argument.partition(" ")
        return Step(verb, (float(share), parse_step(rest)))
    raise Mistake(f"no step: {line!r}")


def parse(script):
    """The steps of a script, one a line; empty lines and those that begin with # are none."""
    lines = (line.strip() for line in script.splitlines())
    return [parse_step(line) for line in lines if line and not line.startswith("#")]


def seeded(size, seed=1):
    return random.Random(seed).randbytes(size)


def readable(sockets, seconds):
    """Those that can be read, or have ended; waits until there is one, or so long."""
    poll = select.poll()
    for sock in sockets:
        poll.register(sock, select.POLLIN)
    ready = {descriptor for descriptor, _ in poll.poll(max(seconds, 0) * 1000)}
    return [sock for sock in sockets if sock.fileno() in ready]


class Peer:
    """One connection. `received` keeps what came, `ended` says how the other side ended, and
    `ended_at` when (time.monotonic)."""

    def __init__(self, sock, number=0, changed=lambda: None):
        self.sock = sock
        self.number = number
        self.changed = changed
        self.received = bytearray()
        self.looked = 0  # how much of `received` the script has asked for
        self.rate = 0
        self.ended = None
        self.ended_at = None
        self.open = True
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    # ---- what the other side does

    def acts(self, seconds):
        """Waits until bytes or an end can be read; False when neither came in time."""
        return bool(readable([self.sock], seconds))

    def fill(self, seconds=DEADLINE):
        """Reads once. False at the end, however it came, and when nothing came in time."""
        if self.ended or not self.acts(seconds):
            return False
        try:
            data = self.sock.recv(65536)
        except OSError:
            data = None
        if data:
            self.received += data
        else:
            self.ended_at = time.monotonic()
            self.ended = "rst" if data is None else "fin"
        self.changed()
        return bool(data)

    def expect(self, text, seconds=DEADLINE):
        """Reads until the text came; gives everything up to its end."""
        until = time.monotonic() + seconds
        while (at := self.received.find(text, self.looked)) < 0:
            if not self.fill(until - time.monotonic()):
                raise Gone(f"no {text!r}, {self.ended or 'silence'}")
        begin, self.looked = self.looked, at + len(text)
        return bytes(self.received[begin : self.looked])

    def read(self, size, seconds=DEADLINE):
        until = time.monotonic() + seconds
        while len(self.received) - self.looked < size:
            if not self.fill(until - time.monotonic()):
                raise Gone(f"less than {size} bytes, {self.ended or 'silence'}")
        begin, self.looked = self.looked, self.looked + size
        return bytes(self.received[begin : self.looked])

    def until_end(self, seconds=DEADLINE):
        """Reads until the other side ends; how it did, or None."""
        until = time.monotonic() + seconds
        while not self.ended and time.monotonic() < until:
            self.fill(until - time.monotonic())
        return self.ended

    # ---- what this side does

    def send(self, data):
        """At the rate that was set; who ends meanwhile is noticed by the next read."""
        try:
            if not self.rate:
                return self.sock.sendall(data)
            piece = max(1, self.rate // 50)
            due = time.monotonic()
            for at in range(0, len(data), piece):
                self.sock.sendall(data[at : at + piece])
                due += piece / self.rate
                while not self.ended and (left := due - time.monotonic()) > 0:
                    self.fill(left)
        except OSError:
            self.ended = self.ended or "rst"
            self.ended_at = self.ended_at or time.monotonic()
        return None

    def half_close(self):
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def fin(self):
        """An end in good order: what was received is read first, or the system would reset."""
        self.half_close()
        self.sock.setblocking(False)
        try:
            while self.sock.recv(65536):
                pass
        except OSError:
            pass
        self.close()

    def rst(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.open = False
        self.sock.close()
        self.changed()

    def relay(self, target, most=None):
        """Passes bytes both ways until one side ends, or until `most` came back from the target."""
        with socket.create_connection(target, DEADLINE) as other:
            other.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            passed = 0
            while most is None or passed < most:
                ready = readable([self.sock, other], DEADLINE)
                if not ready:
                    raise Gone("silence on both sides of the relay")
                for source in ready:
                    data = source.recv(65536 if most is None else min(65536, most - passed))
                    if not data:
                        return
                    if source is other:
                        passed += len(data)
                        self.send(data)
                    else:
                        other.sendall(data)

    # ---- scripts

    def step(self, step):
        verb, argument = step
        if verb == "expect":
            self.expect(argument)
        elif verb == "read":
            self.read(argument)
        elif verb == "send":
            self.send(argument)
        elif verb == "garbage":
            self.send(seeded(argument, self.number))
        elif verb == "stall":
            self.acts(argument / 1000)
        elif verb == "until-end":
            self.until_end(argument / 1000)
        elif verb == "slow":
            self.rate = argument
        elif verb == "relay":
            self.relay(*argument)
        elif verb == "chance":
            share, then = argument
            if random.Random(self.number).random() * 100 < share:
                self.step(then)
        else:
            getattr(self, verb.replace("-", "_"))()

    def run(self, steps):
        """Runs a script; what is left when it ends closes by FIN."""
        steps = parse(steps) if isinstance(steps, str) else steps
        again = True
        while again and self.open:
            again = False
            for step in steps:
                if not self.open or self.ended == "rst":
                    return
                again = step.verb == "again"
                if not again:
                    self.step(step)


class Chaosd:
    """Listens from the start. Each connection runs the script: a text, or a function of Peer."""

    def __init__(self, script, host="127.0.0.1", port=0, backlog=1024):
        self.script = script if callable(script) else parse(script)
        self.peers = []
        self.mistakes = []
        self.condition = threading.Condition()
        self.listening = socket.create_server((host, port), backlog=backlog)
        self.port = self.listening.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        self.endpoint = f"{host}:{self.port}"
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def changed(self):
        with self.condition:
            self.condition.notify_all()

    def accept(self):
        while True:
            try:
                sock, _ = self.listening.accept()
            except OSError:
                return
            peer = Peer(sock, len(self.peers), self.changed)
            with self.condition:
                self.peers.append(peer)
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()
            self.changed()

    def serve(self, peer):
        try:
            self.script(peer) if callable(self.script) else peer.run(self.script)
        except (Gone, OSError):
            pass  # the proxy gave up, which tests look at from its other side
        except Exception as mistake:  # pylint: disable=broad-except
            self.mistakes.append(mistake)
        finally:
            if peer.open:
                peer.fin()

    def wait(self, predicate, seconds=DEADLINE):
        """Waits until predicate(self) holds; whether it does."""
        with self.condition:
            return self.condition.wait_for(lambda: predicate(self), seconds)

    def close(self):
        """Ends listening and all connections."""
        try:
            self.listening.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listening.close()
        for peer in self.peers:
            if peer.open:
                peer.half_close()
                try:
                    peer.sock.shutdown(socket.SHUT_RD)
                except OSError:
                    pass
        assert not self.mistakes, f"in a script of chaosd: {self.mistakes}"


def connect(address, number=0):
    """A client: (host, port) or a port of 127.0.0.1."""
    if isinstance(address, int):
        address = ("127.0.0.1", address)
    return Peer(socket.create_connection(address, DEADLINE), number)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--connect", metavar="HOST:PORT")
    parser.add_argument("script", help="a file, or - for standard input")
    options = parser.parse_args()
    with sys.stdin if options.script == "-" else open(options.script, encoding="utf-8") as file:
        script = file.read()
    if options.connect:
        host, _, port = options.connect.rpartition(":")
        peer = connect((host, int(port)))
        peer.run(script)
        sys.stdout.buffer.write(bytes(peer.received))
        return
    origin = Chaosd(script, port=options.port)
    print(f"chaosd: listening on {origin.endpoint}", flush=True)
    origin.thread.join()


if __name__ == "__main__":
    main()
