# SPDX-License-Identifier: Apache-2.0
"""Verdicts of request and response callbacks, waiting, faults, rerouting, and their ends."""

import pytest


def count(trace, line):
    return trace.lines().count(line)


def test_requests_pass_in_order_and_responses_in_reverse(chain, origin, trace):
    assert chain(origin, {}, {}, {}).get().body == b"hello\n"
    trace.await_line("c end")
    assert [line for line in trace.lines() if "end" not in line] == [
        "a request", "b request", "c request", "c response 200", "b response 200",
        "a response 200"]
    assert sorted(line for line in trace.lines() if "end" in line) == ["a end", "b end", "c end"]


@pytest.mark.parametrize("side", ["request", "response"])
def test_an_answer_takes_the_place_of_the_response(side, chain, origin, trace):
    weir = chain(origin, {}, {side: {"act": "answer"}}, {})
    with weir.client() as client:
        for _ in range(2):
            response = client.get()
            assert (response.status, response.body) == (299, b"answered")
            assert response.get("X-Answer") == "yes"
    lines = trace.await_line("b end", 2)
    assert lines.count("a response 299") == 2
    assert lines.count("c request") == (2 if side == "response" else 0)
    assert len(origin.requests) == (2 if side == "response" else 0)


@pytest.mark.parametrize("side", ["request", "response"])
@pytest.mark.parametrize("resume, status", [("next", 200), ("answer", 299), ("fail", 500)])
def test_what_waited_goes_on_as_it_is_resumed(side, resume, status, chain, origin, trace):
    weir = chain(origin, {}, {"on_fault": "closed", side: {"act": "wait", "resume": resume}}, {})
    with weir.client() as client:
        assert [client.get().status for _ in range(3)] == [status] * 3
    trace.await_line("b end", 3)
    assert count(trace, f"a response {status}") == 3


@pytest.mark.parametrize("request_side", [{"act": "wait_twice"},
                                          {"mode": "stream", "body": "wait_twice"}],
                         ids=["request", "request_body"])
def test_a_late_resume_of_the_request_does_not_end_a_wait_of_the_response(
        request_side, chain, origin, trace):
    weir = chain(origin, {"on_fault": "closed", "request": request_side,
                          "response": {"act": "wait_long"}})
    with weir.client() as client:
        for _ in range(2):
            response = client.get(method="POST", body=b"abc")
            assert (response.status, response.body) == (200, b"hello\n")
    assert trace.await_line("a end", 2).count("a timer") == 6


@pytest.mark.parametrize("side", ["request", "response"])
@pytest.mark.parametrize("act", ["fail", "wait", "lost"])
@pytest.mark.parametrize("on_fault, status", [("open", 200), ("closed", 500)])
def test_a_fault_is_treated_as_on_fault_says(side, act, on_fault, status, chain, origin, trace):
    weir = chain(origin, {}, {"on_fault": on_fault, "wait_timeout": "100ms",
                              side: {"act": act, "resume": "fail"}}, {})
    with weir.client() as client:
        assert [client.get().status for _ in range(2)] == [status] * 2
    trace.await_line("b end", 2)


@pytest.mark.parametrize("side", ["request", "response"])
def test_a_client_that_leaves_ends_what_waits(side, chain, origin, trace, raw):
    weir = chain(origin, {side: {"act": "lost"}, "timers": "2"})
    client = raw(weir.port)
    client.request()
    trace.await_line("a response 200" if side == "response" else "a request")
    client.reset()
    lines = trace.await_line("a end")
    assert lines.count("a timer gone") == 2
    assert lines[-1] == "a end"  # last of all, and nothing can be hung on it any more


def test_timers_of_an_exchange_end_with_it(chain, origin, trace):
    weir = chain(origin, {"timers": "1"})
    with weir.client() as client:
        for _ in range(3):
            assert client.get().status == 200
    lines = trace.await_line("a end", 3)
    assert lines.count("a timer gone") == 3
    assert "a timer after end" not in lines


def test_a_cancelled_timer_is_told_when_the_callback_has_returned(chain, origin, trace):
    assert chain(origin, {"timers": "3"}).get().status == 200
    lines = trace.await_line("a end")
    assert lines.count("a timer gone") == 4
    assert lines.index("a cancelled") < lines.index("a timer gone")


def test_an_upstream_that_fails_while_a_response_filter_waits(chain, make_origin, trace):
    def cut(exchange):
        exchange.send(b"HTTP/1.1 200 Fine\r\nContent-Length: 100\r\n\r\npart")
        trace.await_line("b response 200")
        exchange.close()

    weir = chain(make_origin(cut), {}, {"response": {"act": "lost"}, "wait_timeout": "5s"})
    assert weir.get().status == 502
    lines = trace.await_line("b end")
    assert lines.count("a response 502") == 1 and lines.count("b response 200") == 1


# ---- rerouting


def rerouted(chain, origin, target, first, second, listener=()):
    more = ("[[route]]\n"
            f'path = "/new/*"\nto = "http://{target.endpoint}"\nfilters = [{second}]\n')
    return chain(origin, {**first, "path": "/new/place", "request": {"act": "reroute"}},
                 listener=listener, route={"path": "/old/*"}, more=more)


def test_a_reroute_ends_the_filters_of_the_old_route(chain, make_origin, trace):
    old, new = make_origin(), make_origin()
    second = f'{{ probe = {{ tag = "n", trace = "{trace.path}" }} }}'
    weir = rerouted(chain, old, new, {}, second, listener=[{}])
    assert weir.get("/old/x").status == 200
    trace.await_line("a end")
    assert trace.lines() == ["a request", "b request", "b end", "n request", "n response 200",
                             "a response 200", "a end", "n end"]
    assert (len(old.requests), len(new.requests)) == (0, 1)
    assert new.requests[0].target == "/new/place"


def test_timers_of_a_filter_that_a_reroute_ended_are_gone(chain, make_origin, trace):
    old, new = make_origin(), make_origin()
    second = f'{{ probe = {{ tag = "n", trace = "{trace.path}" }} }}'
    weir = rerouted(chain, old, new, {"timers": "1"}, second)
    assert weir.get("/old/x").status == 200
    lines = trace.await_line("n end")
    assert lines.index("a timer gone") < lines.index("a end") < lines.index("n request")


def test_a_resume_of_a_filter_that_has_ended_wakes_nobody(chain, make_origin, trace):
    # The filter of the new route stands where the old one stood.
    old, new = make_origin(), make_origin()
    second = (f'{{ probe = {{ tag = "n", trace = "{trace.path}", wait_timeout = "300ms", '
              'on_fault = "closed", request = { act = "lost" } } }')
    more = "[[route]]\n" + f'path = "/new/*"\nto = "http://{new.endpoint}"\nfilters = [{second}]\n'
    weir = chain(old, {"path": "/new/place", "request": {"act": "stale"}},
                 route={"path": "/old/*"}, more=more)
    assert weir.get("/old/x").status == 500
    assert "a timer gone" in trace.await_line("n end")


def test_a_listener_may_stream_the_body_of_a_rerouted_request(chain, make_origin, trace):
    old, new = make_origin(), make_origin()
    second = f'{{ probe = {{ tag = "n", trace = "{trace.path}" }} }}'
    weir = rerouted(chain, old, new, {}, second,
                    listener=[{"request": {"mode": "whole", "body": "pass"}}])
    assert weir.get("/old/x", method="POST", body=b"abc").status == 200
    assert new.requests[0].body == b"abc"


def test_reroutes_that_never_end_are_500(chain, origin, trace):
    weir = chain(origin, {"request": {"act": "reroute"}})
    assert weir.get().status == 500
    lines = trace.await_line("a end", 6)
    assert lines.count("a request") == 6


# ---- what filters make of heads


@pytest.mark.parametrize("asked, made", [("HEAD", "GET"), ("GET", "HEAD"), ("POST", "PUT")])
def test_a_client_gets_the_framing_of_what_it_asked(asked, made, chain, origin):
    weir = chain(origin, {"method": made})
    body = b"abc" if asked == "POST" else None
    with weir.client() as client:
        for _ in range(2):
            response = client.get(method=asked, body=body)
            assert response.status == 200
            assert response.body == (b"hello\n" if asked == "POST" else b"")
    assert [request.method for request in origin.requests] == [made] * 2


def test_no_filter_makes_a_request_a_connect(chain, origin):
    assert chain(origin, {"method": "CONNECT"}).get().status == 200
    assert origin.requests[0].method == "GET"


@pytest.mark.parametrize("status", [204, 304, 404])
def test_a_status_that_has_no_body_ends_the_response(status, chain, make_origin):
    def long(exchange):
        exchange.respond(body=b"x" * 300_000)

    weir = chain(make_origin(long), {"status": status})
    with weir.client() as client:
        for _ in range(2):
            response = client.get()
            assert response.status == status
            assert len(response.body) == (300_000 if status == 404 else 0)


def test_an_answer_cannot_frame_itself(chain, origin, trace):
    assert chain(origin, {"request": {"act": "forge"}}).get().status == 200
    assert "a respond -5" in trace.lines()


def test_a_filter_that_takes_the_upgrade_back_gets_a_plain_response(chain, make_origin, raw):
    def switch(exchange):
        exchange.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                      b"Upgrade: websocket\r\n\r\n")
        exchange.await_end()
        exchange.close()

    client = raw(chain(make_origin(switch), {"status": 403}).port)
    client.request("/", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                   "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
    response = client.response()
    assert (response.status, response.body) == (403, b"")


def test_websockets_go_by_the_route_that_is_taken_in_the_end(chain, make_origin, trace, raw):
    def switch(exchange):
        exchange.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                      b"Upgrade: websocket\r\n\r\n")
        exchange.close()

    target = make_origin(switch)
    more = "[[route]]\n" + f'path = "/new/*"\nto = "http://{target.endpoint}"\n'
    weir = chain(target, {"path": "/new/place", "request": {"act": "reroute"}},
                 route={"path": "/old/*", "websocket": False}, more=more)
    client = raw(weir.port)
    client.request("/old/x", "Connection: Upgrade", "Upgrade: websocket",
                   "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
    assert client.head().status == 101


def test_waits_are_bounded_each_by_itself(chain, origin, trace):
    # Two at once: the end of the one must not take the deadline from the other.
    weir = chain(origin,
                 {"wait_timeout": "400ms", "on_fault": "closed",
                  "request": {"mode": "stream", "body": "lost"}},
                 {"request": {"mode": "stream", "body": "wait"}})
    response = weir.get(method="POST", body=b"abc")
    assert response.status == 500
