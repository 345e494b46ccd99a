# SPDX-License-Identifier: Apache-2.0
"""real_ip in a real proxy: who is taken for the client, whatever a request claims."""

import pytest

from harness import config, proxy

LOCAL = ["127.0.0.0/8"]
SHOWN = {"headers": {"request": {"set": {"X-Seen": "{client.address}"}}}}


@pytest.fixture
def seen(weir_to, origin):
    """seen(line, ..., key=value) is the client of a request with these lines."""

    def ask(*lines, **keys):
        through = weir_to(origin, modules=["real_ip", "headers"],
                          listener={"filters": [{"real_ip": keys}]},
                          route={"filters": [SHOWN]})
        assert through.get("/", *lines).status == 200
        return origin.requests[-1].get("X-Seen")

    return ask


@pytest.mark.parametrize("lines, client", [
    (["X-Forwarded-For: 203.0.113.7"], "203.0.113.7"),
    (["X-Forwarded-For: 203.0.113.7:5000"], "203.0.113.7"),
    (["X-Forwarded-For: 2001:db8::7"], "2001:db8::7"),
    (["X-Forwarded-For: [2001:db8::7]:443"], "2001:db8::7"),
    (["X-Forwarded-For: 198.51.100.1, 203.0.113.7"], "203.0.113.7"),
    (["X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 203.0.113.7"], "203.0.113.7"),
    (["X-Forwarded-For: 203.0.113.7, 127.0.0.9"], "203.0.113.7"),
    (["X-Forwarded-For: 127.0.0.8, 127.0.0.9"], "127.0.0.8"),
    (["X-Forwarded-For: 198.51.100.1, garbage"], "127.0.0.1"),
    (["X-Forwarded-For: 198.51.100.1, garbage, 127.0.0.9"], "127.0.0.9"),
    (["X-Forwarded-For: 198.51.100.1,"], "127.0.0.1"),
    (["X-Forwarded-For: unknown"], "127.0.0.1"),
    (["X-Forwarded-For: 010.0.0.1"], "127.0.0.1"),
    (["Forwarded: for=203.0.113.7"], "127.0.0.1"),
    ([], "127.0.0.1"),
])
def test_a_list_is_walked_from_the_nearest_proxy_outwards(seen, lines, client):
    assert seen(*lines, trusted=LOCAL) == client


@pytest.mark.parametrize("line, client", [
    ("for=203.0.113.7", "203.0.113.7"),
    ('For="203.0.113.7:5000";proto=https;by=10.0.0.1', "203.0.113.7"),
    ('for=198.51.100.1, for="[2001:db8::7]:443"', "2001:db8::7"),
    ('for=198.51.100.1;host="a, for=203.0.113.7"', "198.51.100.1"),
    ('for="198.51.100.1, for=203.0.113.7', "127.0.0.1"),
    ("for=198.51.100.1, for=_hidden", "127.0.0.1"),
    ("for=198.51.100.1, for=unknown", "127.0.0.1"),
    ("for=198.51.100.1, proto=https", "127.0.0.1"),
    ("for=2001:db8::7", "127.0.0.1"),
])
def test_forwarded_is_read_by_its_grammar(seen, line, client):
    assert seen(f"Forwarded: {line}", trusted=LOCAL, header="Forwarded") == client


@pytest.mark.parametrize("lines, client", [
    (["CF-Connecting-IP: 203.0.113.7"], "203.0.113.7"),
    (["CF-Connecting-IP: 198.51.100.1, 203.0.113.7"], "127.0.0.1"),
    (["CF-Connecting-IP: 198.51.100.1", "CF-Connecting-IP: 203.0.113.7"], "127.0.0.1"),
])
def test_a_field_of_one_address_has_exactly_one(seen, lines, client):
    assert seen(*lines, trusted=LOCAL, header="cf-connecting-ip") == client


def test_x_real_ip_counts_where_the_server_trusts_the_proxy_as_well(weir_to, origin):
    for trusted, client in ((LOCAL, "203.0.113.7"), ([], "127.0.0.1")):
        keys = {"trusted": LOCAL, "header": "X-Real-IP"}
        through = weir_to(origin, modules=["real_ip", "headers"],
                          server={"trusted_proxies": trusted},
                          listener={"filters": [{"real_ip": keys}]}, route={"filters": [SHOWN]})
        through.get("/", "X-Real-IP: 203.0.113.7")
        assert origin.requests[-1].get("X-Seen") == client


def test_without_recursion_the_nearest_entry_is_the_client(seen):
    line = "X-Forwarded-For: 203.0.113.7, 127.0.0.9"
    assert seen(line, trusted=LOCAL, recursive=False) == "127.0.0.9"


def test_a_stranger_is_not_believed_and_its_field_goes_no_further(seen, origin):
    lines = ["X-Forwarded-For: 203.0.113.7", "CF-Connecting-IP: 203.0.113.7"]
    assert seen(*lines, trusted=["10.0.0.0/8"]) == "127.0.0.1"
    assert origin.requests[-1].get("X-Forwarded-For") == "127.0.0.1"
    assert seen(*lines, trusted=["10.0.0.0/8"], header="CF-Connecting-IP") == "127.0.0.1"
    assert not origin.requests[-1].fields.has("CF-Connecting-IP")


def test_the_origin_is_told_of_the_client_that_was_found(seen, origin):
    seen("X-Forwarded-For: 198.51.100.1, 203.0.113.7", trusted=LOCAL)
    assert origin.requests[-1].get("X-Forwarded-For") == "203.0.113.7"


def test_peers_of_a_unix_socket_are_trusted_only_if_told_to(weir_to, origin, tmp_path):
    for trusted, client in ((True, "203.0.113.7"), (False, "unix")):
        keys = {"trusted": ["10.0.0.0/8"], "trust_unix": trusted}
        through = weir_to(origin, modules=["real_ip", "headers"],
                          listener={"address": f"unix:{tmp_path}/{trusted}",
                                    "filters": [{"real_ip": keys}]},
                          route={"filters": [SHOWN]})
        assert through.get("/", "X-Forwarded-For: 203.0.113.7").status == 200
        assert origin.requests[-1].get("X-Seen") == client


@pytest.mark.parametrize("keys, text", [
    ({}, "trusts nobody"),
    ({"trusted": ["10.0.0.0/8"], "header": "a b"}, "not the name of a header field"),
])
def test_wrong_keys_are_found_by_check(tmp_path, keys, text):
    file = tmp_path / "weir.toml"
    file.write_text(config.simple("http://127.0.0.1:1", modules=["real_ip"],
                                  listener={"filters": [{"real_ip": keys}]}))
    done = proxy.run("check", file)
    assert done.returncode == 1
    assert text in done.stdout + done.stderr


def test_routes_are_chosen_by_the_client_that_was_found(weir_to, origin, make_origin):
    office = make_origin()
    through = weir_to(origin, modules=["real_ip"],
                      listener={"filters": [{"real_ip": {"trusted": LOCAL}}]},
                      more=config.table("[[route]]", {"client": ["203.0.113.0/24"],
                                                      "to": office.url}))
    through.get("/", "X-Forwarded-For: 203.0.113.7")
    through.get("/", "X-Forwarded-For: 198.51.100.1")
    assert (len(office.requests), len(origin.requests)) == (1, 1)
