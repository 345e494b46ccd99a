# SPDX-License-Identifier: Apache-2.0
"""What load generators say, the estimate of a run's length, and what the profiler reads."""

import pathlib

import pytest

from bench import budget, generator, profiler
from bench.scenario import SCENARIOS, chosen

H2LOAD = """
finished in 1.02s, 19607.84 req/s, 20.10MB/s
Application protocol: h2
requests: 20000 total, 20000 started, 20000 done, 19990 succeeded, 4 failed, 6 errored, 0 timeout
traffic: 20.50MB (21495808) total, 312.50KB (320000) headers (space savings 96.10%), 19.53MB
"""
ORDER = generator.Order(pathlib.Path("load"), pathlib.Path("hosts"), "1", 0.6, 0.2)


def test_h2load_is_read():
    log = "".join(f"{i}\t200\t{i}\n" for i in range(1000))
    sample = generator.parse_h2load(H2LOAD, log)
    assert (sample["requests"], sample["errors"], sample["bytes"]) == (19990, 10, 21495808)
    assert sample["seconds"] == 1.02
    assert (sample["p50_us"], sample["p99_us"], sample["p999_us"]) == (500, 990, 999)


def test_h2load_without_http2_is_a_failure():
    with pytest.raises(generator.Failed, match="HTTP/2"):
        generator.parse_h2load(H2LOAD.replace(": h2", ": http/1.1"), "")
    with pytest.raises(generator.Failed):
        generator.parse_h2load("", "")


def test_wrk_is_read_from_its_last_line():
    said = 'Running 1s test\n  64 connections\n\n{"requests": 5, "p50_us": 1.5}\n'
    assert generator.parse_wrk(said) == {"requests": 5, "p50_us": 1.5}
    with pytest.raises(generator.Failed):
        generator.parse_wrk("unable to connect\n")


def test_the_load_is_what_the_scenario_says():
    argv = generator.own_arguments(SCENARIOS["post-64k"], ORDER, 1234)
    assert argv[argv.index("--post") + 1] == "65536" and argv[argv.index("--port") + 1] == "1234"
    assert "--close" in generator.own_arguments(SCENARIOS["h1-close"], ORDER, 1)
    assert "--hosts" in generator.own_arguments(SCENARIOS["routes"], ORDER, 1)
    assert "--tls" in generator.own_arguments(SCENARIOS["hs-rsa"], ORDER, 1)


def test_wrk_takes_plain_requests_only():
    assert SCENARIOS["h1-64k"].wrk and SCENARIOS["log"].wrk
    for name in ("h1-rate", "h1-rate-80", "h1-close", "post-64k", "ws", "idle", "h2-1k", "routes"):
        assert not SCENARIOS[name].wrk, name


def test_a_run_fits_into_its_minutes():
    quick = chosen("")
    pace = budget.fit(quick, 8, budget.Pace(0, 0.4, 0.15), 10)
    assert pace.rounds >= 3 and budget.total(quick, 8, pace) <= 600
    assert budget.fit(quick, 8, budget.Pace(0, 0.4, 0.15), 60).rounds == budget.MOST_ROUNDS
    assert budget.fit(quick, 8, budget.Pace(0, 0.4, 0.15), 0.1).rounds == 1


def test_scenarios_are_chosen_by_name():
    assert [row.name for row in chosen("log,ws")] == ["log", "ws"]
    assert len(chosen("all")) == len(SCENARIOS) > len(chosen("")) > 10
    with pytest.raises(KeyError, match="nonsense"):
        chosen("log,nonsense")


def test_counts_of_system_calls_are_read():
    said = "10,,syscalls:sys_enter_recvfrom,1,100.00,,\n0,,syscalls:sys_enter_bind,1,100.00,,\n" \
           "<not supported>,,syscalls:sys_enter_tee,0,100.00,,\n20,,syscalls:sys_enter_sendto,1,,\n"
    assert profiler.parse_counts(said) == {"sendto": 20, "recvfrom": 10}


def test_the_profile_keeps_rows_only():
    said = ("# Samples\n#\n     5.32%  [k] tcp_sendmsg  [kernel]\n"
            "     1.00%  [.] parse  weir    -      -\n\n")
    assert profiler.top(said, 1) == [["5.32%", "[k] tcp_sendmsg", "[kernel]"]]
    text = profiler.table(said, 9, ("share", "function", "where")).splitlines()
    assert len(text) == 4 and text[3] == "| 1.00% | [.] parse | weir |"
