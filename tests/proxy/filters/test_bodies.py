# SPDX-License-Identifier: Apache-2.0
"""Body modes and what body callbacks return, on both sides."""

import threading

import pytest

SIDES = ["request", "response"]
MODES = ["stream", "peek", "whole"]
CHUNKED = b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n"


def echo(exchange):
    exchange.respond(body=exchange.body())


def chunked(exchange):
    """An echo whose length is not known."""
    body = exchange.body()
    pieces = [body[at : at + 10_000] for at in range(0, len(body), 10_000)]
    exchange.send(CHUNKED + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n")


def post(client, body, *fields, as_chunks=False):
    if not as_chunks:
        return client.get("/", *fields, method="POST", body=body)
    client.request("/", *fields, "Transfer-Encoding: chunked", method="POST")
    for at in range(0, len(body), 7_000):
        piece = body[at : at + 7_000]
        client.send(b"%x\r\n%s\r\n" % (len(piece), piece))
    client.send(b"0\r\n\r\n")
    return client.response()


@pytest.fixture(params=[False, True], ids=["length", "chunks"])
def as_chunks(request):
    return request.param


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [0, 1, 5, 6, 100_000])
def test_every_mode_passes_every_body(side, mode, size, as_chunks, chain, make_origin, trace):
    body = bytes(range(97, 97 + 20)) * (size // 20 + 1)
    body = body[:size]
    weir = chain(make_origin(chunked if as_chunks else echo), {},
                 {side: {"mode": mode, "limit": "5B"}}, {})
    with weir.client() as client:
        for _ in range(3):
            response = post(client, body, as_chunks=as_chunks)
            assert (response.status, response.body) == (200, body)
    lines = trace.await_line("b end", 3)
    calls = [line for line in lines if line.startswith(f"b {side}_body")]
    assert len(calls) >= 3
    if mode != "stream":
        assert len(calls) == 3
        # The head is held until then.
        order = [line for line in lines if line == f"{'c' if side == 'request' else 'a'} {side}"
                 or line.startswith(f"b {side}_body")]
        assert all("body" in line for line in order[::2]) or side == "response"
    if mode == "whole":
        assert all(("over" in line) == (size > 5) for line in calls)


@pytest.mark.parametrize("side", SIDES)
def test_a_filter_that_peeks_sees_the_first_bytes(side, chain, make_origin, trace):
    body = b"x" * 200_000
    weir = chain(make_origin(echo), {side: {"mode": "peek", "limit": "1000B"}})
    assert post(weir.client(), body).body == body
    [call] = [line for line in trace.await_line("a end") if "_body" in line]
    assert int(call.split()[2]) >= 1000


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("body", [b"", b"abc", b"abc" * 100_000], ids=["none", "little", "much"])
def test_bodies_are_changed_on_their_way(side, mode, body, as_chunks, chain, make_origin):
    if mode == "peek" and body:
        pytest.skip("what is not seen is not changed")
    weir = chain(make_origin(chunked if as_chunks else echo),
                 {side: {"mode": mode, "body": "upper", "limit": "512KiB"}},
                 {side: {"mode": mode, "body": "upper", "limit": "512KiB"}})
    with weir.client() as client:
        for _ in range(2):
            if mode == "whole" and len(body) > 70_000:
                response = post(client, body, as_chunks=as_chunks)
                assert response.body.lower() == body  # it has room for a part, the rest passes
            else:
                assert post(client, body, as_chunks=as_chunks).body == body.upper()


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("body", [b"abc", b"abc" * 200_000], ids=["little", "much"])
def test_a_stream_may_grow_when_it_says_so(side, body, as_chunks, chain, make_origin):
    double = {side: {"mode": "stream", "body": "double", "lengths": True}}
    weir = chain(make_origin(chunked if as_chunks else echo), double, double)
    with weir.client() as client:
        for _ in range(2):
            response = post(client, body, as_chunks=as_chunks)
            assert len(response.body) == len(body) * 4
            assert response.body == b"".join(bytes([c]) * 4 for c in body.upper())


@pytest.mark.parametrize("body", ["drop", "double", "replace"])
def test_a_request_whose_length_a_filter_changed_in_silence_is_not_sent_on(
        body, chain, make_origin):
    origin = make_origin(echo)
    weir = chain(origin, {"request": {"mode": "stream", "body": body}})
    with weir.client() as client:
        assert post(client, b"abc" * 1000).status == 500
    origin.drained()
    assert all(not request.body for request in origin.requests)


def test_a_body_made_up_for_a_request_without_one_is_not_sent_on(chain, make_origin):
    origin = make_origin(echo)
    weir = chain(origin, {"request": {"mode": "stream", "body": "replace"}})
    assert weir.get().status == 500
    assert b"replaced" not in b"".join(bytes(c.reader.received) for c in origin.connections)


@pytest.mark.parametrize("body", ["drop", "double", "replace"])
def test_a_response_whose_length_a_filter_changed_in_silence_is_cut(body, chain, make_origin, raw):
    weir = chain(make_origin(echo), {"response": {"mode": "stream", "body": body}})
    client = raw(weir.port)
    client.request(method="POST", body=b"abc" * 1000)
    head = client.head()
    assert int(head.get("Content-Length")) == 3000
    rest = client.rest()
    assert len(rest) < 3000


@pytest.mark.parametrize("side", SIDES)
def test_a_whole_body_is_replaced(side, as_chunks, chain, make_origin):
    weir = chain(make_origin(chunked if as_chunks else echo),
                 {side: {"mode": "whole", "body": "replace"}}, {side: {"mode": "stream"}})
    with weir.client() as client:
        for body in (b"", b"abc" * 1000):
            assert post(client, body, as_chunks=as_chunks).body == b"replaced"


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("resume, status", [("next", 200), ("answer", 299), ("fail", 500)])
def test_a_body_callback_waits(side, mode, resume, status, as_chunks, chain, make_origin, trace):
    weir = chain(make_origin(chunked if as_chunks else echo), {},
                 {"on_fault": "closed",
                  side: {"mode": mode, "body": "wait", "resume": resume, "limit": "64KiB"}})
    with weir.client() as client:
        for body in (b"abc", b"abc" * 10_000):
            if side == "response" and mode == "stream" and status != 200:
                # Its head is with the client.
                client.request(method="POST", body=body)
                assert client.head().status == 200
                assert len(client.rest()) < len(body)
                break
            response = post(client, body, as_chunks=as_chunks)
            assert response.status == status
            assert status != 200 or response.body == body
            assert status != 299 or response.body == b"answered later"
    trace.await_line("b end")


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("act", ["fail", "lost"])
@pytest.mark.parametrize("on_fault", ["open", "closed"])
def test_a_fault_in_a_body_callback_is_treated_as_on_fault_says(
        side, mode, act, on_fault, as_chunks, chain, make_origin, raw):
    weir = chain(make_origin(chunked if as_chunks else echo),
                 {"on_fault": on_fault, "wait_timeout": "300ms",
                  side: {"mode": mode, "body": act, "limit": "64KiB"}}, {})
    body = b"abc" * 10_000
    client = raw(weir.port)
    if on_fault == "open":
        for _ in range(2):
            response = post(client, body, as_chunks=as_chunks)
            assert (response.status, response.body) == (200, body)
    elif side == "response" and mode == "stream":
        client.request(method="POST", body=body)
        assert client.head().status == 200
        assert len(client.rest()) < len(body)
    else:
        for _ in range(2):
            assert post(client, body, as_chunks=as_chunks).status == 500


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("mode", MODES)
def test_an_answer_out_of_a_body_callback(side, mode, as_chunks, chain, make_origin, raw, trace):
    weir = chain(make_origin(chunked if as_chunks else echo), {},
                 {"on_fault": "closed", side: {"mode": mode, "body": "answer"}}, {})
    client = raw(weir.port)
    if side == "response" and mode == "stream":
        client.request(method="POST", body=b"abc")
        assert client.head().status == 200
        client.rest()  # too late, so it is a fault
        return
    for _ in range(2):
        response = post(client, b"abc", as_chunks=as_chunks)
        assert (response.status, response.body) == (299, b"answered")
    lines = trace.await_line("b end", 2)
    assert lines.count("a response 299") == 2


def test_a_filter_that_answers_gets_no_body_it_had_asked_for(chain, origin, trace):
    weir = chain(origin, {"request": {"mode": "whole", "act": "answer"}})
    with weir.client() as client:
        for _ in range(2):
            assert client.get().status == 299
            assert post(client, b"abc").status == 299
    lines = trace.await_line("a end", 4)
    assert not [line for line in lines if "_body" in line]
    assert origin.received == 0


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("mode", MODES)
def test_a_filter_that_waits_gets_the_body_after_that(side, mode, chain, make_origin, trace):
    weir = chain(make_origin(echo), {side: {"mode": mode, "act": "wait"}}, {})
    with weir.client() as client:
        for body in (b"", b"abc" * 1000):
            assert post(client, body).body == body
    lines = trace.await_line("a end", 2)
    first = [line for line in lines if line.startswith("a ") and "gone" not in line]
    other = "request" if side == "request" else "response 200"
    at = first.index(f"a {other}")
    assert first[at + 1] == "a timer" and first[at + 2].startswith(f"a {side}_body")
    if mode == "whole" and side == "request":
        assert lines.index("b request") > lines.index(first[at + 2])


@pytest.mark.parametrize("side", SIDES)
def test_who_asks_twice_gets_what_it_asked_for_last(side, chain, make_origin, trace):
    weir = chain(make_origin(echo), {side: {"mode": "whole", "twice": True}}, {})
    assert post(weir.client(), b"abc").body == b"abc"
    calls = [line for line in trace.await_line("a end") if f"a {side}_body" in line]
    assert calls == [f"a {side}_body 3 last"]


@pytest.mark.parametrize("side", SIDES)
def test_a_body_callback_cannot_ask_for_the_body(side, chain, make_origin, trace):
    weir = chain(make_origin(echo), {side: {"mode": "stream", "body": "want"}})
    assert post(weir.client(), b"abc").body == b"abc"
    assert "a want -4" in trace.await_line("a end")


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("filters", [1, 3])
@pytest.mark.parametrize("size", [10_001, 30_000, 500_000])
def test_who_wants_more_room_than_is_left_goes_on_when_there_is(
        side, filters, size, as_chunks, chain, make_origin):
    body = b"abcde" * (size // 5) + b"x" * (size % 5)
    picky = {"on_fault": "closed", side: {"mode": "stream", "body": "wants_room"}}
    weir = chain(make_origin(chunked if as_chunks else echo), *[picky] * filters)
    with weir.client() as client:
        for _ in range(2):
            response = post(client, body, as_chunks=as_chunks)
            assert (response.status, response.body) == (200, body)


@pytest.mark.parametrize("side", SIDES)
def test_a_filter_that_keeps_all_it_gets_is_at_fault(side, chain, make_origin, raw):
    # It would hold the exchange for ever: with a full queue nothing more can come.
    weir = chain(make_origin(echo), {"on_fault": "closed", side: {"mode": "stream",
                                                                  "body": "hoard"}})
    client = raw(weir.port)
    client.request(method="POST", body=b"abc" * 100_000)
    if side == "request":
        assert client.response().status == 500
    else:
        assert client.head().status == 200
        assert client.rest() == b""


def test_a_filter_that_fails_when_the_connection_is_there(chain, make_origin, raw):
    # Its second call comes out of the connection's own event.
    origin = make_origin(echo)
    weir = chain(origin, {"on_fault": "closed", "request": {"mode": "stream", "body": "late_fail"}})
    client = raw(weir.port)
    client.request(method="POST", body=b"x" * 400_000)
    assert client.response().status == 500
    assert weir.get().status in (200, 500)


def test_a_body_that_filters_swallow_does_not_stall(chain, make_origin, trace):
    # The second filter makes room without a byte coming out behind it.
    weir = chain(make_origin(echo),
                 {"request": {"mode": "stream", "body": "double", "lengths": True}},
                 {"request": {"mode": "stream", "body": "drop", "lengths": True}})
    with weir.client() as client:
        for _ in range(2):
            response = post(client, b"x" * 1_000_000)
            assert (response.status, response.body) == (200, b"")


def test_a_wait_on_both_sides_at_once(chain, make_origin, trace):
    def early(exchange):
        exchange.send(b"HTTP/1.1 200 Fine\r\nContent-Length: 3\r\n\r\n")
        exchange.send(exchange.body()[:3])

    weir = chain(make_origin(early),
                 {"request": {"mode": "stream", "body": "wait"}, "response": {"act": "wait"}},
                 {"response": {"mode": "stream", "body": "wait"}})
    with weir.client() as client:
        for _ in range(3):
            assert post(client, b"abc" * 50_000).status == 200
    trace.await_line("a end", 3)


@pytest.mark.parametrize("side", SIDES)
def test_what_waits_in_a_body_ends_with_the_client(side, chain, make_origin, trace, raw):
    client = raw(chain(make_origin(echo), {side: {"mode": "stream", "body": "lost"},
                                           "timers": "1"}).port)
    client.request(method="POST", body=b"abc")
    trace.await_line(f"a {side}_body 3 last" if side == "request" else "a response_body 3 last")
    client.reset()
    assert trace.await_line("a end")[-1] == "a end"


def test_a_body_over_the_limit_while_a_filter_holds_the_head(chain, origin, trace, raw):
    weir = chain(origin, {"request": {"mode": "whole"}}, {}, route={"max_body": "1KiB"})
    client = raw(weir.port)
    client.request("/", "Transfer-Encoding: chunked", method="POST")
    client.send(b"800\r\n" + b"x" * 0x800 + b"\r\n0\r\n\r\n")
    assert client.response().status == 413
    assert "b request" not in trace.await_line("a end")
    assert origin.received == 0


def test_a_broken_body_while_a_filter_holds_the_head(chain, origin, trace, raw):
    client = raw(chain(origin, {"request": {"mode": "whole"}}, {}).port)
    client.request("/", "Transfer-Encoding: chunked", method="POST")
    client.send(b"5\r\nabcde\r\nxx")
    response = client.response()
    assert (response.status, response.get("Connection")) == (400, "close")
    lines = trace.await_line("a end")
    assert "b request" not in lines and not [line for line in lines if "_body" in line]
    assert origin.received == 0


def test_leave_to_send_is_given_to_who_holds_the_head(chain, make_origin, raw):
    client = raw(chain(make_origin(echo), {"request": {"mode": "whole"}}).port)
    client.send(b"POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert client.reader.response_head().status == 100
    client.send(b"abc")
    assert client.response().body == b"abc"


def test_a_filter_that_pauses_a_chunked_body_is_given_its_full_time(chain, make_origin):
    # A chunked body is held for a moment before it goes out; that is no deadline of the filter.
    weir = chain(make_origin(echo), {"wait_timeout": "400ms", "on_fault": "closed",
                                     "request": {"mode": "stream", "body": "lost"}})
    with weir.client() as client:
        assert post(client, b"abc", as_chunks=True).status == 500


def test_a_slow_chunked_body_streams_behind_a_filter_that_has_waited(chain, make_origin, raw,
                                                                      trace):
    first = threading.Event()

    def watch(exchange):
        parts = exchange.parts()
        next(parts)
        first.set()
        exchange.request.body = b"".join(parts)
        exchange.respond(body=b"got it")

    origin = make_origin(watch)
    client = raw(chain(origin, {"request": {"mode": "stream", "body": "wait"}}).port)
    client.request("/", "Transfer-Encoding: chunked", method="POST")
    client.send(b"3\r\nabc\r\n")
    trace.await_line("a timer")
    assert first.wait(5)
    client.send(b"0\r\n\r\n")
    assert client.response().body == b"got it"


def test_two_filters_change_a_body_that_comes_byte_by_byte(chain, make_origin, raw):
    weir = chain(make_origin(echo), {"request": {"mode": "stream", "body": "upper"}},
                 {"response": {"mode": "stream", "body": "double", "lengths": True}})
    client = raw(weir.port)
    client.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 6\r\n\r\nabcdef", bytewise=True)
    assert client.response().body == b"AABBCCDDEEFF"


def test_a_head_request_through_body_filters(chain, origin):
    weir = chain(origin, {"response": {"mode": "whole"}}, {"response": {"mode": "stream"}})
    with weir.client() as client:
        for _ in range(2):
            response = client.get(method="HEAD")
            assert (response.status, response.get("Content-Length")) == (200, "6")
