# SPDX-License-Identifier: Apache-2.0
"""The limits that only modules can reach: `buffered_body` and `exchange_memory`."""

import pytest

SIDES = ["request", "response"]


def echo(exchange):
    exchange.respond(body=exchange.body())


def is_our_answer(response, status, text):
    assert (response.status, response.body) == (status, text)
    assert response.get("Content-Type") == "text/plain; charset=utf-8"
    assert response.fields.has("Date")
    assert not response.fields.has("Connection")


class TestBufferedBody:
    @pytest.mark.parametrize("side", SIDES)
    @pytest.mark.parametrize("limit, size", [("1000B", 1000), ("128KiB", 131_072)])
    def test_at_the_limit_the_module_has_the_whole(self, side, limit, size, chain, make_origin,
                                                   trace):
        weir = chain(make_origin(echo), {side: {"mode": "whole", "limit": "1MiB"}},
                     limits={"buffered_body": limit})
        with weir.client() as client:
            for _ in range(2):
                assert client.get(method="POST", body=b"a" * size).body == b"a" * size
        assert trace.await_line("a end", 2).count(f"a {side}_body {size} last") == 2

    @pytest.mark.parametrize("side", SIDES)
    @pytest.mark.parametrize("limit, size", [("1000B", 1001), ("128KiB", 131_073)])
    def test_above_it_the_module_says_what_becomes_of_it(self, side, limit, size, chain,
                                                         make_origin, trace):
        weir = chain(make_origin(echo), {side: {"mode": "whole", "limit": "1MiB"}},
                     limits={"buffered_body": limit})
        with weir.client() as client:
            for _ in range(2):
                assert client.get(method="POST", body=b"a" * size).body == b"a" * size
        calls = [line for line in trace.await_line("a end", 2) if "_body" in line]
        assert len(calls) == 2 and all(call.endswith(" over") for call in calls)

    @pytest.mark.parametrize("side", SIDES)
    def test_a_module_may_answer_instead(self, side, chain, make_origin):
        weir = chain(make_origin(echo), {side: {"mode": "whole", "limit": "1MiB",
                                                "body": "answer"}},
                     limits={"buffered_body": "1000B"})
        with weir.client() as client:
            for _ in range(2):
                response = client.get(method="POST", body=b"a" * 1001)
                assert (response.status, response.body) == (299, b"answered")


class TestExchangeMemory:
    LIMITS = {"exchange_memory": "64KiB"}

    @pytest.mark.parametrize("side", SIDES)
    @pytest.mark.parametrize("size, found", [("40KiB", True), ("64KiB", False), ("1GiB", False)])
    def test_a_module_gets_what_is_left_and_no_more(self, side, size, found, chain, origin, trace):
        weir = chain(origin, {side: {"act": "take", "limit": size}}, limits=self.LIMITS)
        with weir.client() as client:
            for _ in range(2):
                response = client.get()
                assert (response.status, response.body) == (200, b"hello\n")
        line = "a has eaten" if found else "a found no memory"
        assert trace.await_line("a end", 2).count(line) == 2

    def test_a_request_without_memory_is_answered_with_500(self, chain, origin, trace):
        plain = f'[[route]]\npath = "/plain"\nto = "{origin.url}"\n'
        weir = chain(origin, {}, {"request": {"act": "eat"}}, limits=self.LIMITS,
                     route={"path": "/*"}, more=plain)
        with weir.client() as client:
            for _ in range(3):
                is_our_answer(client.get(), 500, b"500 Internal Server Error\n")
                # The memory is the exchange's: what comes after it has its own.
                assert client.get("/plain").status == 200
                is_our_answer(client.get(method="POST", body=b"a" * 1000), 500,
                              b"500 Internal Server Error\n")
        lines = trace.await_line("b end", 6)
        assert lines.count("a end") == lines.count("a response 500") == 6
        assert [request.target for request in origin.requests] == ["/plain"] * 3

    def test_a_response_without_memory_still_goes_out(self, chain, origin, trace):
        weir = chain(origin, {}, {"response": {"act": "eat"}}, limits=self.LIMITS)
        with weir.client() as client:
            for _ in range(3):
                response = client.get()
                assert (response.status, response.body) == (200, b"hello\n")
        trace.await_line("a end", 3)

    def test_a_head_that_does_not_fit_is_431(self, chain, origin):
        limits = {**self.LIMITS, "header": "1MiB", "header_field": "1MiB"}
        weir = chain(origin, limits=limits)
        assert weir.get("/", "X-A: " + "a" * 40_000).status == 200
        with weir.client() as client:
            response = client.get("/", "X-A: " + "a" * 70_000)
            assert (response.status, response.body) == (
                431, b"431 Request Header Fields Too Large\n")
            assert response.get("Connection") == "close"
            client.rest()
        assert len(origin.requests) == 1

    def test_a_response_head_that_does_not_fit_is_502(self, chain, make_origin):
        size = [70_000]
        origin = make_origin(lambda exchange: exchange.respond(
            fields=["X-A: " + "a" * size[0]]))
        weir = chain(origin, limits={**self.LIMITS, "response_header": "1MiB"})
        with weir.client() as client:
            is_our_answer(client.get(), 502, b"502 Bad Gateway\n")
            size[0] = 40_000
            assert len(client.get().get("X-A")) == 40_000
