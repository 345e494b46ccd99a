# SPDX-License-Identifier: Apache-2.0
"""Load generator and origin, compiled with the warnings of the tree and tried on each other."""

import json
import pathlib
import subprocess

import pytest

from bench import build

CLOCKS = ("proxy_ns", "load_ns", "machine_ns")


@pytest.mark.skipif(not pathlib.Path("/usr/include/openssl/ssl.h").exists(), reason="no libssl-dev")
@pytest.mark.timeout(120)
def test_load_generator_and_origin_understand_each_other():
    build.programs()
    origin = subprocess.Popen([build.program("origin"), "0"], stdout=subprocess.PIPE, text=True)
    port = origin.stdout.readline().strip()

    def load(*arguments, **how):
        done = subprocess.run(
            [build.program("load"), "--port", port, "--connections", "4", "--warm", "0.02",
             "--time", "0.1", "--proxy", str(origin.pid), *arguments], capture_output=True,
            text=True, check=True, timeout=20, **how)
        return json.loads(done.stdout.splitlines()[-1])

    try:
        for arguments, size in (((), 1024), (("--path", "/s/100000"), 100000),
                                (("--path", "/json"), 65536), (("--post", "100000"), 1024),
                                (("--close",), 1024), (("--mode", "websocket"), 130)):
            seen = load(*arguments)
            assert seen["requests"] > 0 and seen["errors"] == 0, (arguments, seen)
            each = seen["bytes"] / seen["requests"]
            assert size * 0.5 < each < size * 2 + 400, (arguments, seen)
            assert all(seen[clock] >= 0 for clock in CLOCKS) and seen["proxy_ns"] > 0
            assert 0 < seen["p50_us"] <= seen["p99_us"] <= seen["p999_us"] * 1.01
        at_rate = load("--rate", "200")
        assert 5 <= at_rate["requests"] <= 40 and at_rate["errors"] == 0
        assert load("--mode", "idle", stdin=subprocess.DEVNULL)["held"] == 4
    finally:
        origin.kill()
        origin.wait()
        origin.stdout.close()
    assert load_refuses("--nonsense") and load_refuses("--port")


@pytest.mark.parametrize("name", ["floor", "floor_uring"])
@pytest.mark.timeout(120)
def test_a_bare_relay_relays_what_it_is_measured_with(name):
    if not pathlib.Path(build.OPTIONAL.get(name, "/")).exists():
        pytest.skip("no liburing-dev")
    build.programs()
    origin = subprocess.Popen([build.program("origin"), "0"], stdout=subprocess.PIPE, text=True)
    behind = origin.stdout.readline().strip()
    relay = subprocess.Popen([build.program(name), "0", behind]
                             + ["65536"] * (name == "floor_uring"),
                             stdout=subprocess.PIPE, text=True)
    port = relay.stdout.readline().strip()
    try:
        for arguments, size in (((), 1024), (("--path", "/s/65536"), 65536),
                                (("--path", "/s/1048576"), 1048576), (("--close",), 1024),
                                (("--mode", "websocket"), 130)):
            done = subprocess.run(
                [build.program("load"), "--port", port, "--connections", "4", "--warm", "0.05",
                 "--time", "0.3", *arguments], capture_output=True, text=True, check=True,
                timeout=20)
            seen = json.loads(done.stdout.splitlines()[-1])
            assert seen["requests"] > 0 and seen["errors"] == 0, (arguments, seen)
            assert seen["bytes"] / seen["requests"] > size * 0.5, (arguments, seen)
    finally:
        for process in (relay, origin):
            process.kill()
            process.wait()
            process.stdout.close()


def load_refuses(*arguments):
    done = subprocess.run([build.program("load"), *arguments], capture_output=True, check=False)
    return done.returncode == 2 and done.stderr.startswith(b"load: ")
