# SPDX-License-Identifier: Apache-2.0
"""rewrite in a real proxy: what is asked, and what the origin is asked."""

import pytest

from harness import config, proxy


@pytest.fixture
def through(weir_to, origin):
    """through(**keys) starts a proxy whose route has one rewrite with these keys."""
    return lambda **keys: weir_to(origin, modules=["rewrite"],
                                  route={"filters": [{"rewrite": keys}]})


def errors(tmp_path, **keys):
    file = tmp_path / "weir.toml"
    file.write_text(config.simple("http://127.0.0.1:1", modules=["rewrite"],
                                  route={"filters": [{"rewrite": keys}]}))
    done = proxy.run("check", file)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout + done.stderr


CASES = [  # keys, then pairs of what is asked and what arrives
    ({"strip_prefix": "/api"}, [
        ("/api/x", "/x"), ("/api", "/"), ("/api/", "/"), ("/apix", "/apix"), ("/x/api", "/x/api"),
        ("/api/x?a=1&b", "/x?a=1&b"), ("/api//x", "/x"), ("/api/./y/../x", "/x"),
        ("/%61pi/x", "/x"), ("/api/%7Ex", "/~x"), ("/api/a%20b", "/a%20b"),
        ("/api/a%c3%a4", "/a%C3%A4"), ("/api?x", "/?x"), ("/api/;p=1", "/;p=1"),
        ("/API/x", "/API/x"), ("/api/api/x", "/api/x")]),
    ({"add_prefix": "/v1/"}, [
        ("/", "/v1/"), ("/x", "/v1/x"), ("/x?y", "/v1/x?y"), ("/v1/x", "/v1/v1/x")]),
    ({"strip_prefix": "/old", "add_prefix": "/new"}, [
        ("/old/x", "/new/x"), ("/old", "/new/"), ("/x", "/new/x")]),
    ({"regex": r"^/user/(\d+)/?$", "replace": "/people?id={1}"}, [
        ("/user/17", "/people?id=17"), ("/user/17/", "/people?id=17"),
        ("/user/17?x=1", "/people?id=17&x=1"), ("/user/x?y", "/user/x?y"),
        ("/user/17/edit", "/user/17/edit")]),
    ({"regex": r"^/(?P<lang>[a-z]{2})/(?P<rest>.*)$", "replace": "/{rest}?lang={lang}"}, [
        ("/de/a/b", "/a/b?lang=de"), ("/de/", "/?lang=de"), ("/deu/a", "/deu/a"),
        ("/de/a?x=%26", "/a?lang=de&x=%26")]),
    ({"regex": "a", "replace": "b"}, [("/aXa", "/bXb"), ("/x?a=a", "/x?a=a")]),
    ({"regex": "^", "replace": "/p q"}, [("/x", "/p%20q/x")]),
    ({"regex": "^/x", "replace": ""}, [("/x", "/"), ("/x/y", "/y")]),
    ({"strip_prefix": "/a", "regex": "^/b", "replace": "/c", "add_prefix": "/d"}, [
        ("/a/b/x", "/d/c/x"), ("/b", "/d/c"), ("/a/x", "/a/x")]),
    ({"path": "/fixed"}, [("/x", "/fixed"), ("/y?q=1", "/fixed?q=1")]),
    ({"path": "/{request.host}{request.path}"}, [("/x;y=1/@z", "/test/x;y=1/@z")]),
    ({"path": "/index?u={request.path}"}, [("/a/b", "/index?u=/a/b"), ("/a?b", "/index?u=/a&b")]),
    ({"path": "/f/{query.name}"}, [
        ("/?name=a", "/f/a?name=a"), ("/?name=a%20b", "/f/a%20b?name=a%20b")]),
    ({"query": "q={request.path}"}, [("/a", "/a?q=/a"), ("/a?x=1", "/a?q=/a")]),
    ({"query": "all={request.query}"}, [("/a?x=1&y=2", "/a?all=x=1&y=2")]),
    ({"query": ""}, [("/a?x=1", "/a"), ("/a", "/a")]),
    ({"query_remove": ["utm_*", "x"]}, [
        ("/a?utm_source=1&b=2&x=3&xy=4", "/a?b=2&xy=4"), ("/a?%78=1", "/a"), ("/a?x", "/a"),
        ("/a", "/a")]),
    ({"query_set": {"v": "2", "who": "{client.address}"}}, [
        ("/a", "/a?v=2&who=127.0.0.1"), ("/a?v=1&b=1&%76=3", "/a?b=1&v=2&who=127.0.0.1")]),
    ({"query_set": {"a": "{request.header.x-none|a b&c}"}}, [("/", "/?a=a%20b%26c")]),
]


@pytest.mark.parametrize("keys, pairs", CASES, ids=[str(keys) for keys, _ in CASES])
def test_the_origin_is_asked_for(through, origin, keys, pairs):
    made = through(**keys)
    with made.client() as client:
        for asked, _ in pairs:
            assert client.get(asked).status == 200, asked
    assert [(asked, request.target) for (asked, _), request in zip(pairs, origin.requests)] == pairs


def test_values_cannot_add_segments_or_parameters(through, origin):
    made = through(query_set={"v": "{request.header.x}"})
    made.get("/a", "X: 1&admin=1#?/../")
    assert origin.requests[0].target == "/a?v=1%26admin%3D1%23%3F%2F..%2F"


def test_a_value_with_a_slash_makes_no_path(weir_to, origin):
    made = weir_to(origin, modules=["rewrite"],
                   route={"filters": [{"rewrite": {"path": "/files/{request.header.x}"}}]})
    assert made.get("/", "X: ../../admin").status == 400
    assert made.get("/", "X: a%2f..%2fadmin").status in (200, 400)
    assert made.get("/", "X: a?b=c").status == 200
    assert origin.requests[-1].target == "/files/a%3Fb%3Dc"
    assert not any("admin" in request.target and "%" not in request.target
                   for request in origin.requests)


def test_a_path_that_is_none_is_answered_with_400(through, origin):
    made = through(regex="^/up/", replace="/../")
    assert made.get("/up/x").status == 400
    assert made.get("/down").status == 200
    assert [request.target for request in origin.requests] == ["/down"]


def test_the_result_is_made_canonical(through, origin):
    through(regex="^/a/", replace="//b/./c/../%64/").get("/a/x")
    assert origin.requests[0].target == "/b/d/x"


def two_routes(weir, origin, other, keys, listener=()):
    return weir("\n".join([
        config.table("[server]", {"workers": 1, "drain": "2s"}),
        config.table("[[listener]]", {"address": "127.0.0.1:0", "filters": list(listener)}),
        config.table("[[route]]", {"path": "/old/*", "to": origin.url,
                                   "filters": [{"rewrite": keys}]}),
        config.table("[[route]]", {"path": "/new/*", "to": other.url}),
    ]), modules=["rewrite"])


def test_the_route_stays_unless_it_is_to_be_found_again(weir, make_origin):
    old, new = make_origin(), make_origin()
    keys = {"regex": "^/old/", "replace": "/new/"}
    assert two_routes(weir, old, new, keys).get("/old/x").status == 200
    assert (len(old.requests), len(new.requests)) == (1, 0)
    assert two_routes(weir, old, new, {**keys, "reroute": True}).get("/old/x").status == 200
    assert (len(old.requests), len(new.requests)) == (1, 1)
    assert new.requests[0].target == "/new/x"


def test_a_circle_of_reroutes_ends(weir, make_origin):
    old, new = make_origin(), make_origin()
    made = two_routes(weir, old, new,
                      {"regex": "^/old/", "replace": "/old/x", "reroute": True})
    assert made.get("/old/").status == 500
    assert not old.requests


def test_a_rewrite_in_a_listener_is_what_routes_see(weir, make_origin):
    old, new = make_origin(), make_origin()
    made = two_routes(weir, old, new, {"add_prefix": "/x"},
                      listener=[{"rewrite": {"strip_prefix": "/api"}}])
    assert made.get("/api/new/x").status == 200
    assert new.requests[0].target == "/new/x"


def test_bodies_pass_unchanged(through, origin):
    got = []
    origin.handler = lambda x: (got.append(x.body()), x.respond())
    through(strip_prefix="/api").get("/api/x", method="POST", body=b"body")
    assert got == [b"body"]
    assert origin.requests[0].method == "POST"


def test_wrong_expressions_are_errors_at_their_key(tmp_path):
    text = errors(tmp_path, regex="^/(a", replace="/")
    assert "not a regular expression: missing ): ^/(a" in text
    assert "regex has no group '2'" in errors(tmp_path, regex="(a)", replace="{2}")


def test_keys_that_contradict_each_other_are_errors(tmp_path):
    assert "go together" in errors(tmp_path, regex="a")
    assert "go together" in errors(tmp_path, replace="a")
    assert "whole new path" in errors(tmp_path, path="/a", strip_prefix="/b")
    assert "whole new query" in errors(tmp_path, query="a", query_remove=["b"])
    assert 'begins with "/"' in errors(tmp_path, strip_prefix="api")
