# SPDX-License-Identifier: Apache-2.0
"""One window: load on one proxy, and what the kernel says it cost.

A window is a dict, as it stands in the result file; its keys:
requests, seconds, rps, bytes, errors, lost_before_response (connections closed by the proxy between
two requests, which a client may retry), p50_us, p99_us, p999_us (microseconds), proxy_ns, load_ns,
machine_ns (CPU time), cpu_us_per_request, mb_per_cpu_second (megabytes of responses), proxy_busy
and load_busy (CPUs in use by the proxy; by load generator and origin together), other_busy (by all
else on the machine, which should be nothing), pss_kib.
"""

import dataclasses
import json
import subprocess
from typing import Any

from bench import generator, process
from bench.generator import Subject
from bench.scenario import Scenario

Window = dict[str, Any]
SYSCALL_SECONDS = 0.3


def window(scenario: Scenario, subject: Subject, order: generator.Order,
           at_begin: generator.Hook = generator.nothing) -> Window:
    """Measures once. Raises generator.Failed if the load generator has nothing to report."""
    sample = generator.run(scenario, order, subject, at_begin)
    requests, seconds = max(1, sample["requests"]), max(1e-9, sample["seconds"])
    cpu_seconds = sample["proxy_ns"] / 1e9
    others_ns = sample["machine_ns"] - sample["proxy_ns"] - sample["load_ns"]
    return {
        **sample,
        "rps": sample["requests"] / seconds,
        "bytes_per_request": sample["bytes"] / requests,
        "cpu_us_per_request": cpu_seconds * 1e6 / requests,
        "mb_per_cpu_second": sample["bytes"] / 1e6 / max(1e-9, cpu_seconds),
        "proxy_busy": cpu_seconds / seconds,
        "load_busy": sample["load_ns"] / 1e9 / seconds,
        "other_busy": max(0.0, others_ns / 1e9 / seconds),
        "pss_kib": process.pss_kib(subject.pids()),
    }


def syscalls_per_request(scenario: Scenario, subject: Subject,
                         order: generator.Order) -> float | None:
    """In a window of its own, because counting slows the proxy down. None: perf cannot count."""
    counting: list[subprocess.Popen[str]] = []

    def count() -> None:
        pids = ",".join(map(str, subject.pids()))
        counting.append(subprocess.Popen(
            ["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p", pids,
             "sleep", str(SYSCALL_SECONDS)], stderr=subprocess.PIPE, text=True))

    longer = dataclasses.replace(order, seconds=SYSCALL_SECONDS + 0.3)
    measured = window(scenario, subject, longer, count)
    said = counting[0].communicate()[1]
    try:
        return float(said.strip().split(",")[0]) / max(1.0, measured["rps"] * SYSCALL_SECONDS)
    except ValueError:
        return None


class IdleConnections:
    """Holds connections that say nothing, for the time of a `with` block."""

    def __init__(self, count: int, port: int, order: generator.Order):
        argv = [str(order.program), "--mode", "idle", "--port", str(port), "--connections",
                str(count), "--sources", "16"]
        self.process = process.spawn(argv, order.cpus, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.report = json.loads(self.process.stdout.readline())

    def __enter__(self) -> "IdleConnections":
        return self

    def __exit__(self, *_: object) -> None:
        process.close_pipe(self.process.stdin)
        self.process.wait()
        process.close_pipe(self.process.stdout)


def idle_window(scenario: Scenario, subject: Subject, order: generator.Order) -> Window:
    """As window(), among idle connections; adds what each of these costs in memory (user space)."""
    before = process.pss_kib(subject.pids())
    with IdleConnections(scenario.load.idle, subject.port, order) as idle:
        grown = process.pss_kib(subject.pids()) - before
        measured = window(scenario, subject, order)
        held = idle.report["held"]
    measured["idle_held"] = held
    measured["errors"] += idle.report["errors"]
    measured["bytes_per_idle_connection"] = grown * 1024 / max(1, held)
    return measured
