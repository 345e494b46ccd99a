# SPDX-License-Identifier: Apache-2.0
"""A run: all peers of a scenario stand at once, and rounds of short windows visit them in turn.

What drifts on the machine then hits all alike, and each round gives ratios of windows that lie
seconds apart.
"""

import dataclasses
import functools
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any

from bench import budget, build, generator, measure, process
from bench.peer import Peer, Site, Unsupported
from bench.scenario import Scenario

ORIGIN_PORT = 28900
FIRST_PORT = 28000
HOSTS = 1000
LOG_PATIENCE = 7.0  # seconds until the slowest has flushed its buffer
COMPRESSED = 60000  # a response of 64 KiB with fewer bytes is a compressed one

Result = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Cpus:
    """Who runs where; the lists are those of taskset(1)."""

    proxy: str = "0"
    load: str = "1"
    both: str = "0,1"  # proxies of several workers, and the load on them


class Session:
    """Holds the origin and the work folder for the time of a `with` block."""

    def __init__(self, pace: budget.Pace, cpus: Cpus = Cpus(), wrk: bool = False):
        self.pace = pace
        self.cpus = cpus
        self.wrk = wrk
        self.certificates = build.certificates()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-bench-"))
        self.folder.chmod(0o755)
        self.hosts = self.folder / "hosts"
        # 389 is prime: the whole table is visited without any order that a cache could use
        self.hosts.write_text("".join(f"h{i * 389 % HOSTS}.bench.test\n" for i in range(HOSTS)))
        self.origin = process.spawn([str(build.program("origin")), str(ORIGIN_PORT)], cpus.load,
                                    stdout=subprocess.PIPE)
        if not self.origin.stdout.readline():
            raise RuntimeError(f"the origin does not listen on port {ORIGIN_PORT}")

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.origin.kill()
        self.origin.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def order(self, scenario: Scenario) -> generator.Order:
        cpus = self.cpus.load if scenario.profile.workers == 1 else self.cpus.both
        return generator.Order(build.program("load"), self.hosts, cpus, self.pace.window,
                               self.pace.warm, self.wrk)

    def subject(self, running: process.Running) -> generator.Subject:
        return generator.Subject(running.pids, running.site.port, self.origin.pid)

    def start(self, peer: Peer, number: int, scenario: Scenario) -> process.Running:
        """Starts a peer and does not wait for it."""
        folder = self.folder / scenario.name / peer.name
        site = Site(folder, FIRST_PORT + 10 * number, ORIGIN_PORT, peer.binary, self.certificates,
                    peer.newer)
        plan = peer.module.plan(scenario.profile, site)
        one = scenario.profile.workers == 1
        return process.Running(plan, site, self.cpus.proxy if one else self.cpus.both)

    def fault(self, scenario: Scenario, running: process.Running) -> str:
        """Waits until a short load passes; otherwise says why not."""
        quiet = dataclasses.replace(scenario.load, connections=4, rate=0, share=0, idle=0,
                                    seconds=0)
        short = dataclasses.replace(scenario, load=quiet)
        order = dataclasses.replace(self.order(scenario), seconds=0.25, warm=0.1, wrk=False)
        deadline = time.monotonic() + 10 + running.plan.settle
        last = "no answer"
        while time.monotonic() < deadline:
            if running.ended():
                return f"ended: {running.last_words()}"
            try:
                seen = measure.window(short, self.subject(running), order)
            except generator.Failed as failure:
                seen, last = {"requests": 0, "errors": 0}, str(failure)
            if seen["requests"] and not seen["errors"]:
                compresses = scenario.profile.gzip or scenario.profile.brotli
                if compresses and seen["bytes_per_request"] > COMPRESSED:
                    return "does not compress"
                return missing_header(scenario, running.site.port)
            last = seen.get("first_error") or last
            time.sleep(0.2)
        return last

    def run(self, scenario: Scenario, peers: list[Peer]) -> Result:
        """Measures one scenario."""
        results: dict[str, Result] = {}
        floors = [peer.name for peer in peers if peer.floor]
        up: dict[str, process.Running] = {}
        try:
            for number, peer in enumerate(peers):
                try:
                    up[peer.name] = self.start(peer, number, scenario)
                except Unsupported as reason:
                    results[peer.name] = {"unsupported": str(reason)}
            for name in list(up):
                fault = self.fault(scenario, up[name])
                results[name] = {"unsupported": fault} if fault else {"windows": []}
                results[name]["floor"] = name in floors
                if fault:
                    print(f"{name}: {fault}", file=sys.stderr, flush=True)
                    up.pop(name).stop()
            orders = {name: self.loaded(scenario, running) for name, running in up.items()}
            self.rounds(scenario, up, orders, results)
            self.count_syscalls(scenario, up, orders, results)
            self.look_at_logs(scenario, up, results)
        finally:
            for running in up.values():
                running.stop()
        load = scenario.load
        return {"title": scenario.title, "fixed_rate": bool(load.rate or load.share),
                "origin_alone": self.origin_alone(scenario),
                "peers": results}

    def loaded(self, scenario: Scenario, running: process.Running) -> generator.Order:
        """The order for a peer: its rate may depend on what it reaches in a closed loop."""
        order = self.order(scenario)
        if not scenario.load.share:
            return order
        closed = dataclasses.replace(scenario, load=dataclasses.replace(scenario.load, share=0))
        reached = measure.window(closed, self.subject(running), order)["rps"]
        return dataclasses.replace(order, rate=reached * scenario.load.share)

    def rounds(self, scenario: Scenario, up: dict[str, process.Running],
               orders: dict[str, generator.Order], results: dict[str, Result]) -> None:
        """A B C, B C A, C A B, ...: nobody is always the first."""
        names = list(up)
        for number in range(self.pace.rounds_of(scenario)):
            for name in names:
                if up[name].ended():
                    results[name].setdefault("died", f"round {number}: {up[name].last_words()}")
                    continue
                try:
                    measured = self.window(scenario, up[name], orders[name])
                    results[name]["windows"].append({"round": number, **measured})
                except generator.Failed as failure:
                    results[name].setdefault("failed", []).append(str(failure))
            names = names[1:] + names[:1]

    def window(self, scenario: Scenario, running: process.Running,
               order: generator.Order) -> measure.Window:
        subject = self.subject(running)
        if scenario.load.idle:
            return measure.idle_window(scenario, subject, order)
        if not scenario.profile.reload:
            return measure.window(scenario, subject, order)
        over = threading.Event()

        def reload_each_second() -> None:
            while not over.wait(1):
                running.reload()

        reloads = threading.Thread(target=reload_each_second)
        measured = measure.window(scenario, subject, order, reloads.start)
        over.set()
        reloads.join()
        # processes came and went, so there is no sum to speak of
        return {**measured, "cpu_us_per_request": 0.0, "mb_per_cpu_second": 0.0}

    def count_syscalls(self, scenario: Scenario, up: dict[str, process.Running],
                       orders: dict[str, generator.Order], results: dict[str, Result]) -> None:
        if not (self.pace.syscalls and budget.counts_syscalls(scenario)):
            return
        for name, running in up.items():
            if running.ended():
                continue
            try:
                count = measure.syscalls_per_request(scenario, self.subject(running), orders[name])
                results[name]["syscalls"] = count
            except generator.Failed:
                pass

    def look_at_logs(self, scenario: Scenario, up: dict[str, process.Running],
                     results: dict[str, Result]) -> None:
        """What wrote no log had no cost of one."""
        if not scenario.profile.log:
            return
        deadline = time.monotonic() + LOG_PATIENCE
        for name, running in up.items():
            log = running.site.folder / running.plan.log
            while not (log.exists() and log.stat().st_size) and time.monotonic() < deadline:
                time.sleep(0.1)
            if not (log.exists() and log.stat().st_size):
                results[name].setdefault("failed", []).append("wrote no access log")

    def origin_alone(self, scenario: Scenario) -> measure.Window | None:
        """The same load straight at the origin: what generator and origin can do on their CPU."""
        if not scenario.plain:
            return None
        load = dataclasses.replace(scenario.load, rate=0, share=0, idle=0)
        subject = generator.Subject(lambda: [], ORIGIN_PORT, self.origin.pid)
        order = dataclasses.replace(self.order(scenario), cpus=self.cpus.load)
        return measure.window(dataclasses.replace(scenario, load=load), subject, order)


def missing_header(scenario: Scenario, port: int) -> str:
    """Says if the response lacks a header that the proxy was to set."""
    edits = scenario.profile.headers // 2
    if not edits:
        return ""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", scenario.load.path, headers={"Host": "bench.test"})
    last = f"X-Resp-{edits - 1}"
    found = connection.getresponse().getheader(last)
    connection.close()
    return "" if found else f"the response has no {last}"


def machine() -> Result:
    """What the report says about where it was measured."""
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return {"date": time.strftime("%Y-%m-%d"), "kernel": os.uname().release, "cpus": os.cpu_count(),
            "cpu": models[0] if models else os.uname().machine}


def merged(first: Result, second: Result) -> Result:
    """Two sittings of one scenario as one, the rounds counted on."""
    last = max((window["round"] for peer in first["peers"].values()
                for window in peer.get("windows", [])), default=-1)
    for name, peer in second["peers"].items():
        known = first["peers"].get(name, {})
        if not known.get("windows"):
            first["peers"][name] = known = {**known, **peer, "windows": []}
        known["windows"] += [{**window, "round": window["round"] + last + 1}
                             for window in peer.get("windows", [])]
        for key in ("died", "failed"):
            if key in peer:
                known.setdefault(key, peer[key])
    return first


def run_all(session: Session, scenarios: list[Scenario], peers: list[Peer], out: pathlib.Path,
            sittings: int = 1) -> Result:
    """Measures all and keeps what there is so far in a file. In each sitting every process is a new
    one: some peers differ from process to process by more than from window to window."""
    results = {**machine(), "load": "wrk where it can" if session.wrk else "own",
               "pace": dataclasses.asdict(session.pace),
               "versions": {peer.name: peer.version() for peer in peers}, "scenarios": {}}
    for number, scenario in enumerate(scenarios, 1):
        print(f"[{number}/{len(scenarios)}] {scenario.name}: {scenario.title}", file=sys.stderr,
              flush=True)
        sat = [session.run(scenario, peers) for _ in range(sittings)]
        results["scenarios"][scenario.name] = functools.reduce(merged, sat)
        partial = out.with_suffix(".json.part")
        partial.write_text(json.dumps(results, indent=1))
        partial.replace(out)
        build.hand_over(out)
    return results
