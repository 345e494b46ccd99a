# SPDX-License-Identifier: Apache-2.0
"""redirect in a real proxy."""

import pytest

from harness import config, proxy


@pytest.fixture
def through(weir_to, origin):
    """through(**keys) starts a proxy whose route has one redirect with these keys."""
    return lambda **keys: weir_to(origin, modules=["redirect"],
                                  route={"filters": [{"redirect": keys}]})


def errors(tmp_path, **keys):
    file = tmp_path / "weir.toml"
    file.write_text(config.simple("http://127.0.0.1:1", modules=["redirect"],
                                  route={"filters": [{"redirect": keys}]}))
    done = proxy.run("check", file)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout + done.stderr


CASES = [  # keys, host, then pairs of what is asked and Location
    ({"scheme": "https"}, "a.test", [
        ("/", "https://a.test/"), ("/x?y=1&z", "https://a.test/x?y=1&z"),
        ("//evil.test/..", "https://a.test/"), ("/a%20b/../c", "https://a.test/c")]),
    ({"scheme": "https"}, "a.test:8080", [("/x", "https://a.test/x")]),
    ({"scheme": "https", "port": 8443}, "a.test:8080", [("/x", "https://a.test:8443/x")]),
    ({"scheme": "https"}, "[::1]:8080", [("/x", "https://[::1]/x")]),
    ({"host": "www.a.test"}, "a.test:8080", [("/x", "http://www.a.test:8080/x")]),
    ({"host": "www.{request.host}"}, "a.test", [("/x", "http://www.a.test/x")]),
    ({"port": 80}, "a.test:8080", [("/x", "http://a.test/x")]),
    ({"path": "/new"}, "a.test", [("/x", "/new"), ("/x?y", "/new?y")]),
    ({"path": "/new", "keep_query": False}, "a.test", [("/x?y", "/new")]),
    ({"path": "/new?from={request.path}"}, "a.test", [("/x?y", "/new?from=/x&y")]),
    ({"path": "{request.path}/"}, "a.test", [("/x", "/x/")]),
    ({"path": "/s?{request.query}", "keep_query": False}, "a.test", [("/x?a=1&b", "/s?a=1&b")]),
    ({"path": "/é ü"}, "a.test", [("/", "/%C3%A9%20%C3%BC")]),
    ({"regex": r"^/blog/(\d+)/(.*)$", "replace": "/{2}?id={1}"}, "a.test", [
        ("/blog/7/title", "/title?id=7"), ("/blog/7/title?x", "/title?id=7&x")]),
    ({"regex": "^/x", "replace": "", "host": "b.test"}, "a.test", [
        ("/x//evil.test", "http://b.test/evil.test")]),
    ({"regex": "^/x", "replace": "/"}, "a.test", [("/x/evil.test", "/evil.test")]),
]


@pytest.mark.parametrize("keys, host, pairs", CASES, ids=[f"{k} {h}" for k, h, _ in CASES])
def test_clients_are_sent_to(through, origin, keys, host, pairs):
    with through(**keys).client() as client:
        for asked, location in pairs:
            answer = client.get(asked, host=host)
            assert (answer.status, answer.get("Location")) == (307, location), asked
            assert answer.body == b""
    assert not origin.requests


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_status_can_be_chosen(through, status):
    assert through(scheme="https", status=status).get("/").status == status


def test_what_is_there_already_passes(through, origin):
    made = through(scheme="http", host="www.a.test")
    assert made.get("/x", host="a.test").status == 307
    assert made.get("/x", host="www.a.test").status == 200
    assert made.get("/x", host="WWW.A.test:80").status == 200
    assert [request.target for request in origin.requests] == ["/x", "/x"]


def test_a_path_without_a_match_passes(through, origin):
    made = through(regex="^/old", replace="/new")
    assert made.get("/older").get("Location") == "/newer"
    assert made.get("/other").status == 200
    assert origin.requests[0].target == "/other"


def test_no_request_can_add_a_field_or_a_host(weir_to, origin):
    made = weir_to(origin, modules=["redirect"],
                   route={"filters": [{"redirect": {"path": "/{query.to}", "keep_query": False}}]})
    for to in ("%0d%0aSet-Cookie:%20x=1", "/evil.test/", "%2Fevil.test", "\\evil.test",
               "https://evil.test"):
        answer = made.get(f"/?to={to}")
        if answer.status == 400:
            continue
        assert answer.status == 307
        assert not answer.fields.has("Set-Cookie")
        location = answer.get("Location")
        assert location.startswith("/") and not location.startswith(("//", "/\\"))


def test_a_host_that_is_none_is_answered_with_400(weir_to, origin):
    made = weir_to(origin, modules=["redirect"],
                   route={"filters": [{"redirect": {"host": "{request.header.x}"}}]})
    assert made.get("/").status == 400
    assert made.get("/", "X: a/b").status == 400
    assert made.get("/", "X: user@evil.test").status == 400
    assert made.get("/", "X: b.test").get("Location") == "http://b.test/"


def test_a_route_with_it_needs_no_target(weir):
    made = weir(config.table("[server]", {"workers": 1, "drain": "2s"})
                + config.table("[[listener]]", {"address": "127.0.0.1:0"})
                + config.table("[[route]]", {"filters": [{"redirect": {"scheme": "https"}}]}),
                modules=["redirect"])
    assert made.get("/", host="a.test").get("Location") == "https://a.test/"


def test_the_connection_goes_on_behind_a_body(through):
    with through(scheme="https").client() as client:
        answer = client.get("/a", method="POST", body=b"x" * 1000)
        assert answer.status == 307
        assert client.get("/b").status == 307


def test_mistakes_are_errors_at_their_key(tmp_path):
    assert "not a status that redirects" in errors(tmp_path, scheme="https", status=300)
    assert "leads to where the request is already" in errors(tmp_path, status=301)
    assert "go together" in errors(tmp_path, regex="a")
    assert "whole new path" in errors(tmp_path, path="/a", regex="a", replace="b")
    assert "not a regular expression" in errors(tmp_path, regex="(", replace="b")
    assert "https" in errors(tmp_path, scheme="htps")
