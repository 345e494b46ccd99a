# SPDX-License-Identifier: Apache-2.0
"""Handlers: verdicts, waiting, bodies that they take and make, and filters around them."""

import pytest


def post(client, body, *fields):
    return client.get("/", *fields, method="POST", body=body)


@pytest.mark.parametrize("body", [b"", b"abc", b"abc" * 300_000], ids=["none", "little", "much"])
@pytest.mark.parametrize("filters", [0, 1, 2])
def test_an_echo_gives_back_what_it_got(body, filters, chain, trace):
    change = {"request": {"mode": "stream", "body": "double", "lengths": True},
              "response": {"mode": "stream", "body": "upper"}}
    weir = chain(None, *[change] * filters, handler={"run": "echo"})
    with weir.client() as client:
        for _ in range(2):
            response = post(client, body)
            assert response.status == 200
            assert len(response.body) == len(body) * 2**filters
            if filters == 0:
                assert response.body == body
    assert trace.await_line("handler end", 2).count("handler request") == 2


@pytest.mark.parametrize("act, status", [("answer", 299), ("fail", 500)])
def test_a_handler_answers_by_its_verdict(act, status, chain, trace):
    weir = chain(None, {}, handler={"act": act})
    with weir.client() as client:
        assert [client.get().status for _ in range(2)] == [status] * 2
        assert post(client, b"unread").status == status
        assert client.get().status == status
    assert trace.await_line("handler end", 4).count(f"a response {status}") == 4


@pytest.mark.parametrize("where", ["act", "run"])
@pytest.mark.parametrize("resume, status", [("next", 200), ("answer", 299), ("fail", 500)])
def test_a_handler_waits(where, resume, status, chain):
    weir = chain(None, {}, handler={where: "wait", "resume": resume})
    with weir.client() as client:
        for body in (b"", b"abc"):
            response = post(client, body)
            assert response.status == status
            assert status != 200 or response.body == body


def test_a_handler_that_is_never_resumed_fails(chain):
    weir = chain(None, handler={"act": "lost", "wait_timeout": "100ms"})
    assert weir.get().status == 500


@pytest.mark.parametrize("filters", [0, 1])
@pytest.mark.parametrize("size", ["3000B", "3001B", "500000B"])
def test_a_handler_that_wants_more_room_than_is_left_goes_on_when_there_is(size, filters, chain):
    pass_on = {"response": {"mode": "stream", "body": "wants_room"}}
    weir = chain(None, *[pass_on] * filters, handler={"run": "pour_with_room", "size": size})
    with weir.client() as client:
        for _ in range(2):
            response = client.get()
            assert (response.status, response.body) == (200, b"r" * int(size[:-1]))


@pytest.mark.parametrize("run, status", [("fail", 500), ("answer", 299)])
def test_run_decides_before_the_head_is_out(run, status, chain):
    weir = chain(None, {}, handler={"run": run})
    with weir.client() as client:
        assert [client.get().status for _ in range(2)] == [status] * 2


def test_a_handler_that_fails_in_the_middle_is_cut(chain, raw):
    client = raw(chain(None, handler={"run": "late_fail"}).port)
    client.request()
    assert client.head().status == 200
    assert not client.rest().endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("size", [0, 1, 64 * 1024, 5_000_000])
@pytest.mark.parametrize("filters", [0, 2])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_handler_pours(size, filters, version, chain, raw):
    weir = chain(None, *[{"response": {"mode": "stream", "body": "upper"}}] * filters,
                 handler={"run": "pour", "size": f"{size}B"})
    client = raw(weir.port)
    for _ in range(2 if version == "1.1" else 1):
        response = client.get(version=version)
        assert response.status == 200
        assert response.body == (b"Z" if filters else b"z") * size


def test_a_head_request_ends_though_the_body_would_be_long(chain):
    weir = chain(None, handler={"run": "pour", "size": "5MB"})
    with weir.client() as client:
        for _ in range(2):
            response = client.get(method="HEAD")
            assert (response.status, response.body) == (200, b"")


@pytest.mark.parametrize("mode", ["skip", "stream", "peek", "whole"])
def test_what_was_lent_is_given_back_once_and_before_the_end(mode, chain, trace, raw):
    weir = chain(None, {"response": {"mode": mode, "limit": "64KiB"}},
                 handler={"run": "lend", "size": "200KB"})
    with weir.client() as client:
        for _ in range(2):
            assert client.get().body == b"l" * 200_000
    assert trace.await_line("handler end", 2).count("released") == 2
    # And of a client that goes away in the middle.
    client = raw(weir.port)
    client.request()
    client.head()
    client.reset()
    lines = trace.await_line("handler end", 3)
    assert lines.count("released") == 3
    assert lines.index("released") < lines.index("handler end")
    assert lines[::-1].index("released") > lines[::-1].index("handler end")


@pytest.mark.parametrize("mode", ["skip", "stream", "whole"])
def test_a_file_is_sent(mode, chain, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(bytes(range(256)) * 1000)
    weir = chain(None, {"response": {"mode": mode, "limit": "512KiB"}},
                 handler={"run": "file", "file": str(file), "size": "256000B"})
    with weir.client() as client:
        for _ in range(2):
            assert client.get().body == file.read_bytes()


def test_a_file_that_is_shorter_than_was_said_breaks_the_response(chain, tmp_path, raw):
    file = tmp_path / "file"
    file.write_bytes(b"short")
    client = raw(chain(None, handler={"run": "file", "file": str(file), "size": "100B"}).port)
    client.request()
    client.head()
    assert client.rest() == b"short"


def test_who_waits_for_leave_and_gets_an_answer_gets_no_more(chain, raw):
    # It may send the body or not: no telling what the next bytes would be.
    client = raw(chain(None, handler={"act": "answer"}).port)
    client.send(b"POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    response = client.response()
    assert (response.status, response.get("Connection")) == (299, "close")
    assert client.rest() == b""


def test_the_long_body_that_a_handler_leaves_ends_the_connection(chain, raw):
    client = raw(chain(None, handler={"act": "answer"}).port)
    client.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n")
    response = client.response()
    assert (response.status, response.get("Connection")) == (299, "close")


@pytest.mark.parametrize("mode", ["stream", "peek", "whole"])
@pytest.mark.parametrize("act", ["fail", "lost", "answer"])
def test_filters_around_a_handler_decide(mode, act, chain, raw, trace):
    weir = chain(None, {}, {"on_fault": "closed", "wait_timeout": "200ms",
                            "response": {"mode": mode, "body": act, "limit": "10B"}},
                 handler={"run": "pour", "size": "1000000B"})
    client = raw(weir.port)
    client.request()
    if mode == "stream":
        assert client.head().status == 200
        assert not client.rest().endswith(b"0\r\n\r\n")
    else:
        assert client.response().status == (299 if act == "answer" else 500)
    trace.await_line("handler end")


def test_a_filter_that_swallows_after_a_wait_does_not_stall_the_handler(chain):
    weir = chain(None, {"response": {"mode": "stream", "body": "waits_and_drops", "lengths": True}},
                 handler={"run": "pour", "size": "3000000B"})
    response = weir.get()
    assert (response.status, response.body) == (200, b"")
