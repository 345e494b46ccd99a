# SPDX-License-Identifier: Apache-2.0
"""Endpoints that are down, and the way to the next one."""

import pytest

from harness import config

pytestmark = pytest.mark.threads  # names are resolved, and endpoints replaced, by others


@pytest.fixture
def dead(make_origin):
    """The address of an endpoint where nothing listens any more."""
    origin = make_origin()
    origin.refuse()
    return origin


def test_an_endpoint_that_refuses_is_502(weir_to, dead):
    weir = weir_to(dead)
    with weir.client() as client:
        assert [client.get().status for _ in range(3)] == [502] * 3


def test_a_name_that_does_not_resolve_is_no_reason_not_to_start(weir_to):
    weir = weir_to("http://no-such-host.invalid:80")
    assert weir.get().status in (502, 503)
    assert not weir.process.poll()


def test_a_name_is_resolved(weir_to, origin):
    weir = weir_to(f"http://localhost:{origin.port}")
    assert weir.get().status == 200


def test_refused_means_the_next_endpoint(weir_to, dead, origin):
    weir = weir_to(origin, modules=["round_robin"],
                   upstream={"endpoints": [dead.endpoint, origin.endpoint]})
    assert [weir.get().status for _ in range(6)] == [200] * 6


def test_a_post_goes_to_the_next_endpoint_too_since_nothing_was_sent(weir_to, dead, origin):
    weir = weir_to(origin, modules=["round_robin"],
                   upstream={"endpoints": [dead.endpoint, origin.endpoint]})
    for _ in range(4):
        assert weir.get(method="POST", body=b"once").status == 200
    assert [request.body for request in origin.requests] == [b"once"] * 4


def test_all_endpoints_refuse(weir_to, dead, make_origin):
    other = make_origin()
    other.refuse()
    weir = weir_to(dead, modules=["round_robin"],
                   upstream={"endpoints": [dead.endpoint, other.endpoint]})
    assert weir.get().status == 502


def test_an_endpoint_that_came_back_is_used(weir_to, make_origin):
    down = make_origin()
    weir = weir_to(down)
    assert weir.get().status == 200
    down.refuse()
    down.close()
    assert weir.get().status == 502
    back = make_origin(address=("127.0.0.1", down.port))
    assert weir.get().status == 200
    assert len(back.requests) == 1


def test_requests_are_shared_by_weight(weir_to, make_origin):
    one, two = make_origin(), make_origin()
    weir = weir_to(one, modules=["round_robin"], upstream={"endpoints": [
        {"address": one.endpoint, "weight": 3}, two.endpoint]})
    for _ in range(40):
        assert weir.get().status == 200
    assert (len(one.requests), len(two.requests)) == (30, 10)


def test_the_shortest_file_is_four_lines(weir, origin):
    text = ('[[listener]]\naddress = "127.0.0.1:0"\n\n'
            f'[[route]]\nto = "{origin.url}"\n')
    assert weir(text).get("/short").status == 200
    assert len([line for line in text.splitlines() if line]) == 4


def test_config_writes_toml():
    assert config.toml({"a": ["b", 1, True]}) == '{ "a" = ["b", 1, true] }'
