# SPDX-License-Identifier: Apache-2.0
"""What one types, what it says, and the exit status."""

import json
import re
import subprocess
import tomllib

import pytest

from harness import pace, proxy

GOOD, WRONG, WORLD, USAGE = 0, 1, 2, 64  # the file, the world (sysexits.h for the last)

FILE = """modules = ["headers", "round_robin"]

[[listener]]
address = "127.0.0.1:8080"

[[route]]
name = "api"
host = "example.com"
path = "/api/*"
filters = [{ headers = { request.set = { X-Api = "1" } } }]
to = "api"

[[route]]
name = "rest"
to = "http://127.0.0.1:9001"

[upstream.api]
endpoints = ["10.0.0.1:80", "10.0.0.2:80"]
"""

FIVE = """modules = ["headers"]

[[listener]]
address = "8080"

[[route]]
hots = "example.com"
timeout = 30
to = "wep"

[upstream.web]
endpoints = ["10.0.0.31:8080"]
max_idle = "many"
"""


def said(done, status=GOOD):
    """Standard output of a command that ended as it should."""
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


class TestHelp:
    def test_version(self):
        assert re.match(r"weir \d+\.\d+", said(proxy.run("--version")))

    def test_help(self):
        text = said(proxy.run("--help"))
        for command in ("run", "check", "explain", "config", "module"):
            assert re.search(rf"^  {command} ", text, re.M)

    @pytest.mark.parametrize("command", ["run", "check", "explain", "config", "module",
                                         "module list", "module info"])
    def test_help_of_each_command(self, command):
        text = said(proxy.run(*command.split(), "--help"))
        assert text.startswith(f"weir {command}")
        assert "usage: " in text
        assert said(proxy.run("help", *command.split())) == text

    def test_nothing_at_all(self):
        done = proxy.run()
        assert done.returncode == USAGE
        assert done.stdout == ""
        assert "usage: " in done.stderr

    def test_a_command_that_is_not_there(self):
        done = proxy.run("xcheck")
        assert done.returncode == USAGE
        assert "xcheck" in done.stderr and "'check'" in done.stderr

    def test_an_option_that_is_not_there(self):
        done = proxy.run("check", "--jsn", "weir.toml")
        assert done.returncode == USAGE
        assert "json" in done.stderr

    def test_output_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([proxy.executable(), "--help"], stdout=full,
                                  stderr=subprocess.PIPE, check=False, timeout=pace.PATIENCE)
        assert done.returncode == WORLD


class TestCheck:
    def test_a_good_file(self, file):
        assert "good" in said(proxy.run("check", file(FILE)))

    def test_five_mistakes_in_one_run(self, file):
        done = proxy.run("check", file(FIVE))
        assert done.returncode == WRONG
        errors = re.findall(r"^error: (.*)$", done.stderr, re.M)
        assert len(errors) == 5
        for line, column in ((4, 11), (7, 1), (8, 11), (9, 6), (13, 12)):
            assert f"weir.toml:{line}:{column}\n" in done.stderr
        assert "did you mean 'host'" in done.stderr
        assert "\x1b" not in done.stderr

    def test_for_machines(self, file):
        done = proxy.run("check", "--json", file(FIVE))
        assert done.returncode == WRONG
        findings = json.loads(done.stdout)
        assert len(findings) == 5
        assert {finding["line"] for finding in findings} == {4, 7, 8, 9, 13}

    def test_a_good_file_for_machines(self, file):
        assert json.loads(said(proxy.run("check", "--json", file(FILE)))) == []

    def test_a_file_that_is_not_there(self, tmp_path):
        done = proxy.run("check", tmp_path / "nothing.toml")
        assert done.returncode == WORLD
        assert "nothing.toml" in done.stderr

    def test_routes_that_tie(self, file):
        text = FILE + '\n[[route]]\nhost = "example.com"\npath = "/api/*"\nto = "api"\n'
        done = proxy.run("check", file(text))
        assert done.returncode == WRONG
        assert "20" in done.stderr and "6" in done.stderr
        assert "example.com" in done.stderr

    def test_a_module_that_is_not_listed(self, file):
        done = proxy.run("check", file(FILE.replace('"headers", ', "")))
        assert done.returncode == WRONG
        assert "headers" in done.stderr and "weir.toml:1" in done.stderr

    def test_fix_lists_it(self, file):
        path = file(FILE.replace('modules = ["headers", "round_robin"]\n', ""))
        assert proxy.run("check", path).returncode == WRONG
        said(proxy.run("check", "--fix", path))
        assert {"headers", "round_robin"} == set(tomllib.loads(path.read_text())["modules"])
        said(proxy.run("check", path))

    def test_an_unknown_key_of_a_module(self, file):
        done = proxy.run("check", file(FILE.replace("request.set", "requests.set")))
        assert done.returncode == WRONG
        assert "did you mean 'request'" in done.stderr
        assert "weir.toml:10:" in done.stderr

    def test_tests_of_the_file(self, file):
        tests = ('\n[[test]]\nrequest = "GET http://example.com/api/x"\n'
                 'expect = { route = "api", upstream = "api", path = "/api/x" }\n'
                 '\n[[test]]\nrequest = "GET http://example.com/other"\n'
                 'expect = { route = "%s" }\n')
        assert "2 tests" in said(proxy.run("check", file(FILE + tests % "rest")))
        done = proxy.run("check", file(FILE + tests % "api"))
        assert done.returncode == WRONG
        assert "rest" in done.stderr and "api" in done.stderr


class TestExplain:
    def ask(self, path, *words):
        return said(proxy.run("explain", *words, "-c", path))

    def test_the_route_its_filters_and_where_it_goes(self, file):
        text = self.ask(file(FILE), "GET", "http://example.com/api/users?a=b")
        for word in ("api", "headers", "10.0.0.1:80", "/api/users"):
            assert word in text

    def test_another_route(self, file):
        text = self.ask(file(FILE), "GET", "http://other.test/")
        assert "rest" in text and "127.0.0.1:9001" in text

    def test_header_and_client(self, file):
        path = file(FILE + '\n[[route]]\nname = "inner"\nclient = "10.0.0.0/8"\n'
                    'header = { X-A = "1" }\nto = "api"\n')
        words = ("GET", "http://other.test/", "-H", "X-A: 1", "--from")
        assert "inner" in self.ask(path, *words, "10.1.2.3").split("rest")[0]
        text = self.ask(path, *words, "192.0.2.1")
        assert "rest" in text

    def test_a_refused_request(self, file):
        done = proxy.run("explain", "GET", "http://example.com/a%2fb", "-c", file(FILE))
        assert "400" in done.stdout + done.stderr

    def test_no_route(self, file):
        done = proxy.run("explain", "GET", "http://x.test/", "-c",
                         file(FILE.replace('name = "rest"', 'name = "rest"\nhost = "a.test"')))
        assert "404" in done.stdout + done.stderr

    def test_a_url_that_is_none(self, file):
        done = proxy.run("explain", "GET", "ht tp://", "-c", file(FILE))
        assert done.returncode in (WRONG, USAGE)


class TestModules:
    NAMES = sorted(path.stem for path in (pace.BUILD / "modules").glob("*.so"))

    def test_there_are_some(self):
        assert {"headers", "round_robin", "static"} <= set(self.NAMES)

    def test_list(self):
        text = said(proxy.run("module", "list"))
        for name in self.NAMES:
            assert re.search(rf"^{name}\b", text, re.M), name

    @pytest.mark.parametrize("name", NAMES)
    def test_info_of_each(self, name):
        text = said(proxy.run("module", "info", name))
        assert name in text
        assert said(proxy.run("module", "info", pace.BUILD / "modules" / f"{name}.so")) != ""

    def test_info_has_the_table_of_keys(self):
        text = said(proxy.run("module", "info", "headers"))
        assert "request.set" in text and "response.remove" in text

    def test_info_of_none(self):
        done = proxy.run("module", "info", "no_such_module")
        assert done.returncode != GOOD
        assert "no_such_module" in done.stderr

    def test_info_of_a_file_that_is_no_module(self, tmp_path):
        path = tmp_path / "not.so"
        path.write_bytes(b"\x7fELF and nothing more")
        done = proxy.run("module", "info", path)
        assert done.returncode != GOOD
        assert "not.so" in done.stderr

    @pytest.mark.parametrize("name", NAMES)
    def test_lint_of_each(self, name):
        said(proxy.run("module", "lint", pace.BUILD / "modules" / f"{name}.so"))

    @pytest.mark.parametrize("name", NAMES)
    def test_manual_of_each(self, name):
        text = said(proxy.run("module", "manual", pace.BUILD / "modules" / f"{name}.so"))
        assert "| key |" in text or "It has no keys." in text


class TestConfig:
    def test_effective_is_toml_with_all_defaults(self, file):
        text = said(proxy.run("config", "--effective", "-c", file(FILE)))
        effective = tomllib.loads(text)
        assert effective["server"]["limits"]["request_line"] in ("8KiB", 8192)
        assert effective["server"]["timeouts"]["head"] == "10s"
        assert effective["route"][0]["name"] == "api"
        assert effective["upstream"]["api"]["max_idle"] == 64

    def test_effective_is_a_file_that_means_the_same(self, file, tmp_path):
        text = said(proxy.run("config", "--effective", "-c", file(FILE)))
        again = tmp_path / "again.toml"
        again.write_text(text)
        said(proxy.run("check", again))

    def test_secrets_are_not_shown(self, file, tmp_path):
        (tmp_path / "value").write_text("hush\n")
        text = FILE.replace('X-Api = "1"', f'X-Api = {{ file = "{tmp_path / "value"}" }}')
        done = proxy.run("config", "--effective", "-c", file(text))
        assert "hush" not in done.stdout

    def test_of_a_wrong_file(self, file):
        done = proxy.run("config", "--effective", "-c", file(FIVE))
        assert done.returncode == WRONG
        assert done.stderr.count("error: ") == 5

    def test_schema_is_json(self):
        assert json.loads(said(proxy.run("config", "--schema")))["type"] == "object"
