# SPDX-License-Identifier: Apache-2.0
"""round_robin in a real proxy."""

from harness import config


def proxy(weir, endpoints, workers=1):
    return weir("\n".join([
        config.table("[server]", {"workers": workers, "drain": "2s"}),
        config.table("[[listener]]", {"address": "127.0.0.1:0"}),
        config.table("[[route]]", {"to": "app"}),
        config.table("[upstream.app]", {"balancer": "round_robin", "endpoints": endpoints}),
    ]), modules=["round_robin"])


def weighted(origin, weight):
    return {"address": origin.endpoint, "weight": weight}


def ask(made, count):
    with made.client() as client:
        for _ in range(count):
            assert client.get("/").status == 200


def shares(origins):
    return [len(origin.requests) for origin in origins]


def test_equal_endpoints_get_equal_shares(weir, make_origin):
    origins = [make_origin() for _ in range(3)]
    ask(proxy(weir, [each.endpoint for each in origins]), 300)
    assert shares(origins) == [100, 100, 100]


def test_shares_follow_the_weights(weir, make_origin):
    origins = [make_origin() for _ in range(3)]
    made = proxy(weir, [weighted(each, weight) for each, weight in zip(origins, (5, 3, 2))])
    ask(made, 500)
    assert shares(origins) == [250, 150, 100]


def test_shares_hold_within_one_percent_over_several_loops(weir, make_origin):
    origins = [make_origin() for _ in range(3)]
    made = proxy(weir, [weighted(each, weight) for each, weight in zip(origins, (2, 1, 1))],
                 workers=2)
    for _ in range(30):
        ask(made, 20)
    for share, part in zip(shares(origins), (0.5, 0.25, 0.25)):
        assert abs(share - 600 * part) <= 6


def test_requests_are_spread_and_not_bunched(weir, make_origin):
    order = []
    origins = []
    for name in "ab":
        def handler(exchange, name=name):
            order.append(name)
            exchange.respond()
        origins.append(make_origin(handler))
    ask(proxy(weir, [weighted(origins[0], 3), weighted(origins[1], 1)]), 40)
    assert "bb" not in "".join(order)
    assert "aaaa" not in "".join(order)


def test_a_dead_endpoint_is_passed_over(weir, make_origin):
    origins = [make_origin() for _ in range(3)]
    origins[1].refuse()
    ask(proxy(weir, [each.endpoint for each in origins]), 60)
    assert shares(origins)[1] == 0
    assert min(shares(origins)[0], shares(origins)[2]) >= 20


def test_it_is_what_several_endpoints_take_when_nothing_is_said(weir, make_origin):
    origins = [make_origin() for _ in range(2)]
    made = weir("\n".join([
        config.table("[server]", {"workers": 1, "drain": "2s"}),
        config.table("[[listener]]", {"address": "127.0.0.1:0"}),
        config.table("[[route]]", {"to": "app"}),
        config.table("[upstream.app]", {"endpoints": [each.endpoint for each in origins]}),
    ]), modules=["round_robin"])
    ask(made, 20)
    assert shares(origins) == [10, 10]
