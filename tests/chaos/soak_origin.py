# SPDX-License-Identifier: Apache-2.0
"""The origin of soak.py, in a process of its own: soak_origin.py PERCENT prints its port, and when
standard input says anything, how often each request came."""

import collections
import json
import pathlib
import random
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from chaos import chaosd

from harness import http1, stream

SWITCH = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          b"Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n")


class Broken(Exception):
    """This answer ends here, on purpose."""


class Origin:
    def __init__(self, percent):
        self.share = percent / 100
        self.seen = collections.Counter()
        self.lock = threading.Lock()
        self.chance = random.Random(1)

    def draws(self):
        with self.lock:
            return self.chance.random(), self.chance.choice(("rst", "fin", "garbage"))

    def serve(self, peer):
        reader = http1.Reader(peer.sock, keep=0)
        try:
            while (request := reader.request()) is not None:
                _, kind, mark, *more = request.target.split("/")
                with self.lock:
                    self.seen[mark] += 1
                getattr(self, kind)(peer, reader, request, mark, *more)
        except http1.Cut:
            peer.rst()
        except Broken:
            pass

    def send(self, peer, parts):
        """The answer, or a share of them only to a point, and then an end."""
        drawn, end = self.draws()
        fails_in = int(drawn / self.share * 4) if drawn < self.share else None
        for number, part in enumerate(parts):
            if number == fails_in:
                peer.send(b"\0garbage" if end == "garbage" else part[: len(part) // 2])
                peer.rst() if end == "rst" else peer.fin()
                raise Broken
            peer.send(part)
            if peer.ended:
                raise Broken

    def get(self, peer, reader, request, mark, size, framing):
        parts = stream.pieces(int(size), mark.encode())
        if framing == "chunked":
            head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            parts = stream.chunked(parts)
        else:
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % int(size)
        self.send(peer, (part for each in ([head], parts) for part in each))

    def post(self, peer, reader, request, mark):
        digest, _ = stream.digest(reader.parts(request))
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(digest)
        self.send(peer, (head, digest.encode()))

    def tunnel(self, peer, reader, request, mark):
        peer.send(SWITCH)
        while reader.buffer or reader.fill():
            peer.send(bytes(reader.buffer))
            reader.buffer.clear()
        raise Broken


def main(percent):
    origin = Origin(float(percent))
    with chaosd.Chaosd(origin.serve) as listening:
        print(listening.port, flush=True)
        sys.stdin.readline()
        with origin.lock:
            print(json.dumps(origin.seen), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
