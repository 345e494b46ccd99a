# SPDX-License-Identifier: Apache-2.0
"""How weir starts, with and without a file, and what keeps it from starting."""

import json
import os
import pty
import re
import socket
import subprocess
import time

import pytest

from harness import pace, proxy

LISTENER = '[[listener]]\naddress = "127.0.0.1:0"\n'


@pytest.fixture
def start():
    """start(words...) runs weir until the test ends, and then it must end well."""
    made = []

    def run(*words, **how):
        made.append(proxy.Weir(*words, **how))
        return made[-1]

    yield run
    for each in made:
        each.stop()


def wait_for(path, text):
    """Until the file holds the text."""
    end = time.monotonic() + pace.PATIENCE
    while not path.exists() or text not in path.read_text():
        assert time.monotonic() < end, f"no {text!r} in {path}"
        time.sleep(0.01)


class TestWithoutAFile:
    def test_a_proxy_of_two_options(self, start, origin):
        weir = start("run", "--listen", "127.0.0.1:0", "--to", origin.url)
        assert weir.get("/").status == 200
        assert origin.requests[0].target == "/"

    def test_several_listeners(self, start, origin):
        weir = start("run", "--listen=127.0.0.1:0", "-l127.0.0.1:0", f"--to={origin.url}/")
        assert len(weir.ports) == 2

    def test_several_endpoints_take_turns(self, start, make_origin):
        origins = [make_origin(), make_origin()]
        weir = start("run", "--listen", "127.0.0.1:0",
                     *(word for each in origins for word in ("--to", each.endpoint)))
        for _ in range(8):
            assert weir.get("/").status == 200
        assert all(each.requests for each in origins)

    @pytest.mark.parametrize("words, said", [
        (["--listen", ":8080"], "--to"),
        (["--to", "https://127.0.0.1:1"], "http://127.0.0.1:9001"),
        (["--to", "http://127.0.0.1:1/path"], "http://127.0.0.1:9001"),
        (["--to", ":9001"], "http://127.0.0.1:9001"),
        (["--to", "http://127.0.0.1:1", "--listen", "8080"], ":8080"),
        (["--to", "http://127.0.0.1:1", "-c", "weir.toml"], "not both"),
        (["weir.toml"], "weir run -c weir.toml"),
    ])
    def test_wrong_options_teach(self, words, said):
        done = proxy.run("run", *words)
        assert done.returncode == 64
        assert said in done.stderr
        assert "try: weir run --help" in done.stderr


class TestWithAFile:
    def test_a_warning_is_printed_and_weir_starts(self, start, origin, file):
        path = file(LISTENER + f'[[route]]\nto = "{origin.url}"\n[module.x]\npath = "x.so"\n')
        weir = start("run", "-c", path)
        assert "warning: " in weir.stderr
        assert weir.get("/").status == 200

    def test_a_test_that_fails_stops_the_start(self, file):
        done = proxy.run("run", "-c", file(
            LISTENER + '[[route]]\nname = "a"\npath = "/a"\nto = "http://127.0.0.1:1"\n'
            '[[test]]\nrequest = "GET http://x/b"\nexpect = { route = "a" }\n'))
        assert done.returncode == 1
        assert "test GET http://x/b: expected route 'a', got no route" in done.stderr
        assert "weir.toml:9:" in done.stderr
        assert "listening" not in done.stderr

    def test_a_test_that_passes_does_not(self, start, origin, file):
        weir = start("run", "-c", file(
            LISTENER + f'[[route]]\nname = "a"\nto = "{origin.url}"\n'
            '[[test]]\nrequest = "GET http://x/b"\nexpect = { route = "a" }\n'))
        assert weir.get("/").status == 200
        assert len(origin.requests) == 1  # the test itself sent nothing

    def test_a_port_in_use_is_the_worlds_fault(self, file):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = proxy.run("run", "-c", file(
                f'[[listener]]\naddress = "127.0.0.1:{port}"\n'
                '[[route]]\nto = "http://127.0.0.1:1"\n'))
        assert done.returncode == 2
        assert str(port) in done.stderr

    def test_the_log_goes_where_the_file_says(self, origin, file, tmp_path):
        log = tmp_path / "weir.log"
        path = file(LISTENER + f'[[route]]\nto = "{origin.url}"\n'
                    f'[server.log]\nfile = "{log}"\nformat = "json"\n')
        weir = proxy.Weir("run", "-c", path, expect_ready=False)
        try:
            wait_for(log, "ready")
        finally:
            weir.stop()
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        assert any(line["message"].startswith("ready") for line in lines)
        assert weir.stderr == ""

    def test_a_log_that_cannot_be_written_is_the_worlds_fault(self, file):
        done = proxy.run("run", "-c", file(
            LISTENER + '[[route]]\nto = "http://127.0.0.1:1"\n'
            '[server.log]\nfile = "/nowhere/at/all.log"\n'))
        assert done.returncode == 2
        assert "/nowhere/at/all.log" in done.stderr

    def test_a_file_that_is_not_there(self, tmp_path):
        done = proxy.run("run", "-c", tmp_path / "none.toml")
        assert done.returncode == 2
        assert "none.toml" in done.stderr


class TestFix:
    BEFORE = ('# mine\nmodules = [\n  "respond",  # answers\n]\n' + LISTENER +
              'filters = ["headers"]\n[[route]]\nfilters = [{ respond = { status = 204 } }]\n')

    def test_comments_mode_and_links_stay(self, file, tmp_path):
        path = file(self.BEFORE)
        path.chmod(0o640)
        link = tmp_path / "link.toml"
        link.symlink_to(path)
        done = proxy.run("check", "--fix", link)
        assert done.returncode == 0, done.stderr
        assert 'added "headers" to modules' in done.stdout
        assert path.read_text() == self.BEFORE.replace("# answers\n",
                                                       '# answers\n  "headers",\n')
        assert path.stat().st_mode & 0o777 == 0o640
        assert link.is_symlink()
        assert sorted(each.name for each in tmp_path.iterdir()) == ["link.toml", "weir.toml"]

    def test_a_file_that_lacks_nothing_stays_as_it_is(self, file):
        path = file(self.BEFORE.replace('filters = ["headers"]\n', ""))
        before = path.stat()
        done = proxy.run("check", "--fix", path)
        assert done.returncode == 0
        assert "nothing to fix" in done.stdout
        assert path.stat().st_ino == before.st_ino


class TestColour:
    def check(self, file, **env):
        """What weir check writes to a terminal."""
        main, side = pty.openpty()
        done = subprocess.run([proxy.executable(), "check", file('x = 1\n')], stderr=side,
                              env=os.environ | {"TERM": "xterm"} | env, check=False,
                              timeout=pace.PATIENCE)
        os.close(side)
        assert done.returncode == 1
        text = os.read(main, 65536).decode()
        os.close(main)
        return text

    def test_on_a_terminal(self, file):
        assert "\x1b[" in self.check(file)

    def test_not_when_it_is_not_wanted(self, file):
        assert "\x1b[" not in self.check(file, NO_COLOR="1")
        assert "\x1b[" not in self.check(file, TERM="dumb")


class TestExplain:
    FILE = ('modules = ["respond"]\n[[listener]]\nname = "one"\naddress = "127.0.0.1:8080"\n'
            '[[listener]]\nname = "two"\naddress = "127.0.0.1:8081"\n'
            '[[route]]\nname = "first"\nlistener = "one"\nto = "http://127.0.0.1:1"\n'
            '[[route]]\nname = "second"\nlistener = "two"\npath = "/{id}/x"\n'
            'filters = [{ respond = { status = 418 } }]\n')

    def ask(self, file, *words):
        done = proxy.run("explain", *words, "-c", file(self.FILE), "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def test_the_listener_is_found_by_port_or_name(self, file):
        assert self.ask(file, "http://a:8081/")["listener"] == "two"
        assert self.ask(file, "http://a/")["listener"] == "one"
        assert self.ask(file, "http://a/", "--listener", "two")["listener"] == "two"

    def test_what_is_said_to_machines(self, file):
        said = self.ask(file, "POST", "http://a:8081/7/../8/x?q")
        assert said["method"] == "POST"
        assert said["path"] == "/8/x"
        assert said["handler"]["name"] == "respond"
        assert said["answer"]["status"] == 418
        assert [route["taken"] for route in said["routes"]] == [True, False]
        said = self.ask(file, "/a?q=1")
        assert said["upstream"]["target"] == "/a?q=1"
        assert said["upstream"]["endpoints"] == [{"address": "127.0.0.1:1", "weight": 1}]
        assert "answer" not in said

    def test_filters_speak_before_they_act_and_routes_are_those_that_were_looked_for(self, file):
        path = file('modules = ["rewrite"]\n[[listener]]\naddress = "127.0.0.1:8080"\n'
                    '[[route]]\nname = "shop"\npath = "/shop/*"\nto = "http://127.0.0.1:1"\n'
                    'filters = [{ rewrite = { strip_prefix = "/shop" } }]\n'
                    '[[route]]\nname = "rest"\nto = "http://127.0.0.1:2"\n')
        done = proxy.run("explain", "/shop/x", "-c", path)
        assert done.returncode == 0, done.stderr
        assert re.search(r"^path +/shop/x$", done.stdout, re.M)
        assert re.search(r"^routes +\+ shop ", done.stdout, re.M)
        assert re.search(r"^filters +rewrite +.*/x", done.stdout, re.M)
        assert re.search(r"^sends +GET /x, ", done.stdout, re.M)
        assert "changes nothing" not in done.stdout

    def test_a_filter_of_the_listener_may_answer_before_a_route_is_looked_for(self, file):
        path = file('modules = ["redirect"]\n[[listener]]\naddress = "127.0.0.1:8080"\n'
                    'filters = [{ redirect = { scheme = "https" } }]\n'
                    '[[route]]\nname = "rest"\nto = "http://127.0.0.1:2"\n')
        done = proxy.run("explain", "http://a.test/x", "-c", path)
        assert re.search(r"^answer +30\d by the filter redirect$", done.stdout, re.M)
        assert "Location: https://a.test/x" in done.stdout
        assert "would be taken" in done.stdout

    @pytest.mark.parametrize("words, said", [
        (["/", "--listener", "tow"], "did you mean 'two'?"),
        (["get", "/"], "GET, not get"),
        (["/", "-H", "nothing"], "Accept: text/html"),
        (["/", "--from", "home"], "203.0.113.9"),
        (["ftp://a/"], "http://example.com/path"),
    ])
    def test_wrong_questions_teach(self, file, words, said):
        done = proxy.run("explain", *words, "-c", file(self.FILE))
        assert done.returncode == 64
        assert said in done.stderr
