# SPDX-License-Identifier: Apache-2.0
"""headers in a real proxy: what arrives on either side is compared line by line."""

import pytest

from harness import config, proxy


@pytest.fixture
def through(weir_to, origin):
    """through({keys}) starts a proxy whose route has one headers filter with these keys."""
    return lambda **keys: weir_to(origin, modules=["headers"],
                                  route={"filters": [{"headers": keys}]})


def errors(tmp_path, **keys):
    file = tmp_path / "weir.toml"
    file.write_text(config.simple("http://127.0.0.1:1", modules=["headers"],
                                  route={"filters": [{"headers": keys}]}))
    done = proxy.run("check", file)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_set_replaces_all_lines_of_a_name(through, origin):
    through(request={"set": {"X-A": "new"}}).get("/", "X-A: 1", "x-a: 2")
    assert origin.requests[0].all("X-A") == ["new"]


def test_add_leaves_what_is_there(through, origin):
    through(request={"add": {"X-A": "new"}}).get("/", "X-A: 1")
    assert origin.requests[0].all("X-A") == ["1", "new"]


def test_remove_drops_all_lines_of_a_name(through, origin):
    through(request={"remove": ["x-a", "X-None"]}).get("/", "X-A: 1", "X-B: 2", "X-A: 3")
    assert not origin.requests[0].fields.has("X-A")
    assert origin.requests[0].get("X-B") == "2"


def test_rename_moves_all_lines_and_drops_those_in_the_way(through, origin):
    through(request={"rename": {"X-Old": "X-New"}}).get(
        "/", "X-New: spoofed", "X-Old: 1", "X-Old: 2")
    assert origin.requests[0].all("X-New") == ["1", "2"]
    assert not origin.requests[0].fields.has("X-Old")


def test_rename_of_what_is_not_there_changes_nothing(through, origin):
    through(request={"rename": {"X-Old": "X-New"}}).get("/", "X-New: 1")
    assert origin.requests[0].all("X-New") == ["1"]


def test_set_if_absent_leaves_what_is_there(through, origin):
    made = through(request={"set_if_absent": {"X-A": "mine", "X-B": "mine"}})
    made.get("/", "X-A: yours")
    assert origin.requests[0].all("X-A") == ["yours"]
    assert origin.requests[0].all("X-B") == ["mine"]


def test_values_are_made_before_anything_changes(through, origin):
    through(request={"remove": ["X-A"], "set": {"X-B": "{request.header.x-a}"},
                     "rename": {"X-C": "X-D"}}).get("/", "X-A: 1", "X-C: 2")
    assert origin.requests[0].get("X-B") == "1"
    assert origin.requests[0].get("X-D") == "2"
    assert not origin.requests[0].fields.has("X-A")


def test_values_are_templates(through, origin):
    value = "{client.address} {request.method} {request.path} {query.q} {cookie.c|none}"
    through(request={"set": {"X-All": value}}).get("/a/b?q=1")
    assert origin.requests[0].get("X-All") == "127.0.0.1 GET /a/b 1 none"


def test_a_value_is_never_looked_at_again(through, origin):
    through(request={"set": {"X-B": "{request.header.x-a}"}}).get("/", "X-A: {client.address}")
    assert origin.requests[0].get("X-B") == "{client.address}"


def test_an_empty_value_means_no_field(through, origin):
    through(request={"set": {"X-A": "{query.none}"}, "add": {"X-B": "{query.none}"}}).get(
        "/", "X-A: spoofed")
    assert not origin.requests[0].fields.has("X-A")
    assert not origin.requests[0].fields.has("X-B")


def test_the_client_address_can_be_passed_on(through, origin):
    through(request={"set": {"X-Real-IP": "{client.address}"}}).get("/", "X-Real-IP: 1.2.3.4")
    assert origin.requests[0].all("X-Real-IP") == ["127.0.0.1"]


def test_host_can_be_set(through, origin):
    through(request={"set": {"Host": "inner.test"}}).get("/", host="outer.test")
    assert origin.requests[0].all("Host") == ["inner.test"]


def test_responses_are_changed_too(through, origin):
    origin.handler = lambda x: x.respond(200, ["Server: s", "X-Old: 1", "X-Old: 2", "X-A: 1"])
    answer = through(response={"remove": ["server"], "rename": {"X-Old": "X-New"},
                               "set": {"X-A": "{request.path}"}, "add": {"X-B": "b"}}).get("/p")
    assert not answer.fields.has("Server")
    assert answer.all("X-New") == ["1", "2"]
    assert answer.all("X-A") == ["/p"]
    assert answer.all("X-B") == ["b"]


def test_a_response_is_only_changed_when_its_status_is_listed(through, origin):
    made = through(response={"set": {"X-A": "1"}}, when={"status": ["404", "5xx", "200-204"]})
    for status, changed in ((404, True), (503, True), (201, True), (302, False), (400, False)):
        origin.handler = lambda x, status=status: x.respond(status)
        assert made.get("/").fields.has("X-A") == changed, status


def test_when_holds_back_responses_and_not_requests(through, origin):
    through(request={"set": {"X-A": "1"}}, when={"status": ["500"]}).get("/")
    assert origin.requests[0].get("X-A") == "1"


def test_the_secure_preset_fills_in_what_is_missing(through, origin):
    origin.handler = lambda x: x.respond(200, ["X-Frame-Options: DENY"])
    answer = through(preset="secure").get("/")
    assert answer.all("X-Frame-Options") == ["DENY"]
    assert answer.all("X-Content-Type-Options") == ["nosniff"]
    assert answer.all("Referrer-Policy") == ["strict-origin-when-cross-origin"]
    assert answer.all("X-Permitted-Cross-Domain-Policies") == ["none"]
    assert not answer.fields.has("Strict-Transport-Security")


def test_responses_of_weir_itself_are_changed_too(through, origin):
    origin.refuse()
    answer = through(response={"set": {"X-A": "1"}}).get("/")
    assert answer.status == 502
    assert answer.get("X-A") == "1"


def test_filters_of_listener_and_route_add_up(weir_to, origin):
    made = weir_to(origin, modules=["headers"],
                   listener={"filters": [{"headers": {"request": {"add": {"X-A": "listener"}}}}]},
                   route={"filters": [{"headers": {"request": {"add": {"X-A": "route"}}}}]})
    made.get("/")
    assert origin.requests[0].all("X-A") == ["listener", "route"]


def test_what_it_does_not_name_passes_unchanged(through, origin):
    origin.handler = lambda x: x.respond(200, ["X-1: a b", "X-2: \xe4", "X-3:"], b"body")
    answer = through(request={"set": {"X-Set": "1"}}, response={"set": {"X-Set": "1"}}).get(
        "/", "X-1: a  b", "X-2: \xe4", "X-3:", "Accept: */*")
    for name, value in (("X-1", "a  b"), ("X-2", "\xe4"), ("X-3", ""), ("Accept", "*/*")):
        assert origin.requests[0].all(name) == [value]
    for name, value in (("X-1", "a b"), ("X-2", "\xe4"), ("X-3", "")):
        assert answer.all(name) == [value]
    assert answer.body == b"body"


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "Connection",
                                  "Keep-Alive", "TE", "Trailer", "Upgrade"])
def test_framing_fields_are_refused_at_load(tmp_path, name):
    assert "frames the message" in errors(tmp_path, request={"set": {name: "1"}})
    assert "frames the message" in errors(tmp_path, response={"remove": [name]})
    assert "frames the message" in errors(tmp_path, response={"rename": {"X-A": name}})


def test_host_cannot_be_removed_or_added(tmp_path):
    assert "one Host" in errors(tmp_path, request={"remove": ["host"]})
    assert "one Host" in errors(tmp_path, request={"add": {"Host": "a"}})
    assert "one Host" in errors(tmp_path, response={"set": {"Host": "a"}})


def test_impossible_names_and_statuses_are_errors_at_their_place(tmp_path):
    assert "name" in errors(tmp_path, request={"set": {"X A": "1"}})
    assert "not a name that a field can have" in errors(tmp_path, request={"remove": ["X:A"]})
    assert "not a status of a response" in errors(tmp_path, when={"status": ["200", "teapot"]})
