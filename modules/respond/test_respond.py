# SPDX-License-Identifier: Apache-2.0
"""respond in a real proxy."""

import json

import pytest

from harness import config, proxy


def conf(keys):
    return (config.table("[server]", {"workers": 1, "drain": "2s"})
            + config.table("[[listener]]", {"address": "127.0.0.1:0"})
            + config.table("[[route]]", {"filters": [{"respond": keys} if keys else "respond"]}))


@pytest.fixture
def respond(weir):
    """respond(**keys) starts a proxy that answers everything so."""
    return lambda **keys: weir(conf(keys), modules=["respond"])


def errors(tmp_path, **keys):
    file = tmp_path / "weir.toml"
    file.write_text('modules = ["respond"]\n' + conf(keys))
    done = proxy.run("check", file)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_without_keys_it_is_an_empty_200(respond):
    answer = respond().get("/")
    assert (answer.status, answer.body) == (200, b"")
    assert not answer.fields.has("Content-Type")
    assert answer.get("Content-Length") == "0"


def test_status_body_and_fields_are_what_the_file_says(respond):
    answer = respond(status=503, body="back at noon\n", content_type="text/x-test",
                     headers={"Retry-After": "3600", "X-A": "1"}).get("/")
    assert (answer.status, answer.body) == (503, b"back at noon\n")
    assert answer.get("Content-Type") == "text/x-test"
    assert answer.get("Retry-After") == "3600"
    assert answer.get("X-A") == "1"


def test_the_body_is_a_template(respond):
    made = respond(body="{client.address} asks for {request.path} {{}}",
                   headers={"X-Host": "{request.host}", "X-None": "{query.none}"})
    answer = made.get("/a", host="a.test")
    assert answer.body == b"127.0.0.1 asks for /a {}"
    assert answer.get("Content-Type") == "text/plain; charset=utf-8"
    assert answer.get("X-Host") == "a.test"
    assert not answer.fields.has("X-None")


def test_values_stay_text_in_json(respond):
    made = respond(body='{{"said": "{request.header.x}"}}', content_type="application/json")
    assert json.loads(made.get("/", 'X: "}\\').body) == {"said": '"}\\'}


def test_values_are_no_markup_in_html(respond):
    made = respond(body="<p>{request.header.x}</p>", content_type="text/html")
    body = made.get("/", 'X: <script>"\'&').body.decode()
    assert body.startswith("<p>") and body.endswith("</p>")
    assert not set(body[3:-4]) & set("<>\"'")


def test_head_gets_the_head_alone(respond):
    with respond(body="hello").client() as client:
        answer = client.get("/", method="HEAD")
        assert (answer.status, answer.body) == (200, b"")
        assert answer.get("Content-Length") == "5"
        assert client.get("/").body == b"hello"


def test_a_status_without_body_has_none(respond):
    answer = respond(status=204).get("/")
    assert answer.status == 204
    assert not answer.fields.has("Content-Length")


def test_a_file_is_sent_as_it_is(respond, tmp_path):
    data = bytes(range(256)) * 3000 + b"{client.address}"
    (tmp_path / "page").write_bytes(data)
    answer = respond(file=str(tmp_path / "page"), content_type="image/x-test").get("/")
    assert answer.body == data
    assert answer.get("Content-Type") == "image/x-test"


def test_the_connection_goes_on_behind_a_body(respond):
    with respond(status=403, body="no\n").client() as client:
        assert client.get("/a", method="POST", body=b"x" * 1000).status == 403
        assert client.get("/b").status == 403


def test_it_answers_for_a_whole_listener(weir):
    made = weir(conf({"body": "route"})
                + config.table("[[listener]]", {"address": "127.0.0.1:0",
                                                "filters": [{"respond": {"body": "listener"}}]}),
                modules=["respond"])
    bodies = [made.client(address).get("/").body for address in made.addresses]
    assert bodies == [b"route", b"listener"]


def test_filters_before_it_see_the_response(weir):
    made = weir(config.table("[server]", {"workers": 1, "drain": "2s"})
                + config.table("[[listener]]", {"address": "127.0.0.1:0"})
                + config.table("[[route]]", {"filters": [
                    {"headers": {"response": {"set": {"X-A": "1"}}}},
                    {"respond": {"body": "x"}}]}),
                modules=["respond", "headers"])
    assert made.get("/").get("X-A") == "1"


def test_mistakes_are_errors_at_their_key(tmp_path):
    page = tmp_path / "page"
    page.write_bytes(b"x" * (1024 * 1024 + 1))
    assert "has no body" in errors(tmp_path, status=204, body="x")
    assert "status" in errors(tmp_path, status=101)
    assert "no such file" in errors(tmp_path, file=str(tmp_path / "none"))
    assert "larger than 1 MiB" in errors(tmp_path, file=str(page))
    assert "body or file" in errors(tmp_path, body="x", file=str(page))
    assert "content_type" in errors(tmp_path, headers={"Content-Type": "a/b"})
    assert "frames the message" in errors(tmp_path, headers={"Content-Length": "1"})
