# SPDX-License-Identifier: Apache-2.0
"""What an exchange costs in instructions of user space, counted by callgrind: no clock, no noise.

The counts below are the regression baseline. Growth of more than 3 % fails; so does a fall, since
the baseline then has to follow, or the next growth would hide below it.
"""

import re
import shutil

import pytest

from harness import pace

REQUESTS = 1000
BODY = b"a" * 1024
FIELDS = ["User-Agent: weir", "Accept: */*"]
BASELINE = {"plain": 17_790, "header edits": 25_250}

# One set of string functions on every machine.
SAME_LIBC = "glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM"
EDITS = {"headers": {"request": {"set": {f"X-Req-{i}": f"value {i}" for i in range(5)}},
                     "response": {"set": {f"X-Resp-{i}": f"value {i}" for i in range(5)}}}}

pytestmark = [
    pytest.mark.skipif(pace.BUILD.name != "release", reason="counts are those of a release build"),
    pytest.mark.skipif(shutil.which("valgrind") is None, reason="no valgrind"),
    pytest.mark.timeout(120),
]


def origin_of(exchange):
    exchange.body()
    exchange.respond(fields=["Content-Type: text/plain", 'ETag: "abc"'], body=BODY)


@pytest.fixture
def counted(weir_to, make_origin, tmp_path):
    """counted(requests, host, **conf): the instructions of a process from its start to its end."""
    origin = make_origin(origin_of)

    def run(requests, host="test", routes=0, **conf):
        # Few upstreams: each is looked after once a second, at a price that grows with the time
        # that a run takes and not with its requests.
        conf["more"] = "".join(
            f'[upstream.u{i}]\nendpoints = ["{origin.url.removeprefix("http://")}"]\n'
            for i in range(min(routes, 10))) + "".join(
            f'[[route]]\nhost = "h{i:04}.test"\nto = "u{i % 10}"\n' for i in range(routes))
        out = tmp_path / f"callgrind.{requests}"
        weir = weir_to(origin, limits={"requests": 100_000}, env={"GLIBC_TUNABLES": SAME_LIBC},
                       under=("valgrind", "--quiet", "--tool=callgrind",
                              f"--callgrind-out-file={out}"), **conf)
        with weir.client() as client:
            for _ in range(requests):
                assert client.get("/s/1024", *FIELDS, host=host).body == BODY
        weir.stop()
        return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1])

    return run


def per_request(counted, requests=REQUESTS, **how):
    return (counted(200 + requests, **how) - counted(200, **how)) / requests


@pytest.mark.parametrize("name, conf", [
    ("plain", {}),
    ("header edits", {"modules": ["headers"], "route": {"filters": [EDITS]}}),
])
def test_an_exchange_costs_no_more_than_it_did(name, conf, counted):
    """A kept-alive GET of 1 KiB, from its first byte to its last, with start and end left out."""
    cost = per_request(counted, **conf)
    assert abs(cost / BASELINE[name] - 1) < 0.03, f"{name}: {cost:.0f} instructions a request"


@pytest.mark.timeout(300)
def test_a_route_among_five_thousand_costs_what_one_of_ten_does(counted):
    # A start with 5,000 routes differs from the next by what some requests cost: there are many.
    few, many = (per_request(counted, 4000, routes=n, host=f"h{n - 3:04}.test") for n in (10, 5000))
    assert many / few < 1.02, f"{few:.0f} and {many:.0f} instructions a request"
