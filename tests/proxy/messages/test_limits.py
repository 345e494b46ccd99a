# SPDX-License-Identifier: Apache-2.0
"""Every limit: what stands at it passes, one more is answered as the table says.

The names and statuses are those of kernel/conf/limits.cpp; the values here are small and set by the
config, and the ones of the first class are the defaults.
"""

import pytest

from harness import client, http1


def get(line=b"GET / HTTP/1.1", fields=(b"Host: test",)):
    return b"\r\n".join([line, *fields, b"", b""])


def line_of(size):
    """A request line of that many bytes."""
    return b"GET /" + b"a" * (size - len(b"GET / HTTP/1.1")) + b" HTTP/1.1"


def field_of(size, name=b"X-A"):
    return name + b": " + b"b" * (size - len(name) - 2)


def head_of(size):
    """A head of that many bytes in all, none of its lines long."""
    fields = [b"Host: test"]
    while (left := size - len(get(fields=fields))) > 1000:
        fields.append(field_of(500))
    fields.append(field_of(left - 2))
    assert len(get(fields=fields)) == size
    return get(fields=fields)


def fields_of(count):
    return get(fields=[b"Host: test"] + [b"X-A: b"] * (count - 1))


def crumbs_of(count):
    """That many fields, each part of the Cookie counted as one."""
    return get(fields=[b"Host: test", b"Cookie: " + b"; ".join([b"a=b"] * (count - 1))])


def edge(port, data, status):
    with client.Client(port) as made:
        made.send(data)
        response = made.response()
        assert response.status == status
        if 400 <= status < 500:
            assert response.get("Connection") == "close"
            made.rest()


class TestDefaults:
    """The figures that the documents promise."""

    @pytest.mark.parametrize("name, good, bad, status", [
        ("request_line", get(line_of(8192)), get(line_of(8193)), 414),
        ("header_field", get(fields=[b"Host: test", field_of(16384)]),
         get(fields=[b"Host: test", field_of(16385)]), 431),
        ("header", head_of(32768), head_of(32769), 431),
        ("header_count", fields_of(100), fields_of(101), 431),
        ("cookies", crumbs_of(100), crumbs_of(101), 431)],
        ids=lambda value: value if isinstance(value, str) else "")
    def test_of_a_head(self, name, good, bad, status, weir_to, origin):
        port = weir_to(origin).port
        edge(port, good, 200)
        edge(port, bad, status)
        assert len(origin.requests) == 1


class TestRequests:
    @pytest.mark.parametrize("limits, good, bad, status", [
        ({"request_line": "100"}, get(line_of(100)), get(line_of(101)), 414),
        ({"header_field": "100"}, get(fields=[b"Host: test", field_of(100)]),
         get(fields=[b"Host: test", field_of(101)]), 431),
        ({"header": "4KiB"}, head_of(4096), head_of(4097), 431),
        ({"header_count": 5}, fields_of(5), fields_of(6), 431)],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "")
    def test_limits_of_a_head(self, limits, good, bad, status, weir_to, origin):
        port = weir_to(origin, limits=limits).port
        edge(port, good, 200)
        edge(port, bad, status)

    @pytest.mark.parametrize("how", ["limit", "route"])
    def test_a_body_with_a_length(self, how, weir_to, origin):
        weir = weir_to(origin, **({"limits": {"body": "1KiB"}} if how == "limit" else
                                  {"route": {"max_body": "1KiB"}}))
        assert weir.get(method="POST", body=b"a" * 1024).status == 200
        assert weir.get(method="POST", body=b"a" * 1025).status == 413
        weir.stop()
        assert len(origin.drained().requests) == 1

    def test_a_route_s_limit_goes_before(self, weir_to, origin):
        weir = weir_to(origin, limits={"body": "1KiB"}, route={"max_body": "2KiB"})
        assert weir.get(method="POST", body=b"a" * 2048).status == 200
        assert weir.get(method="POST", body=b"a" * 2049).status == 413

    @pytest.mark.parametrize("sizes, status", [((1024,), 200), ((1025,), 413), ((1000, 24), 200),
                                               ((1000, 25), 413)])
    def test_a_chunked_body(self, sizes, status, weir_to, origin, raw):
        client = raw(weir_to(origin, limits={"body": "1KiB"}).port)
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        for size in sizes:
            client.send(b"%x\r\n" % size + b"a" * size + b"\r\n")
        client.send(b"0\r\n\r\n")
        assert client.response().status == status


class TestChunks:
    @staticmethod
    def post(raw, weir, body):
        client = raw(weir.port)
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        return client.response().status

    @pytest.mark.parametrize("size, status", [(256, 200), (257, 400)])
    def test_a_chunk_line(self, size, status, weir_to, origin, raw):
        line = b"5;" + b"a" * (size - 2)
        assert self.post(raw, weir_to(origin), line + b"\r\nhello\r\n0\r\n\r\n") == status

    @pytest.mark.parametrize("size, status", [(4096, 200), (4097, 400)])
    def test_extensions_of_all_chunks(self, size, status, weir_to, origin, raw):
        body = b""
        while size:
            part = min(size, 128)  # a semicolon and what follows it
            body += b"1;" + b"a" * (part - 1) + b"\r\nx\r\n" if part > 1 else b"1;a\r\nx\r\n"
            size -= part
        # A last part of one byte would be a semicolon alone, which no chunk line may end with.
        assert self.post(raw, weir_to(origin), body + b"0\r\n\r\n") == status

    @pytest.mark.parametrize("count, status", [(16, 200), (17, 400)])
    def test_trailers(self, count, status, weir_to, origin, raw):
        assert self.post(raw, weir_to(origin), b"0\r\n" + b"X-A: b\r\n" * count + b"\r\n") == status

    @pytest.mark.parametrize("size, status", [(4096, 200), (4097, 400)])
    def test_size_of_trailers(self, size, status, weir_to, origin, raw):
        trailers = field_of(2000) + b"\r\n" + field_of(size - 2000 - 4) + b"\r\n"
        assert len(trailers) == size  # with each line's CRLF, without the empty line
        assert self.post(raw, weir_to(origin), b"0\r\n" + trailers + b"\r\n") == status


class TestResponses:
    @staticmethod
    def origin_with(make_origin, fields):
        return make_origin(lambda exchange: exchange.respond(fields=fields, body=b""))

    @pytest.mark.parametrize("extra, status", [(0, 200), (1, 502)])
    def test_size_of_a_head(self, extra, status, weir_to, make_origin):
        start = b"HTTP/1.1 200 OK\r\n"
        rest = b"Content-Length: 0\r\n\r\n"
        left = 65536 + extra - len(start) - len(rest)
        lines = b"".join(field_of(1022) + b"\r\n" for _ in range(left // 1024 - 1))
        lines += field_of(left - len(lines) - 2) + b"\r\n"
        data = start + lines + rest
        assert len(data) == 65536 + extra
        origin = make_origin(lambda exchange: exchange.send(data))
        assert weir_to(origin).get().status == status

    @pytest.mark.parametrize("count, status", [(200, 200), (201, 502)])
    def test_fields_of_a_head(self, count, status, weir_to, make_origin):
        origin = self.origin_with(make_origin, ["X-A: b"] * (count - 1))  # and Content-Length
        assert weir_to(origin).get().status == status

    @pytest.mark.parametrize("limits, fields, status", [
        ({"response_header": "1KiB"}, ["X-A: " + "b" * 800], 200),
        ({"response_header": "1KiB"}, ["X-A: " + "b" * 1000], 502),
        ({"response_header_count": 5}, ["X-A: b"] * 4, 200),
        ({"response_header_count": 5}, ["X-A: b"] * 5, 502)])
    def test_limits_that_the_config_sets(self, limits, fields, status, weir_to, make_origin):
        origin = self.origin_with(make_origin, fields)
        assert weir_to(origin, limits=limits).get().status == status

    @pytest.mark.parametrize("limits, count, status", [
        ({}, 8, 200), ({}, 9, 502), ({"interim_responses": 2}, 2, 200),
        ({"interim_responses": 2}, 3, 502)])
    def test_interim_responses(self, limits, count, status, weir_to, make_origin):
        def hints(exchange):
            exchange.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * count)
            exchange.respond()

        response = weir_to(make_origin(hints), limits=limits).get()
        assert response.status == status
        if status == 200:
            assert len(response.interim) == count


class TestFilters:
    """Limits of what modules may do."""

    def test_a_request_that_is_routed_anew_for_ever(self, weir_to, origin):
        weir = weir_to(origin, modules=["rewrite"], route={
            "filters": [{"rewrite": {"add_prefix": "/a", "reroute": True}}]})
        assert weir.get("/").status == 500
        assert weir.get("/").status == 500
        assert origin.requests == []


class TestConnections:
    def test_the_last_request_of_a_connection_is_answered_with_close(self, weir_to, origin, raw):
        client = raw(weir_to(origin, limits={"requests": 3}).port)
        assert [client.get().fields.has("Connection") for _ in range(2)] == [False, False]
        assert client.get().get("Connection") == "close"
        client.ends()

    def test_one_client_s_connections(self, weir_to, origin, raw):
        weir = weir_to(origin, limits={"connections_per_client": 2})
        kept = [raw(weir.port) for _ in range(2)]
        assert [each.get().status for each in kept] == [200, 200]
        surplus = raw(weir.port)
        surplus.request()
        assert surplus.rest() == b""
        kept[0].close()
        # The place is free as soon as weir has seen the end.
        for _ in range(1000):
            with weir.client() as next_one:
                try:
                    assert next_one.get().status == 200
                    break
                except (http1.Cut, ConnectionResetError):
                    continue
        else:
            pytest.fail("the place of a closed connection was never free")
        assert kept[1].get().status == 200

    def test_a_trusted_proxy_s_connections_are_not_counted(self, weir_to, origin, raw):
        weir = weir_to(origin, limits={"connections_per_client": 2},
                       server={"trusted_proxies": ["127.0.0.1"]})
        assert [raw(weir.port).get().status for _ in range(5)] == [200] * 5

    def test_further_connections_wait_for_a_place(self, weir_to, origin, raw):
        weir = weir_to(origin, limits={"connections": 2})
        kept = [raw(weir.port) for _ in range(2)]
        assert [each.get().status for each in kept] == [200, 200]
        waiting = raw(weir.port).request("/waiting")
        assert kept[0].get().status == 200
        assert "/waiting" not in [request.target for request in origin.requests]
        kept[0].close()
        assert waiting.response().status == 200
