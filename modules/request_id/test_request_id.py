# SPDX-License-Identifier: Apache-2.0
"""request_id in a real proxy: one name for a request on both sides and in the log."""

import json
import re

import pytest

from harness import config, proxy

LOCAL = ["127.0.0.0/8"]
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def through(weir_to, origin):
    return lambda **keys: weir_to(origin, modules=["request_id"],
                                  listener={"filters": [{"request_id": keys}]})


def test_origin_and_client_are_told_the_same_id(through, origin):
    answer = through().get("/")
    assert UUID7.fullmatch(answer.get("X-Request-Id"))
    assert origin.requests[0].get("X-Request-Id") == answer.get("X-Request-Id")


def test_no_two_requests_share_an_id(through, origin):
    client = through().client()
    ids = {client.get("/").get("X-Request-Id") for _ in range(200)}
    assert len(ids) == 200
    assert len(origin.requests) == 200


@pytest.mark.parametrize("form, pattern", [
    ("uuid7", UUID7), ("uuid4", UUID4), ("hex", re.compile("[0-9a-f]{32}"))])
def test_an_id_has_the_form_that_was_asked_for(through, form, pattern):
    assert pattern.fullmatch(through(format=form).get("/").get("X-Request-Id"))


def test_an_id_of_a_stranger_is_replaced(through, origin):
    answer = through().get("/", "X-Request-Id: mine")
    assert UUID7.fullmatch(answer.get("X-Request-Id"))
    assert origin.requests[0].get("X-Request-Id") == answer.get("X-Request-Id")


def test_a_well_formed_id_of_a_trusted_peer_is_kept(through, origin):
    made = through(trusted=LOCAL)
    assert made.get("/", "X-Request-Id: Root=1-abc").get("X-Request-Id") == "Root=1-abc"
    assert origin.requests[0].get("X-Request-Id") == "Root=1-abc"


@pytest.mark.parametrize("lines", [
    ["X-Request-Id: a b"], ['X-Request-Id: a"b'], ["X-Request-Id: " + "x" * 129],
    ["X-Request-Id:"], ["X-Request-Id: one", "X-Request-Id: two"]])
def test_what_is_no_id_is_replaced_whoever_sent_it(through, origin, lines):
    answer = through(trusted=LOCAL).get("/", *lines)
    assert UUID7.fullmatch(answer.get("X-Request-Id"))
    assert origin.requests[0].get("X-Request-Id") == answer.get("X-Request-Id")


def test_the_id_of_the_response_is_ours_and_can_be_left_out(through, origin):
    origin.handler = lambda x: x.respond(200, ["X-Request-Id: of the origin"], b"")
    assert UUID7.fullmatch(through().get("/").get("X-Request-Id"))
    assert through(respond=False).get("/").get("X-Request-Id") == "of the origin"


def test_another_field_can_carry_it(through, origin):
    answer = through(header="X-Correlation-ID").get("/", "X-Request-Id: untouched")
    assert origin.requests[0].get("X-Correlation-ID") == answer.get("X-Correlation-ID")
    assert origin.requests[0].get("X-Request-Id") == "untouched"


def test_an_error_of_weir_itself_carries_it(weir_to):
    made = weir_to("http://127.0.0.1:1", modules=["request_id"],
                   listener={"filters": ["request_id"]})
    answer = made.get("/")
    assert answer.status == 502
    assert UUID7.fullmatch(answer.get("X-Request-Id"))


def test_the_log_has_it(weir_to, origin, tmp_path):
    log = tmp_path / "access.log"
    made = weir_to(origin, modules=["request_id", "access_log"],
                   listener={"filters": ["request_id"]},
                   more=f'[observe.access_log]\nfile = "{log}"\n')
    answer = made.get("/")
    made.stop()
    assert json.loads(log.read_text())["id"] == answer.get("X-Request-Id")


def test_a_trace_is_begun_under_the_same_id(through, origin):
    answer = through(traceparent=True).get("/", f"Traceparent: {PARENT}", "Tracestate: a=1")
    trace = answer.get("X-Request-Id").replace("-", "")
    assert re.fullmatch(f"00-{trace}-[0-9a-f]{{16}}-01", origin.requests[0].get("Traceparent"))
    assert not origin.requests[0].fields.has("Tracestate")


def test_a_trace_of_a_trusted_peer_goes_on(through, origin):
    through(traceparent=True, trusted=LOCAL).get("/", f"Traceparent: {PARENT}", "Tracestate: a=1")
    assert origin.requests[0].get("Traceparent") == PARENT
    assert origin.requests[0].get("Tracestate") == "a=1"


def test_a_broken_trace_begins_anew(through, origin):
    through(traceparent=True, trusted=LOCAL).get("/", f"Traceparent: {PARENT}0", "Tracestate: a=1")
    assert origin.requests[0].get("Traceparent").startswith("00-")
    assert origin.requests[0].get("Traceparent") != PARENT
    assert not origin.requests[0].fields.has("Tracestate")


def test_a_share_of_new_traces_is_sampled(through, origin):
    through(traceparent=True, sampled="0%").get("/")
    assert origin.requests[0].get("Traceparent").endswith("-00")


def test_without_the_key_traces_are_left_alone(through, origin):
    through().get("/", f"Traceparent: {PARENT}")
    assert origin.requests[0].get("Traceparent") == PARENT


def test_a_wrong_field_name_is_found_by_check(tmp_path):
    file = tmp_path / "weir.toml"
    file.write_text(config.simple("http://127.0.0.1:1", modules=["request_id"],
                                  route={"filters": [{"request_id": {"header": "a:b"}}]}))
    done = proxy.run("check", file)
    assert done.returncode == 1
    assert "not the name of a header field" in done.stdout + done.stderr
