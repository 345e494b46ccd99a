# SPDX-License-Identifier: Apache-2.0
"""Which route a request takes, through the real proxy."""

import pytest

from harness import client, config


@pytest.fixture
def routed(weir, make_origin):
    """routed(name={match keys}, ...) gives ask(target, ...): the name of the route taken, or 404.

    Each route has an upstream of its own at the same origin, told apart by the Host it is sent.
    """
    origin = make_origin(lambda x: x.respond(body=x.request.get("Host").encode()))

    def start(**routes):
        text = config.table("[server]", {"workers": 1}) + config.table(
            "[[listener]]", {"address": "127.0.0.1:0"})
        for name, keys in routes.items():
            text += config.table("[[route]]", {"name": name, **keys, "to": name})
            text += config.table(f"[upstream.{name}]",
                                 {"endpoints": [origin.endpoint], "host": name})
        proxy = weir(text)

        def ask(target="/", *fields, **how):
            response = proxy.get(target, *fields, **how)
            return response.body.decode() if response.status == 200 else response.status

        return ask

    return start


class TestHosts:
    def test_exact_before_wildcard_before_any(self, routed):
        ask = routed(rest={}, wild={"host": "*.example.com"}, exact={"host": "www.example.com"},
                     deep={"host": "*.b.example.com"})
        assert ask(host="www.example.com") == "exact"
        assert ask(host="WWW.Example.Com:8080") == "exact"
        assert ask(host="www.example.com.") == "exact"
        assert ask(host="a.example.com") == "wild"
        assert ask(host="x.y.example.com") == "wild"
        assert ask(host="a.b.example.com") == "deep"
        assert ask(host="example.com") == "rest"
        assert ask(host="badexample.com") == "rest"
        assert ask(host="www.example.com.evil") == "rest"

    def test_several_hosts_of_one_route(self, routed):
        ask = routed(both={"host": ["a.test", "b.test"]})
        assert [ask(host=host) for host in ("a.test", "b.test", "c.test")] == ["both", "both", 404]


class TestPaths:
    def test_exact_before_parameter_before_prefix(self, routed):
        ask = routed(all={"path": "/*"}, users={"path": "/users/*"}, one={"path": "/users/{id}"},
                     me={"path": "/users/me"}, posts={"path": "/users/{id}/posts"})
        assert ask("/") == "all"
        assert ask("/users") == "users"
        assert ask("/users/17") == "one"
        assert ask("/users/me") == "me"
        assert ask("/users/17/posts") == "posts"
        assert ask("/users/17/posts/1") == "users"
        assert ask("/usersandmore") == "all"
        assert ask("/Users/me") == "all"

    def test_the_canonical_path_is_what_counts(self, routed):
        ask = routed(public={"path": "/public/*"}, admin={"path": "/admin/*"})
        for target in ("/public/../admin/x", "/public/%2e%2e/admin", "/%61dmin/", "//admin",
                       "/./admin", "/admin/a/..", "/ADMIN/../admin"):
            assert ask(target) == "admin", target
        assert ask("/public/..%2fadmin") == 400
        assert ask("/other") == 404

    def test_a_query_is_no_part_of_it(self, routed):
        ask = routed(exact={"path": "/a"})
        assert ask("/a?b=/c") == "exact"
        assert ask("/a%3Fb") == 404

    def test_an_escaped_slash_where_a_route_allows_it(self, routed):
        ask = routed(files={"path": "/files/{name}", "encoded_slash": True},
                     rest={"path": "/*"})
        assert ask("/files/a%2fb") == "files"
        assert ask("/other/a%2fb") == 400

    def test_thousands_of_routes(self, routed):
        ask = routed(**{f"r{n}": {"path": f"/r{n}/*"} for n in range(3000)})
        assert [ask(f"/r{n}/x") for n in (0, 1499, 2999)] == ["r0", "r1499", "r2999"]
        assert ask("/r3000/x") == 404


class TestMethods:
    def test_of_a_route(self, routed):
        ask = routed(read={"method": ["GET", "HEAD"]}, write={"method": "POST"})
        assert ask() == "read"
        assert ask(method="POST", body=b"a") == "write"
        assert ask(method="DELETE") in (404, 405)
        assert ask(method="get") in (404, 405)


class TestHeaders:
    def test_value_presence_and_absence(self, routed):
        ask = routed(test={"header": {"X-Env": "test"}}, some={"header": {"X-Env": True}},
                     none={"header": {"X-Env": False}})
        assert ask("/", "X-Env: test") == "test"
        assert ask("/", "x-env:   test  ") == "test"
        assert ask("/", "X-Env: Test") == "some"
        assert ask("/", "X-Env:") == "some"
        assert ask() == "none"

    def test_any_value_of_a_list(self, routed):
        ask = routed(listed={"header": {"X-Env": ["a", "b"]}}, rest={})
        assert [ask("/", f"X-Env: {value}") for value in "abc"] == ["listed", "listed", "rest"]

    def test_all_conditions_must_hold(self, routed):
        ask = routed(both={"header": {"X-A": "1", "X-B": "2"}}, rest={})
        assert ask("/", "X-A: 1", "X-B: 2") == "both"
        assert ask("/", "X-A: 1") == "rest"

    def test_a_second_value_cannot_ride_on_a_good_one(self, routed):
        # H05: the route sees one value, the application behind it may act on the other.
        ask = routed(good={"header": {"X-Role": "user"}}, rest={})
        assert ask("/", "X-Role: user") == "good"
        assert ask("/", "X-Role: user", "X-Role: admin") == "rest"
        assert ask("/", "X-Role: admin", "X-Role: user") == "rest"


class TestQuery:
    def test_parameters(self, routed):
        ask = routed(two={"query": {"v": "2"}}, some={"query": {"v": True}}, rest={})
        assert ask("/?v=2") == "two"
        assert ask("/?a=1&v=2&b") == "two"
        assert ask("/?%76=%32") == "two"
        assert ask("/?v=3") == "some"
        assert ask("/?v") == "some"
        assert ask("/?w=2") == "rest"

    def test_a_second_value_cannot_ride_on_a_good_one(self, routed):
        ask = routed(good={"query": {"role": "user"}}, rest={})
        assert ask("/?role=user&role=admin") == "rest"
        assert ask("/?role=admin&role=user") == "rest"


class TestCookies:
    def test_one_of_many(self, routed):
        ask = routed(beta={"cookie": {"beta": "yes"}}, rest={})
        assert ask("/", "Cookie: a=b; beta=yes; c=d") == "beta"
        assert ask("/", "Cookie: a=b", "Cookie: beta=yes") == "beta"
        assert ask("/", "Cookie: beta=yes2") == "rest"
        assert ask("/", "Cookie: a=beta=yes") == "rest"
        assert ask() == "rest"


class TestClients:
    def test_addresses(self, routed):
        ask = routed(local={"client": ["10.0.0.0/8", "127.0.0.1"]}, rest={})
        assert ask() == "local"

    def test_others(self, routed):
        ask = routed(other={"client": "10.0.0.0/8"})
        assert ask() == 404


def test_specificity_does_not_depend_on_the_order_of_the_file(routed):
    routes = {"any": {}, "host": {"host": "a.test"}, "path": {"host": "a.test", "path": "/x/*"},
              "method": {"host": "a.test", "path": "/x/*", "method": "POST"},
              "header": {"host": "a.test", "path": "/x/*", "header": {"X-A": "1"}}}
    for order in (routes, dict(reversed(routes.items()))):
        ask = routed(**order)
        assert ask() == "any"
        assert ask(host="a.test") == "host"
        assert ask("/x/y", host="a.test") == "path"
        assert ask("/x/y", host="a.test", method="POST") == "method"
        assert ask("/x/y", "X-A: 1", host="a.test") == "header"


def test_routes_of_one_listener_only(weir, make_origin):
    inner, outer = make_origin(), make_origin()
    proxy = weir(
        config.table("[[listener]]", {"name": "in", "address": "127.0.0.1:0"})
        + config.table("[[listener]]", {"name": "out", "address": "127.0.0.1:0"})
        + config.table("[[route]]", {"listener": "in", "to": inner.url})
        + config.table("[[route]]", {"listener": "out", "to": outer.url, "path": "/open/*"}))
    first, second = proxy.addresses

    def status(address, target):
        with client.Client(address) as made:
            return made.get(target).status

    assert [status(first, "/a"), status(second, "/a"), status(second, "/open/a")] == [200, 404, 200]
    assert (len(inner.requests), len(outer.requests)) == (1, 1)
