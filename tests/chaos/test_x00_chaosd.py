# SPDX-License-Identifier: Apache-2.0
"""chaosd itself: what its scripts say is what happens."""

import subprocess
import sys
import time

import pytest
from chaos import chaosd

HERE = chaosd.__file__


def test_steps_are_done_in_their_order():
    script = "expect ping\nsend pong\nsend 10\nread 3\nsend \"end\\r\\n\"\nfin"
    with chaosd.Chaosd(script) as origin:
        peer = chaosd.connect(origin.port)
        peer.send(b"ping")
        assert peer.expect(b"pong") + peer.read(10) == b"pong" + chaosd.seeded(10)
        peer.send(b"abc")
        assert peer.expect(b"\r\n") == b"end\r\n"
        assert peer.until_end() == "fin"


@pytest.mark.parametrize(("verb", "end"), [("rst", "rst"), ("fin", "fin"), ("half-close", "fin")])
def test_each_end_is_seen_as_what_it_is(verb, end):
    with chaosd.Chaosd(f"read 1\n{verb}") as origin:
        peer = chaosd.connect(origin.port)
        peer.send(b"a")
        assert peer.until_end() == end


def test_a_stall_ends_when_the_other_side_acts():
    with chaosd.Chaosd("stall 50000\nsend done") as origin:
        peer = chaosd.connect(origin.port)
        peer.send(b"a")
        assert peer.expect(b"done", 5) == b"done"


def test_a_slow_peer_is_slow():
    with chaosd.Chaosd("slow 1000\nsend 200") as origin:
        began = time.monotonic()
        chaosd.connect(origin.port).read(200)
        assert time.monotonic() - began > 0.15


def test_a_relay_cuts_where_it_is_told_to():
    with chaosd.Chaosd("read 2\nsend 1000\nuntil-end 9000") as origin:
        with chaosd.Chaosd(f"relay {origin.endpoint} 300\nrst") as relay:
            peer = chaosd.connect(relay.port)
            peer.send(b"go")
            assert peer.until_end() == "rst"
            assert bytes(peer.received) == chaosd.seeded(1000)[:300]


@pytest.mark.parametrize("line", ["sing", "read", "read x", "rst now", "chance 5", "expect"])
def test_a_line_that_is_no_step_is_refused(line):
    with pytest.raises((chaosd.Mistake, ValueError)):
        chaosd.parse(f"# a comment\n\n{line}")


def test_the_command_listens_and_connects(tmp_path):
    script = tmp_path / "origin"
    script.write_text("expect \\n\nsend hello\nfin")
    with subprocess.Popen([sys.executable, HERE, script], stdout=subprocess.PIPE,
                          text=True) as origin:
        try:
            endpoint = origin.stdout.readline().split()[-1]
            said = subprocess.run([sys.executable, HERE, "--connect", endpoint, "-"], text=True,
                                  input="send hi\\n\nuntil-end 9000\n", capture_output=True,
                                  check=True)
            assert said.stdout == "hello"
        finally:
            origin.kill()
