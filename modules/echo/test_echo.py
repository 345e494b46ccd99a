# SPDX-License-Identifier: Apache-2.0
"""echo in a real proxy, as the origin of others and on its own."""

import json
import threading
import time

import pytest

from harness import config


def route(use, path="/*"):
    return (config.table("[server]", {"workers": 1, "drain": "2s"})
            + config.table("[[listener]]", {"address": "127.0.0.1:0"})
            + config.table("[[route]]", {"path": path, "filters": [use]}))


@pytest.fixture
def echo(weir):
    """echo(**keys) starts an echo origin."""
    return lambda **keys: weir(route({"echo": keys} if keys else "echo"), modules=["echo"])


def described(answer):
    assert answer.status == 200
    assert answer.get("Content-Type") == "application/json"
    return json.loads(answer.body)


def test_it_tells_what_it_received(echo):
    told = described(echo().get("/a%20b/../c?x=1&y", "X-A: 1", "X-A: 2", host="Example.test:81"))
    assert told["method"] == "GET"
    assert told["target"] == "/a%20b/../c?x=1&y"
    assert told["path"] == "/c"
    assert told["query"] == "x=1&y"
    assert told["version"] == "HTTP/1.1"
    assert told["scheme"] == "http"
    assert told["client"] == "127.0.0.1"
    assert told["authority"].lower() == "example.test:81"
    assert [value for name, value in told["fields"] if name == "X-A"] == ["1", "2"]
    assert told["body_bytes"] == 0
    assert "name" not in told


def test_it_counts_the_body(echo):
    made = echo()
    with made.client() as client:
        answer = client.get("/", method="POST", body=b"x" * 10_000)
        assert described(answer)["body_bytes"] == 10_000
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
        assert described(client.response())["body_bytes"] == 11
        assert described(client.get("/"))["body_bytes"] == 0


def test_it_counts_a_large_body(echo):
    answer = echo().get("/", method="POST", body=b"x" * 1_000_000)
    assert described(answer)["body_bytes"] == 1_000_000


@pytest.mark.parametrize("mode", ["describe", "body"])
def test_an_empty_body_counts_as_none(echo, mode):
    with echo(mode=mode).client() as client:
        assert client.get("/", method="POST", body=b"").status == 200
        assert client.get("/").status == 200


def test_a_plain_request_is_answered_with_its_length(echo):
    answer = echo().get("/")
    assert answer.framing == ("length", len(answer.body))


def test_head_gets_the_head_alone(echo):
    made = echo()
    with made.client() as client:
        answer = client.get("/", method="HEAD")
        assert answer.status == 200 and answer.body == b""
        assert described(client.get("/"))["method"] == "GET"


def test_a_name_tells_endpoints_apart(echo):
    answer = echo(name="one").get("/")
    assert answer.get("X-Echo-Name") == "one"
    assert described(answer)["name"] == "one"


def test_any_bytes_come_out_as_valid_json(echo):
    told = described(echo().get("/%22", "X-A: \xe4\xff\"\\\t{}"))
    assert ["X-A", "\xe4\xff\"\\\t{}"] in told["fields"]


def test_a_body_comes_back_unchanged(echo):
    body = bytes(range(256)) * 40
    answer = echo(mode="body").get("/", "Content-Type: image/x-test", method="PUT", body=body)
    assert answer.body == body
    assert answer.get("Content-Type") == "image/x-test"


def test_a_body_without_type_is_bytes(echo):
    answer = echo(mode="body").get("/", method="POST", body=b"x")
    assert answer.get("Content-Type") == "application/octet-stream"


def test_an_empty_body_comes_back_empty(echo):
    answer = echo(mode="body").get("/")
    assert answer.status == 200 and answer.body == b""


def test_a_body_comes_back_while_it_is_sent(echo):
    with echo(mode="body").client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(b"5\r\nfirst\r\n")
        answer = client.head("POST")
        parts = client.reader.parts(answer)
        assert next(parts) == b"first"
        client.send(b"6\r\nsecond\r\n0\r\n\r\n")
        assert b"".join(parts) == b"second"


def test_a_large_body_streams_through_in_bounded_memory(echo):
    made = echo(mode="body")
    size = 32 << 20
    block = bytes(range(256)) * 256
    with made.client() as client:
        made.get("/", method="POST", body=block)
        before = made.memory()

        def send():
            client.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n".encode())
            for _ in range(size // len(block)):
                client.send(block)

        sender = threading.Thread(target=send)
        sender.start()
        answer = client.head("POST")
        at = 0
        for part in client.reader.parts(answer):
            start = at % len(block)
            assert part == (block + block)[start : start + len(part)]
            at += len(part)
        sender.join()
        assert at == size
        assert made.memory() - before < 8 << 20


def test_a_delay_holds_up_the_answer(echo):
    made = echo(delay="300ms")
    began = time.monotonic()
    assert described(made.get("/", method="POST", body=b"abc"))["body_bytes"] == 3
    assert time.monotonic() - began >= 0.3


def test_a_delay_does_not_hold_up_others(echo):
    made = echo(delay="500ms")
    began = time.monotonic()
    clients = [made.client().request("/") for _ in range(10)]
    assert all(client.response().status == 200 for client in clients)
    assert time.monotonic() - began < 2.5


def test_a_client_that_leaves_during_the_delay_does_no_harm(echo):
    made = echo(delay="200ms")
    client = made.client().request("/")
    client.close()
    time.sleep(0.3)
    assert made.get("/").status == 200


def test_it_answers_for_its_route_only(weir):
    made = weir(route("echo", "/echo/*"), modules=["echo"])
    assert described(made.get("/echo/x"))["path"] == "/echo/x"
    assert made.get("/other").status == 404


def test_it_answers_for_a_whole_listener(weir):
    made = weir(route({"echo": {"name": "route"}})
                + config.table("[[listener]]", {"address": "127.0.0.1:0",
                                                "filters": [{"echo": {"name": "listener"}}]}),
                modules=["echo"])
    names = [described(made.client(address).get("/"))["name"] for address in made.addresses]
    assert names == ["route", "listener"]


def test_behind_a_proxy_it_shows_what_the_proxy_added(weir, echo):
    at = echo(name="origin")
    made = weir(config.simple(f"http://127.0.0.1:{at.port}"))
    fields = dict(described(made.get("/", host="example.test"))["fields"])
    assert fields["X-Forwarded-For"] == "127.0.0.1"
    assert fields["Host"] == "example.test"


def test_the_answer_is_grammatical_for_http_1_0(echo):
    with echo().client() as client:
        answer = client.get("/", version="1.0")
        assert described(answer)["version"] == "HTTP/1.0"
