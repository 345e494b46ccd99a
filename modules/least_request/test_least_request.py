# SPDX-License-Identifier: Apache-2.0
"""least_request in a real proxy."""

import threading
import time

from harness import config, pace, proxy


def conf(endpoints, balancer="least_request", workers=1):
    return "\n".join([
        config.table("[server]", {"workers": workers, "drain": "2s"}),
        config.table("[[listener]]", {"address": "127.0.0.1:0"}),
        config.table("[[route]]", {"to": "app"}),
        config.table("[upstream.app]", {"balancer": balancer, "endpoints": endpoints}),
    ])


class Held:
    """A handler that answers when it is told to."""

    def __init__(self):
        self.go = threading.Event()

    def __call__(self, exchange):
        self.go.wait(pace.PATIENCE)
        exchange.respond()


def held_requests(weir, make_origin, weights, count, balancer="least_request", workers=1):
    held = Held()
    origins = [make_origin(held) for _ in weights]
    endpoints = [{"address": origin.endpoint, "weight": weight}
                 for origin, weight in zip(origins, weights)]
    made = weir(conf(endpoints, balancer, workers), modules=["least_request"])
    clients = []
    for number in range(count):
        clients.append(made.client().request("/"))
        await_total(origins, number + 1)
    shares = [len(origin.requests) for origin in origins]
    held.go.set()
    assert all(client.response().status == 200 for client in clients)
    return shares


def await_total(origins, total):
    """Waits until that many requests have reached the origins together."""
    end = time.monotonic() + pace.PATIENCE
    while sum(len(origin.requests) for origin in origins) != total:
        assert time.monotonic() < end, f"not {total} requests at the origins"
        time.sleep(0.002)


def test_requests_in_flight_are_level(weir, make_origin):
    assert held_requests(weir, make_origin, [1, 1, 1], 9) == [3, 3, 3]


def test_requests_in_flight_follow_the_weights(weir, make_origin):
    assert held_requests(weir, make_origin, [3, 1], 8) == [6, 2]


def test_loops_count_together(weir, make_origin):
    assert held_requests(weir, make_origin, [1, 1], 12, workers=2) == [6, 6]


def test_a_slow_endpoint_gets_nothing_while_it_is_busy(weir, make_origin):
    held = Held()
    slow, quick = make_origin(held), make_origin()
    made = weir(conf([slow.endpoint, quick.endpoint]), modules=["least_request"])
    waiting = []
    for _ in range(100):
        if slow.requests:
            break
        waiting.append(made.client().request("/"))
        await_total([slow, quick], len(waiting))
    assert len(slow.requests) == 1
    for client in waiting[:-1]:
        assert client.response().status == 200
    with made.client() as client:
        for _ in range(20):
            assert client.get("/").status == 200
    assert len(slow.requests) == 1
    held.go.set()
    assert waiting[-1].response().status == 200


def test_idle_endpoints_are_all_used(weir, make_origin):
    origins = [make_origin() for _ in range(3)]
    made = weir(conf([each.endpoint for each in origins]), modules=["least_request"])
    with made.client() as client:
        for _ in range(150):
            assert client.get("/").status == 200
    assert all(len(each.requests) >= 20 for each in origins)


def test_two_of_two_drawn_are_all(weir, make_origin):
    balancer = {"least_request": {"choices": 2}}
    assert held_requests(weir, make_origin, [1, 1], 8, balancer) == [4, 4]


def test_a_dead_endpoint_is_passed_over(weir, make_origin):
    dead, alive = make_origin(), make_origin()
    dead.refuse()
    made = weir(conf([dead.endpoint, alive.endpoint]), modules=["least_request"])
    with made.client() as client:
        for _ in range(20):
            assert client.get("/").status == 200
    assert len(alive.requests) == 20


def test_too_many_choices_are_an_error_at_the_key(tmp_path):
    file = tmp_path / "weir.toml"
    file.write_text('modules = ["least_request"]\n' + conf(
        ["127.0.0.1:1", "127.0.0.1:2"], {"least_request": {"choices": 9}}))
    done = proxy.run("check", file)
    assert done.returncode == 1
    assert "choices" in done.stdout + done.stderr
