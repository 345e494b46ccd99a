# SPDX-License-Identifier: Apache-2.0
"""access_log in a real proxy: what stands in a line, which lines there are, and where they go."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

from harness import config, pace, proxy

COMBINED = re.compile(
    r'127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\] "([^ ]+) ([^ ]+) (HTTP/1\.1)" '
    r'(\d{3}) (\d+) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"')


@pytest.fixture
def log(tmp_path):
    return tmp_path / "access.log"


@pytest.fixture
def logged(weir_to, origin, log):
    """logged(key=value) starts a proxy that logs into the file `log`."""

    def start(**keys):
        keys = {"file": str(log), **keys}
        return weir_to(origin, modules=["access_log"],
                       more=config.table("[observe.access_log]", keys))

    return start


def until(found):
    """Waits for what `found` gives once it is true."""
    end = time.monotonic() + pace.PATIENCE
    while not (result := found()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
    return result


def lines_of(made, log):
    made.stop()
    return log.read_text().splitlines()


def only(made, log):
    lines = lines_of(made, log)
    assert len(lines) == 1, lines
    return lines[0]


def test_json_tells_of_the_exchange(logged, log, origin):
    origin.handler = lambda x: x.respond(201, [], b"answer")
    made = logged()
    made.get("/a/b?c=1", "User-Agent: curl/8", "Referer: http://r/", method="POST",
             body=b"question")
    line = json.loads(only(made, log))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert {key: line[key] for key in ("client", "method", "scheme", "host", "path", "query",
                                       "version", "status", "reason", "bytes", "received",
                                       "referer", "user_agent", "endpoint", "upstream_status",
                                       "attempts")} == {
        "client": "127.0.0.1", "method": "POST", "scheme": "http", "host": "test", "path": "/a/b",
        "query": "c=1", "version": "HTTP/1.1", "status": 201, "reason": "ok", "bytes": 6,
        "received": 8, "referer": "http://r/", "user_agent": "curl/8",
        "endpoint": origin.endpoint, "upstream_status": 201, "attempts": 1}
    assert 0 < line["upstream_duration"] <= line["duration"] < 10


def test_json_leaves_out_what_is_not_there(logged, log):
    made = logged()
    made.get("/")
    line = json.loads(only(made, log))
    assert not {"query", "referer", "user_agent", "id"} & line.keys()


def test_combined_is_what_everybody_reads(logged, log):
    made = logged(format="combined")
    made.get("/a?b=c", "User-Agent: say \"hi\"")
    match = COMBINED.fullmatch(only(made, log))
    assert match, log.read_text()
    assert match.groups() == ("GET", "/a?b=c", "HTTP/1.1", "200", "6", "-", r"say \"hi\"")


def test_logfmt_has_the_same_fields(logged, log):
    made = logged(format="logfmt")
    made.get("/a", "User-Agent: a b")
    line = only(made, log)
    assert " method=GET scheme=http host=test path=/a version=HTTP/1.1 status=200 " in line
    assert line.endswith(' user_agent="a b"')


def test_a_template_makes_any_line(logged, log):
    made = logged(format="{{{request.method}}} {request.header.X-A|none} {query.q} {cookie.c}"
                         " {response.header.x-b|-} {response.status}")
    made.get("/?q=1", "Cookie: a=0; c=2")
    assert only(made, log) == "{GET} none 1 2 - 200"


def test_fields_are_added_replaced_and_removed(logged, log):
    made = logged(fields={"kind": "{request.header.accept|any}", "path": "{request.target}",
                          "scheme": ""})
    made.get("/a?b")
    line = json.loads(only(made, log))
    assert (line["kind"], line["path"]) == ("any", "/a?b")
    assert "scheme" not in line


def test_only_own_fields_can_be_written(logged, log):
    made = logged(standard=False, fields={"s": "{response.status}", "ms": "{duration.ms}"})
    made.get("/")
    assert re.fullmatch(r'\{"ms":\d+\.\d{3},"s":200\}|\{"s":200,"ms":\d+\.\d{3}\}',
                        only(made, log))


@pytest.mark.parametrize("form", ["json", "combined", "logfmt", "{request.header.user-agent}"])
def test_no_request_can_forge_a_line_or_steer_a_terminal(logged, log, form):
    made = logged(format=form)
    evil = 'x\x1b[31m" 200 {request.path}\\\xff\x9b'.replace("\x1b", "\t")
    made.get('/"a%0d%0ab%1b', f"User-Agent: {evil}", f"Referer: {evil}")
    made.stop()
    text = log.read_bytes()
    assert text.count(b"\n") == 1 and text.endswith(b"\n")
    assert all(0x20 <= byte < 0x7f for byte in text[:-1])
    if form == "json":
        json.loads(text)


def test_a_line_stays_below_8_kib_and_whole(logged, log):
    made = logged()
    long = "x" * 3000
    made.get("/" + long + "?" + long, "User-Agent: " + '"' * 3000, "Referer: " + long)
    text = only(made, log)
    assert len(text) < 8192
    assert json.loads(text)["cut"] is True
    assert json.loads(text)["user_agent"].startswith('"""')


def test_secrets_are_hidden(logged, log):
    made = logged(redact=["key", "session"], fields={
        "auth": "{request.header.authorization}", "cookies": "{request.header.cookie}",
        "session": "{cookie.session}", "lang": "{cookie.lang}", "target": "{request.target}"})
    made.get("/a?KEY=hush1&b=1&%6bey=hush2", "Authorization: Basic hush3",
             "Cookie: session=hush4; lang=en", "Referer: http://r/?key=hush5")
    text = only(made, log)
    line = json.loads(text)
    assert "hush" not in text
    assert line["query"] == "KEY=***&b=1&%6bey=***"
    assert (line["auth"], line["session"], line["lang"]) == ("***", "***", "en")


def test_usual_names_of_secrets_are_hidden_without_being_told(logged, log):
    made = logged()
    made.get("/a?token=hush&access_token=hush")
    assert "hush" not in only(made, log)


def test_lines_are_chosen_by_status(logged, log, origin):
    origin.handler = lambda x: x.respond(int(x.request.target[1:]), [], b"")
    made = logged(when={"status": ["5xx", "404"]}, format="{response.status}")
    for status in (200, 404, 403, 500, 503):
        made.get(f"/{status}")
    assert lines_of(made, log) == ["404", "500", "503"]


def test_lines_are_chosen_by_duration(logged, log, origin):
    def handler(x):
        time.sleep(0.3 if x.request.target == "/slow" else 0)
        x.respond(200, [], b"")

    origin.handler = handler
    made = logged(when={"slower_than": "200ms"}, format="{request.path}")
    made.get("/fast")
    made.get("/slow")
    assert lines_of(made, log) == ["/slow"]


def test_paths_can_be_left_out(logged, log):
    made = logged(skip=["/healthz", "/assets/*"], format="{request.path}")
    for path in ("/healthz", "/assets/a", "/assets", "/"):
        made.get(path)
    assert lines_of(made, log) == ["/assets", "/"]


def test_a_sample_is_written(logged, log):
    made = logged(sample="10%", format="{request.path}")
    client = made.client()
    for _ in range(1000):
        client.get("/")
    assert 50 < len(lines_of(made, log)) < 170


def test_a_refused_request_has_a_line_too(logged, log, raw):
    made = logged()
    raw(made.port).send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    text = until(lambda: log.exists() and log.read_text())
    assert json.loads(text)["status"] == 400


def test_lines_come_within_a_second_or_two(logged, log):
    made = logged()
    made.get("/")
    until(lambda: log.exists() and log.read_text())
    assert made.process.poll() is None


def test_after_logrotate_and_the_signal_a_new_file_is_written(logged, log):
    made = logged(format="{request.path}")
    made.get("/before")
    until(lambda: log.read_text())
    log.rename(log.with_suffix(".1"))
    made.signal(signal.SIGUSR1)
    until(log.exists)
    made.get("/after")
    assert lines_of(made, log) == ["/after"]
    assert log.with_suffix(".1").read_text() == "/before\n"


@pytest.mark.timeout(60)
def test_no_line_is_lost_by_rotation_under_load(logged, log):
    made = logged(format="{request.path}")
    client = made.client()
    for round_number in range(5):
        for index in range(200):
            client.get(f"/{round_number}/{index}")
        log.rename(log.with_suffix(f".{round_number}"))
        made.signal(signal.SIGUSR1)
        until(log.exists)
    made.stop()
    text = "".join(p.read_text() for p in log.parent.glob("access.*"))
    expected = {f"/{r}/{i}" for r in range(5) for i in range(200)}
    assert len(text.splitlines()) == 1000
    assert set(text.splitlines()) == expected


def test_what_is_buffered_is_written_at_the_end(logged, log):
    made = logged(buffer="1MiB", format="{request.path}")
    client = made.client()
    for index in range(300):
        client.get(f"/{index}")
    assert lines_of(made, log) == [f"/{index}" for index in range(300)]


def test_two_loops_share_a_file_without_mixing_lines(weir_to, origin, log):
    made = weir_to(origin, modules=["access_log"], server={"workers": 2},
                   more=config.table("[observe.access_log]", {"file": str(log)}))
    clients = [made.client() for _ in range(8)]
    for _ in range(50):
        for client in clients:
            client.get("/" + "x" * 500)
    lines = lines_of(made, log)
    assert len(lines) == 400
    for line in lines:
        assert json.loads(line)["status"] == 200


def test_standard_output_and_error_can_be_the_target(weir_to, origin):
    for target in ("stdout", "stderr"):
        made = weir_to(origin, modules=["access_log"], more=config.table(
            "[observe.access_log]", {"target": target, "format": "seen {request.path}"}))
        made.get("/a")
        made.stop()
        assert "seen /a" in getattr(made, target)


def test_syslog_gets_each_line(weir_to, origin, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as logger:
        logger.bind(str(tmp_path / "log"))
        logger.settimeout(pace.PATIENCE)
        made = weir_to(origin, modules=["access_log"], more=config.table(
            "[observe.access_log]", {"target": "syslog", "socket": str(tmp_path / "log"),
                                     "facility": "local3", "tag": "edge",
                                     "format": "seen {request.path}"}))
        made.get("/a")
        assert re.fullmatch(rb"<158>\w{3} [ \d]\d \d\d:\d\d:\d\d edge\[\d+\]: seen /a",
                            logger.recv(9000))


def test_a_full_disk_stops_no_request_and_is_told_once(weir_to, origin):
    made = weir_to(origin, modules=["access_log"],
                   more=config.table("[observe.access_log]", {"file": "/dev/full"}))
    for _ in range(10):
        assert made.get("/").status == 200
    made.await_line("lines were dropped: No space left on device")
    assert made.get("/").status == 200


def test_a_reader_that_stops_reading_stops_no_request(weir_to, origin, log):
    os.mkfifo(log)
    reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    try:
        made = weir_to(origin, modules=["access_log"], more=config.table(
            "[observe.access_log]", {"file": str(log), "buffer": "32KiB"}))
        client = made.client()
        began = time.monotonic()
        for _ in range(1000):
            assert client.get("/").status == 200
        assert time.monotonic() - began < 10
    finally:
        os.close(reader)


def test_a_file_that_cannot_be_opened_stops_the_start(origin, tmp_path):
    file = tmp_path / "weir.toml"
    file.write_text(config.simple(origin, modules=["access_log"], more=config.table(
        "[observe.access_log]", {"file": str(tmp_path / "none" / "access.log")})))
    done = proxy.run("run", "-c", file)
    assert done.returncode == 2
    assert "none/access.log: No such file or directory" in done.stderr


@pytest.mark.skipif(not shutil.which("goaccess"), reason="goaccess is not installed")
@pytest.mark.parametrize("keys, form", [
    ({"format": "combined"}, ["--log-format=COMBINED"]),
    ({}, ['--log-format={"time":"%dT%t.%^","client":"%h","method":"%m","host":"%v","path":"%U",'
          '"query":"%q","version":"%H","status":"%s","bytes":"%b","duration":"%T",'
          '"referer":"%R","user_agent":"%u"}',
          "--date-format=%Y-%m-%d", "--time-format=%H:%M:%S"]),
])
def test_goaccess_reads_it(logged, log, tmp_path, keys, form):
    made = logged(**keys)
    client = made.client()
    for index in range(20):
        client.get(f"/page{index % 2}", "User-Agent: Mozilla/5.0 (X11; Linux x86_64)",
                   "Referer: http://example.com/")
    made.stop()
    report = tmp_path / "report.json"
    subprocess.run(["goaccess", log, *form, "--no-global-config", "-o", report], check=True,
                   capture_output=True, timeout=pace.PATIENCE)
    general = json.loads(report.read_text())["general"]
    assert (general["valid_requests"], general["failed_requests"]) == (20, 0)


@pytest.mark.parametrize("keys, text", [
    ({"format": "xml"}, "expected json, logfmt, combined or a template"),
    ({"format": "{client.adress}"}, "unknown name 'client.adress'"),
    ({"format": "combined", "fields": {"a": "b"}}, "belongs to the formats json and logfmt"),
    ({"fields": {"a b": "x"}}, "a field's name has"),
    ({"fields": {"a": "{nonsense}"}}, "unknown name 'nonsense'"),
    ({"when": {"status": ["6xx"]}}, "is no status"),
    ({"file": "/tmp/x", "target": "syslog"}, "a file is named as well"),
    ({"buffer": "1KiB"}, "buffer"),
])
def test_wrong_keys_are_found_by_check(tmp_path, keys, text):
    file = tmp_path / "weir.toml"
    file.write_text(config.simple("http://127.0.0.1:1", modules=["access_log"],
                                  more=config.table("[observe.access_log]", keys)))
    done = proxy.run("check", file)
    assert done.returncode == 1
    assert text in done.stdout + done.stderr
