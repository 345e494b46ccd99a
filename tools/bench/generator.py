# SPDX-License-Identifier: Apache-2.0
"""Load generators: our own (src/load), h2load for HTTP/2, and wrk as a second opinion.

Each is driven to give one sample: requests, seconds, bytes, errors, lost_before_response, p50_us,
p99_us, p999_us, and CPU time in nanoseconds: proxy_ns, load_ns (generator and origin), machine_ns.
"""

import dataclasses
import json
import math
import os
import pathlib
import re
import subprocess
from typing import Any, Callable

from bench import process
from bench.scenario import Scenario

Sample = dict[str, Any]
Hook = Callable[[], None]
WRK_SCRIPT = pathlib.Path(__file__).parent / "src/wrk.lua"


class Failed(Exception):
    """The load generator had nothing to report."""


@dataclasses.dataclass(frozen=True)
class Subject:
    """What load is sent to, and who helps."""

    pids: Callable[[], list[int]]  # of the proxy, now
    port: int
    origin: int  # process id


@dataclasses.dataclass(frozen=True)
class Order:
    """How load is to be made."""

    program: pathlib.Path  # our own load generator
    hosts: pathlib.Path  # file of host names for scenarios with many
    cpus: str
    seconds: float
    warm: float  # seconds before the window
    wrk: bool = False
    rate: float = 0.0  # requests a second, where the scenario's load is a share of a measured one


def run(scenario: Scenario, order: Order, subject: Subject, at_begin: Hook) -> Sample:
    """Makes the scenario's load with the generator that is right for it; calls `at_begin` when the
    measured part begins."""
    if scenario.load.streams:
        return run_h2load(scenario, order, subject, at_begin)
    if order.wrk and scenario.wrk:
        return run_wrk(scenario, order, subject, at_begin)
    return run_own(scenario, order, subject, at_begin)


def own_arguments(scenario: Scenario, order: Order, port: int) -> list[str]:
    load = scenario.load
    rate = order.rate or load.rate
    arguments = ["--port", str(port), "--mode", load.mode, "--path", load.path,
                 "--connections", str(load.connections), "--sources", str(load.sources),
                 "--warm", str(order.warm), "--time", str(load.seconds or order.seconds),
                 "--rate", str(rate), "--post", str(load.post), "--size", str(load.size)]
    for header in load.headers:
        arguments += ["--header", header]
    if scenario.profile.routes:
        arguments += ["--hosts", str(order.hosts)]
    arguments += ["--close"] * load.close + ["--resume"] * load.resume
    return arguments + ["--tls"] * bool(scenario.profile.tls)


def run_own(scenario: Scenario, order: Order, subject: Subject, at_begin: Hook) -> Sample:
    """Our own takes the CPU clocks itself, at the very edges of its window."""
    argv = [str(order.program), *own_arguments(scenario, order, subject.port),
            "--proxy", ",".join(map(str, subject.pids())), "--origin", str(subject.origin)]
    load = process.spawn(argv, order.cpus, stdout=subprocess.PIPE)
    assert load.stdout is not None
    said = ""
    for line in load.stdout:
        if line == "START\n":
            at_begin()
        else:
            said = line
    load.wait()
    load.stdout.close()
    try:
        return json.loads(said)
    except ValueError:
        raise Failed(f"load ended with status {load.returncode}") from None


def run_to_end(argv: list[str], order: Order, subject: Subject,
               at_begin: Hook) -> tuple[str, Sample]:
    """A generator that says nothing until it ends: all of its run is the window. Gives what it said
    and the CPU times; its own come from the kernel when it is waited for."""
    pids = subject.pids()
    before = process.cpu_ns(pids), process.cpu_ns([subject.origin]), process.machine_ns()
    at_begin()
    load = process.spawn(argv, order.cpus, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert load.stdout is not None
    said = load.stdout.read()
    _, status, usage = os.wait4(load.pid, 0)
    load.returncode = os.waitstatus_to_exitcode(status)
    load.stdout.close()
    used = int((usage.ru_utime + usage.ru_stime) * 1e9)
    return said, {"proxy_ns": process.cpu_ns(pids) - before[0],
                  "load_ns": process.cpu_ns([subject.origin]) - before[1] + used,
                  "machine_ns": process.machine_ns() - before[2]}


def nothing() -> None:
    """Where there is nothing to do when a window begins."""


def run_wrk(scenario: Scenario, order: Order, subject: Subject, at_begin: Hook) -> Sample:
    """wrk counts whole seconds; it warms up in a run of its own."""
    scheme = "https" if scenario.profile.tls else "http"
    url = f"{scheme}://127.0.0.1:{subject.port}{scenario.load.path}"
    argv = ["wrk", "-t", "1", "-c", str(scenario.load.connections), "-s", str(WRK_SCRIPT),
            "-H", "Host: bench.test"]
    for header in scenario.load.headers:
        argv += ["-H", header]
    run_to_end([*argv, "-d", "1s", url], order, subject, nothing)
    timed = [*argv, "-d", f"{math.ceil(order.seconds)}s", url]
    said, cpu = run_to_end(timed, order, subject, at_begin)
    return {**parse_wrk(said), **cpu}


def parse_wrk(said: str) -> Sample:
    """The last line is JSON, from src/wrk.lua."""
    try:
        return json.loads(said.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise Failed(f"wrk said nothing: {said[-200:]}") from None


def run_h2load(scenario: Scenario, order: Order, subject: Subject, at_begin: Hook) -> Sample:
    """h2load takes a number of requests, not of seconds, where it shall log latencies; a first run
    warms up and tells how many fit into the window."""
    log = order.hosts.with_name("h2load.log")
    load = scenario.load
    argv = ["h2load", "-t", "1", "-c", str(load.connections), "-m", str(load.streams),
            "--log-file", str(log), f"https://127.0.0.1:{subject.port}{load.path}"]

    def once(requests: int, hook: Hook) -> Sample:
        log.unlink(missing_ok=True)
        said, cpu = run_to_end([*argv, "-n", str(requests)], order, subject, hook)
        return {**parse_h2load(said, log.read_text() if log.exists() else ""), **cpu}

    first = once(2000, nothing)
    wanted = int(first["requests"] / max(0.001, first["seconds"]) * order.seconds)
    return once(max(2000, wanted), at_begin)


def parse_h2load(said: str, log: str) -> Sample:
    """`log` has a line for each request: start in microseconds, status, latency in microseconds."""
    finished = re.search(r"finished in ([\d.]+)(us|ms|s),", said)
    counts = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", said)
    traffic = re.search(r"traffic: .*\((\d+)\) total", said)
    if not finished or not counts:
        raise Failed(f"h2load said nothing: {said[-200:]}")
    if not re.search(r"Application protocol: h2$", said, re.M):
        raise Failed("the proxy did not speak HTTP/2")
    unit = {"s": 1.0, "ms": 1e-3, "us": 1e-6}[finished[2]]
    latencies = sorted(int(line.split("\t")[2]) for line in log.splitlines())
    return {"requests": int(counts[1]), "seconds": float(finished[1]) * unit,
            "bytes": int(traffic[1]) if traffic else 0,
            "errors": int(counts[2]) + int(counts[3]), "lost_before_response": 0,
            **{name: at(latencies, part) for name, part in
               (("p50_us", 0.5), ("p99_us", 0.99), ("p999_us", 0.999))}}


def at(ordered: list[int], part: float) -> float:
    """The value below which that part of all lies."""
    return float(ordered[min(len(ordered) - 1, int(part * len(ordered)))]) if ordered else 0.0
