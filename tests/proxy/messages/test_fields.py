# SPDX-License-Identifier: Apache-2.0
"""Fields that the proxy removes, adds or overwrites."""

import re

import pytest


def pairs(forwarded):
    """One element of a Forwarded field as a dict."""
    assert "," not in forwarded
    return dict(pair.strip().lower().split("=", 1) for pair in forwarded.split(";"))


class TestHopByHop:
    @pytest.mark.parametrize("line", [
        "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "Proxy-Authorization: Basic eDp5",
        "Proxy-Authenticate: Basic", "TE: gzip", "Trailer: X-Sum", "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"])
    def test_of_a_request_is_dropped(self, line, weir_to, origin):
        assert weir_to(origin).get("/", line, "X-Kept: 1").status == 200
        [request] = origin.requests
        assert not request.fields.has(line.split(":")[0])
        assert not request.fields.has("Connection")
        assert request.get("X-Kept") == "1"

    @pytest.mark.parametrize("line", [
        "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "Proxy-Authenticate: Basic",
        "Trailer: X-Sum", "Upgrade: h2c"])
    def test_of_a_response_is_dropped(self, line, weir_to, make_origin):
        origin = make_origin(lambda exchange: exchange.respond(fields=[line, "X-Kept: 1"]))
        response = weir_to(origin).get()
        assert not response.fields.has(line.split(":")[0])
        assert response.get("X-Kept") == "1"

    def test_what_connection_names_is_dropped(self, weir_to, origin):
        assert weir_to(origin).get("/", "Connection: X-Secret, x-other", "X-Secret: 1",
                                   "X-Other: 2", "X-Kept: 3").status == 200
        [request] = origin.requests
        assert not request.fields.has("X-Secret") and not request.fields.has("X-Other")
        assert not request.fields.has("Connection")
        assert request.get("X-Kept") == "3"

    def test_what_connection_names_in_a_response_is_dropped(self, weir_to, make_origin):
        origin = make_origin(lambda exchange: exchange.respond(
            fields=["Connection: X-Secret", "X-Secret: 1", "X-Kept: 3"]))
        response = weir_to(origin).get()
        assert not response.fields.has("X-Secret")
        assert response.get("X-Kept") == "3"

    def test_te_trailers_may_pass(self, weir_to, origin):
        weir_to(origin).get("/", "TE: trailers, gzip", "Connection: TE")
        assert origin.requests[0].get("TE") in (None, "trailers")


@pytest.mark.parametrize("name", ["X_User", "X.User", "X!User", "X~User"])
def test_a_name_that_others_may_take_for_another_is_dropped(name, weir_to, origin):
    assert weir_to(origin).get("/", f"{name}: root", "X-Kept: 1").status == 200
    assert not origin.requests[0].fields.has(name)
    assert origin.requests[0].get("X-Kept") == "1"


class TestForwarded:
    SPOOFED = ("X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil",
               "Forwarded: for=6.6.6.6;proto=https;host=evil")

    def check(self, request, client="127.0.0.1"):
        assert request.all("X-Forwarded-For") == [client]
        assert request.all("X-Forwarded-Proto") == ["http"]
        assert request.all("X-Forwarded-Host") == ["test:81"]
        [forwarded] = request.all("Forwarded")
        said = pairs(forwarded)
        assert said["for"].strip('"') == client
        assert said["proto"] == "http"
        assert said["host"].strip('"') == "test:81"

    def test_it_tells_who_asked(self, weir_to, origin):
        weir_to(origin).get("/", host="test:81")
        self.check(origin.requests[0])

    def test_what_a_client_claims_is_overwritten(self, weir_to, origin):
        weir_to(origin).get("/", *self.SPOOFED, *self.SPOOFED, host="test:81")
        self.check(origin.requests[0])
        received = bytes(origin.connections[0].reader.received)
        assert b"6.6.6.6" not in received and b"evil" not in received

    def test_other_spellings_are_dropped_too(self, weir_to, origin):
        weir_to(origin).get("/", "X_Forwarded_For: 6.6.6.6", "X-FORWARDED-FOR: 6.6.6.6",
                            host="test:81")
        self.check(origin.requests[0])
        assert b"6.6.6.6" not in bytes(origin.connections[0].reader.received)

    def test_what_a_trusted_proxy_says_is_continued(self, weir_to, origin):
        weir = weir_to(origin, server={"trusted_proxies": ["127.0.0.0/8"]})
        weir.get("/", *self.SPOOFED)
        [request] = origin.requests
        assert re.split(r", *", ", ".join(request.all("X-Forwarded-For"))) == [
            "6.6.6.6", "127.0.0.1"]
        assert request.get("X-Forwarded-Proto") == "https"
        assert request.get("X-Forwarded-Host") == "evil"
        elements = re.split(r", *", ", ".join(request.all("Forwarded")))
        assert elements[0] == "for=6.6.6.6;proto=https;host=evil"
        assert pairs(elements[1])["for"].strip('"') == "127.0.0.1"

    def test_a_trusted_proxy_that_says_nothing_is_the_client(self, weir_to, origin):
        weir = weir_to(origin, server={"trusted_proxies": ["127.0.0.1"]})
        weir.get("/", host="test:81")
        self.check(origin.requests[0])

    def test_who_is_not_in_the_list_is_not_trusted(self, weir_to, origin):
        weir = weir_to(origin, server={"trusted_proxies": ["10.0.0.0/8", "::1"]})
        weir.get("/", *self.SPOOFED, host="test:81")
        self.check(origin.requests[0])


class TestVia:
    def test_the_proxy_names_itself(self, weir_to, origin):
        weir_to(origin).get("/", "Via: 1.0 other (some, comment)")
        [request] = origin.requests
        text = ", ".join(request.all("Via"))
        assert text.startswith("1.0 other (some, comment), 1.1 ")
        assert not request.fields.has("X-Loop")

    def test_a_request_that_comes_round_and_round_is_508(self, weir_to, tmp_path):
        # Two proxies that send to each other, by sockets whose names are known beforehand.
        one, two = tmp_path / "one", tmp_path / "two"
        first = weir_to(f"unix:{two}", listener={"address": f"unix:{one}"})
        weir_to(f"unix:{one}", listener={"address": f"unix:{two}"})
        with first.client(str(one)) as client:
            assert client.get().status == 508

    def test_two_proxies_in_a_row_are_no_loop(self, weir_to, origin):
        behind = weir_to(origin)
        before = weir_to(behind.url)
        response = before.get("/through")
        assert response.status == 200
        assert origin.requests[0].target == "/through"


class TestHost:
    def test_the_client_s_host_is_passed_on(self, weir_to, origin):
        weir_to(origin, upstream={}).get("/", host="shop.example")
        assert origin.requests[0].get("Host") == "shop.example"

    def test_the_endpoint_s_address_may_be_sent_instead(self, weir_to, origin):
        weir_to(origin, upstream={"host": "endpoint"}).get("/", host="shop.example")
        assert origin.requests[0].get("Host") == origin.endpoint
        assert origin.requests[0].get("X-Forwarded-Host") == "shop.example"

    def test_or_a_name_of_one_s_choice(self, weir_to, origin):
        weir_to(origin, upstream={"host": "internal.example"}).get("/", host="shop.example")
        assert origin.requests[0].get("Host") == "internal.example"


def test_values_are_never_expanded(weir_to, origin):
    weir_to(origin).get("/?%7Benv.PATH%7D", "X-A: {env.PATH} {request.path}")
    assert origin.requests[0].target == "/?%7Benv.PATH%7D"
    assert origin.requests[0].get("X-A") == "{env.PATH} {request.path}"


def test_bytes_above_ascii_in_a_value_are_passed_on(weir_to, origin):
    weir_to(origin).get("/", "X-A: caf\xe9")
    assert origin.requests[0].get("X-A") == "caf\xe9"


def test_an_answer_of_the_proxy_itself_says_little(weir_to, origin):
    response = weir_to(origin, route={"path": "/a"}).get("/%3Cscript%3E")
    assert response.status == 404
    assert b"script" not in response.body
    assert "Content-Length" in [name for name, _ in response.fields]


def test_a_field_that_is_called_like_an_attribute_is_a_field_like_any_other(weir_to, origin):
    filters = [{"headers": {"request": {
        "set": {"X-Copy": "{request.header.route}", "Upstream": "{request.header.time}"},
        "remove": ["Endpoint"]}}}]
    weir = weir_to(origin, modules=["headers"],
                   route={"header": {"Route": "x"}, "filters": filters})
    assert weir.get().status == 404
    assert weir.get("/", "route: x", "Time: now", "Endpoint: here", "Listener: mine").status == 200
    [request] = origin.requests
    assert request.get("Route") == request.get("X-Copy") == "x"
    assert request.get("Time") == request.get("Upstream") == "now"
    assert request.get("Listener") == "mine"
    assert not request.fields.has("Endpoint")
