# SPDX-License-Identifier: Apache-2.0
"""Where the CPU time of one scenario goes: functions by perf record, system calls by perf stat."""

import pathlib
import re
import subprocess

from bench import measure, process
from bench.peer import Peer
from bench.scenario import Scenario
from bench.session import Session

SYSCALL_EVENTS = pathlib.Path("/sys/kernel/tracing/events/syscalls")
FREQUENCY = 1999  # samples a second; prime, so that it keeps no step with timers
# Those a proxy may make for each request. All 350 would take a descriptor each for each thread.
CALLS = ("accept4", "bind", "clock_nanosleep", "close", "connect", "epoll_ctl", "epoll_pwait",
         "epoll_pwait2", "epoll_wait", "fcntl", "futex", "getpeername", "getsockname",
         "getsockopt", "ioctl", "madvise", "mmap", "munmap", "nanosleep", "openat", "pipe2",
         "poll", "read", "readv", "recvfrom", "recvmsg", "sched_yield", "sendmsg", "sendto",
         "setsockopt", "shutdown", "socket", "splice", "timerfd_settime", "tee", "write", "writev")


def attached(running: process.Running, argv: list[str], seconds: float) -> list[str]:
    pids = ",".join(map(str, running.pids()))
    return ["perf", *argv, "-p", pids, "--", "sleep", f"{seconds:g}"]


def under_load(session: Session, scenario: Scenario, running: process.Running,
               command: list[str]) -> tuple[measure.Window, str]:
    """Runs a command while load is on the proxy; gives the window and what it said on stderr."""
    started: list[subprocess.Popen[str]] = []

    def start() -> None:
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True))

    measured = measure.window(scenario, session.subject(running), session.order(scenario), start)
    return measured, started[0].communicate()[1]


def functions(session: Session, scenario: Scenario, running: process.Running, seconds: float,
              lines: int) -> str:
    data = str(session.folder / "perf.data")
    record = ["record", "-q", "-F", str(FREQUENCY), "-o", data]
    measured, _ = under_load(session, scenario, running, attached(running, record, seconds))
    def report(sort: str) -> str:
        return subprocess.run(["perf", "report", "-i", data, "--stdio", "--sort", sort, "-q"],
                              capture_output=True, text=True, check=False).stdout

    return (f"CPU per request: {measured['cpu_us_per_request']:.2f} µs while sampled, "
            f"{measured['rps']:,.0f} requests/s\n\n" + table(report("dso"), 8, ("share", "where"))
            + "\n\n" + table(report("symbol,dso"), lines, ("share", "function", "where")))


def top(said: str, lines: int) -> list[list[str]]:
    """The first lines of a report as cells; [k] before a function is the kernel, [.] the rest."""
    rows = [re.split(r"\s{2,}", line.strip()) for line in said.splitlines()
            if re.match(r"\s+\d+\.\d+%", line)]
    return [[cell for cell in row if cell != "-"] for row in rows[:lines]]


def table(said: str, lines: int, head: tuple[str, ...]) -> str:
    rows = [head, ("---",) * len(head), *top(said, lines)]
    return "\n".join("| " + " | ".join(row[:len(head)]) + " |" for row in rows)


def parse_counts(said: str) -> dict[str, int]:
    """The output of perf stat -x, as calls by name, the most frequent first."""
    found = re.findall(r"^(\d+),,syscalls:sys_enter_(\w+),", said, re.M)
    counts = {name: int(count) for count, name in found if int(count)}
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def syscalls(session: Session, scenario: Scenario, running: process.Running,
             seconds: float) -> str:
    events = ",".join(f"syscalls:sys_enter_{name}" for name in CALLS
                      if (SYSCALL_EVENTS / f"sys_enter_{name}").exists()
                      or not SYSCALL_EVENTS.is_dir())
    stat = ["stat", "-x,", "-e", events]
    measured, said = under_load(session, scenario, running, attached(running, stat, seconds))
    requests = max(1.0, measured["rps"] * seconds)
    counts = parse_counts(said)
    lines = ["| system call | per request |", "|---|---|"]
    lines += [f"| {name} | {count / requests:.3f} |" for name, count in counts.items()
              if count / requests >= 0.001]
    lines.append(f"| together | {sum(counts.values()) / requests:.2f} |")
    return "\n".join(lines)


def profile(session: Session, scenario: Scenario, peer: Peer, seconds: float, lines: int) -> str:
    """Both, as text that can stand in a commit or a page."""
    running = session.start(peer, 0, scenario)
    try:
        fault = session.fault(scenario, running)
        if fault:
            return f"{peer.name}: {fault}"
        calls = syscalls(session, scenario, running, min(seconds, 1.0))
        spent = functions(session, scenario, running, seconds, lines)
    finally:
        running.stop()
    return f"{peer.name}, {scenario.name}: {scenario.title}\n\n{spent}\n\n{calls}"
