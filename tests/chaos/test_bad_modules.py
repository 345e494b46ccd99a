# SPDX-License-Identifier: Apache-2.0
"""Modules that do what a module must not: at most their own exchange is lost, or the process ends
and says whose fault it was. Sources: bad_modules/."""

import pathlib
import re
import resource
import signal
import time

import pytest

from harness import config, http1, module, pace

FOLDER = pathlib.Path(__file__).with_name("bad_modules")
ID = "id-of-the-request"

# What a sanitizer makes another thing of: its heap, its slowness, its own end of the process.
plain_build = pytest.mark.skipif(pace.SANITIZED, reason="of builds without a sanitizer")


@pytest.fixture(scope="session")
def bad(tmp_path_factory):
    """bad(name): the path of a module of bad_modules/, built once."""
    folder = tmp_path_factory.mktemp("bad")
    made = {}

    def path(name):
        if name not in made:
            made[name] = module.build(FOLDER / f"{name}.cpp", folder)
        return made[name]

    return path


@pytest.fixture
def with_bad(weir, bad, origin):
    """with_bad(name, ...): weir that loads that bad module. Its one route has the filter "w1" of
    the module with these keys, unless `filters` says otherwise."""
    def make(name, keys=None, filters=("w1",), upstream=None, log=None, named=True, handled=False,
             more="", env=None, expect_ready=True, alone=True):
        known = [{"request_id": {"trusted": ["127.0.0.1/32"]}}] if named else []
        route = {"filters": [*known, *filters]}
        text = f"modules = {config.toml(['request_id', name])}\n"
        text += config.table("[server]", {"workers": 1, "drain": "2s"})
        text += config.table("[server.log]", log or {})
        text += config.table(f"[module.{name}]", {"path": str(bad(name))})
        text += config.table("[[listener]]", {"address": "127.0.0.1:0"})
        if "w1" in filters:
            text += config.table("[filter.w1]", {"use": name, **(keys or {})})
        if not handled:
            route["to"] = "origin"
            text += config.table("[upstream.origin]", {"endpoints": [origin.endpoint],
                                                       **(upstream or {})})
        text += config.table("[[route]]", route)
        return weir(text + more, env=env, expect_ready=expect_ready, alone=alone)

    return make


def lose(weir, target="/x?a=b"):
    """A request that takes the process with it."""
    with weir.client() as connection:
        connection.request(target, f"X-Request-Id: {ID}").rest()
    weir.wait()


def status_of(weir):
    """Of one request with a body; None: the connection broke."""
    with weir.client() as connection:
        connection.request("/", method="POST", body=b"body")
        try:
            return connection.response("POST").status
        except (http1.Cut, ConnectionResetError):
            return None


def read_until(path, word):
    """The lines of a log as soon as one holds the word."""
    until = time.monotonic() + pace.PATIENCE
    while not path.exists() or word not in path.read_text():
        assert time.monotonic() < until, f"no {word} in {path}"
        time.sleep(0.01)
    return path.read_text().splitlines()


def crash_of(text):
    """The report: its first line, and the lines of the stack."""
    lines = [line.split("  ", 1)[1] for line in text.splitlines() if "Z error  crash: " in line]
    return lines[0], [line for line in lines if re.match(r"crash:   #\d+ ", line)]


# ---- those that take the process with them: module, phase and request are named


@pytest.mark.parametrize("name, phase, ending, number", [
    ("segv", "response_body", "SIGSEGV at 0x0", signal.SIGSEGV),
    ("abort", "request", "SIGABRT", signal.SIGABRT),
    pytest.param("wrong_size", "request", r"SIG(SEGV|BUS) at 0x[0-9a-f]+", None,
                 marks=plain_build),
    pytest.param("overrun", "request", "SIGABRT", signal.SIGABRT, marks=plain_build),
])
def test_a_crash_names_module_phase_and_request(name, phase, ending, number, with_bad):
    weir = with_bad(name)
    lose(weir)
    first, stack = crash_of(weir.stderr)
    assert re.fullmatch(f'crash: module "{name}" 1.0, filter "w1", phase {phase}, '
                        f"request {ID} GET /x: {ending}", first), weir.stderr
    assert "crash: thread loop 0, process " in weir.stderr
    assert any(f" {name}-" in line and ".so+0x" in line for line in stack), weir.stderr
    if number is not None and not pace.SANITIZED:
        assert weir.process.returncode == -number


def test_a_request_without_an_id_is_named_by_its_ref(with_bad):
    weir = with_bad("abort", named=False)
    lose(weir, "/caf%C3%A9")
    first, _ = crash_of(weir.stderr)
    assert re.search(r"request [0-9a-f]+ GET /caf%C3%A9: SIGABRT$", first), weir.stderr


@pytest.mark.parametrize("form, line", [
    ("text", r'(?m)^\S+Z error  crash: module "segv" 1.0, filter "w1", phase response_body'),
    ("json", r'(?m)^{"time":"\S+Z","level":"error","message":"crash: module \\"segv\\" 1.0, '
             r'filter \\"w1\\", phase response_body.*"}$'),
])
def test_a_crash_is_told_in_the_log_file_too(form, line, with_bad, tmp_path):
    log = tmp_path / "weir.log"
    weir = with_bad("segv", log={"file": str(log), "format": form}, expect_ready=False)
    lines = read_until(log, "ready")
    weir.lines += [line.rstrip('"}') for line in lines]  # where it listens
    lose(weir)
    assert re.search(line, log.read_text()), log.read_text()
    assert re.search(line, weir.stderr), weir.stderr


def test_a_crash_while_configuring_names_the_module(with_bad):
    weir = with_bad("throw", {"where": "abort in configure"}, expect_ready=False)
    weir.wait()
    first, _ = crash_of(weir.stderr)
    assert first == 'crash: module "throw" 1.0, filter "w1", phase configure: SIGABRT'
    assert "crash: thread control, " in weir.stderr


def test_a_crash_on_a_pool_thread_names_the_module(with_bad):
    weir = with_bad("throw", {"where": "abort in task"})
    lose(weir)
    first, _ = crash_of(weir.stderr)
    assert first == 'crash: module "throw" 1.0, filter "w1", phase task: SIGABRT'
    assert "crash: thread pool, " in weir.stderr


def test_a_crash_without_a_module_is_of_weir_itself(with_bad):
    weir = with_bad("throw")
    weir.signal(signal.SIGSEGV)
    weir.wait()
    first, _ = crash_of(weir.stderr)
    assert first == "crash: weir itself: SIGSEGV"


@plain_build
def test_a_loop_held_for_seconds_is_told_shown_and_aborted(with_bad):
    weir = with_bad("spin")
    lose(weir, "/spin")
    where = 'module "spin" 1.0, filter "w1", phase request'
    assert len(re.findall(f"warn   stuck: loop 0 for 1\\d\\d ms in {where}\n", weir.stderr)) == 1
    assert (f"error  stuck: thread loop 0 in {where}, request {ID} GET /spin; the stack:"
            in weir.stderr), weir.stderr
    first, _ = crash_of(weir.stderr)
    assert first == (f"crash: {where}, request {ID} GET /spin: SIGABRT, "
                     "since its loop was stuck for too long")
    assert weir.process.returncode == -signal.SIGABRT


# ---- those that lose their own exchange at most


@pytest.mark.parametrize("where, status", [
    ("request", 500), ("request_body", 500), ("response", 500), ("response_body", None),
    ("timer", 500), ("post", 500), ("task", 500), ("task's end", 500), ("end", 200),
    ("unknown verdict", 500),
])
def test_what_a_filter_throws_takes_its_exchange_alone(where, status, with_bad):
    weir = with_bad("throw", {"where": where, "on_fault": "closed"})
    for _ in range(2):
        assert status_of(weir) == status
    if where != "unknown verdict":
        weir.await_line(r'throw "w1": an exception left it in \w+: thrown ', count=2)
    assert weir.process.poll() is None


@pytest.mark.parametrize("where", ["request", "response", "timer", "post", "task"])
def test_an_exchange_goes_on_without_a_filter_that_throws_and_fails_open(where, with_bad):
    weir = with_bad("throw", {"where": where, "on_fault": "open"})
    assert status_of(weir) == 200
    weir.await_line("the exchange goes on, as on_fault")


@pytest.mark.parametrize("where, status", [("request", 500), ("run", 500), ("end", 200),
                                           ("unknown verdict", 500)])
def test_what_a_handler_throws_takes_its_exchange_alone(where, status, with_bad):
    weir = with_bad("throw", filters=[{"throw_handler": {"where": where}}], handled=True)
    for _ in range(2):
        assert status_of(weir) == status


@pytest.mark.parametrize("where", ["exchange", "flush"])
def test_what_an_observer_throws_harms_nobody(where, with_bad):
    weir = with_bad("throw", filters=(),
                    more=f'[observe.o1]\nuse = "throw_observer"\nwhere = "{where}"\n')
    for _ in range(2):
        assert status_of(weir) == 200
    weir.await_line(f'throw "o1": an exception left it in {where}: thrown in {where}')


@pytest.mark.parametrize("where, status", [("pick", 503), ("unknown endpoint", 503), ("done", 200)])
def test_a_balancer_that_throws_has_no_endpoint(where, status, with_bad):
    weir = with_bad("throw", filters=(),
                    upstream={"balancer": {"throw_balancer": {"where": where}}})
    for _ in range(2):
        assert status_of(weir) == status


def test_a_configure_that_throws_is_refused(with_bad):
    weir = with_bad("throw", {"where": "configure"}, expect_ready=False)
    assert weir.wait() == 1
    assert "module 'throw' refuses this configuration" in weir.stderr
    assert 'throw "w1": an exception left it in configure: thrown in configure' in weir.stderr


def test_a_worker_start_that_throws_is_told(with_bad):
    weir = with_bad("throw", {"where": "worker_start"}, expect_ready=False)
    assert weir.wait() == 2
    assert 'throw "w1" could not start on worker 0' in weir.stderr


@plain_build
def test_a_leak_that_meets_the_limit_of_memory_costs_the_module_and_not_weir(with_bad):
    weir = with_bad("leak", {"on_fault": "closed"})
    limit = weir.memory("VmSize") + (64 << 20)
    resource.prlimit(weir.process.pid, resource.RLIMIT_AS, (limit, limit))
    statuses = [status_of(weir) for _ in range(20)]
    # The module fails, or the reserve is used up and connections are closed: nothing worse.
    assert set(statuses) <= {200, 500, None} and statuses[-1] != 200
    assert weir.process.poll() is None


def test_what_is_ended_twice_ends_once(with_bad):
    weir = with_bad("finish_twice", filters=("w1", "finish_twice_handler"), handled=True)
    for _ in range(3):
        assert weir.get("/").body == b"once\n"


@plain_build
def test_what_is_used_after_its_time_is_harmless_or_named(with_bad):
    weir = with_bad("use_after")
    assert weir.get("/").status == 200
    try:
        weir.await_line("use_after: it is over")
    except AssertionError:
        weir.wait()
        first, _ = crash_of(weir.stderr)
        assert first.startswith('crash: module "use_after" 1.0, filter "w1", phase timer')
    for text in ("resume gives -2", "tx is nobody", "timer is 0"):
        assert f"use_after: {text}" in weir.stderr


# ---- those that do not get that far


@pytest.mark.parametrize("name, sentence", [
    ("wrong_abi", "ABI 2"),
    ("no_symbol", "exports no weir_module_v1"),
    ("small_tables", "too small"),
])
def test_what_is_no_module_of_this_kernel_is_refused(name, sentence, with_bad):
    weir = with_bad(name, expect_ready=False)
    assert weir.wait() == 1
    assert sentence in weir.stderr


def test_a_slow_start_is_waited_for(with_bad):
    weir = with_bad("slow_start", expect_ready=False)
    weir.await_line("ready")  # six seconds, and as many again for the harness
    assert status_of(weir) == 200
    assert "stuck" not in weir.stderr


# ---- in quarantine


ENV = {"WEIR_QUARANTINE": "throw,another"}


@pytest.mark.parametrize("on_fault, status, told", [
    ("open", 200, 'filter "w1" is left out, as on_fault = "open" says'),
    ("closed", 503, 'filter "w1" answers 503 in its place'),
])
def test_a_filter_in_quarantine_fails_as_its_policy_says(on_fault, status, told, with_bad):
    """It would end the process in configure, and each exchange."""
    weir = with_bad("throw", {"where": "abort in configure", "on_fault": on_fault}, env=ENV)
    assert status_of(weir) == status
    assert f'module "throw" is in quarantine, since it crashed: {told}' in weir.stderr


def test_a_handler_in_quarantine_is_not_available(with_bad):
    weir = with_bad("throw", filters=["throw_handler"], handled=True, env=ENV)
    response = weir.get("/")
    assert (response.status, response.get("Retry-After")) == (503, "1")


def test_a_balancer_in_quarantine_has_no_endpoint(with_bad, origin):
    weir = with_bad("throw", filters=(), upstream={"balancer": "throw_balancer"}, env=ENV)
    assert status_of(weir) == 503
    assert not origin.requests


def test_an_observer_in_quarantine_sees_nothing(with_bad):
    weir = with_bad("throw", filters=(), env=ENV,
                    more='[observe.o1]\nuse = "throw_observer"\nwhere = "exchange"\n')
    assert status_of(weir) == 200
    assert "an exception" not in weir.stderr
    assert 'observer "o1" is left out' in weir.stderr
