# SPDX-License-Identifier: Apache-2.0
"""Processes of a run: how they are started, what the kernel says they used, how they end."""

import glob
import itertools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
from typing import IO, Any

from bench.peer import Plan, Site

WEIGHT = -15  # as nice(1) counts


def prefer(pid: int) -> None:
    """Gives a session scheduling weight. With automatic groups nice(1) works inside a session only,
    so the group gets it; without such groups there is no such file, and nothing is done."""
    try:
        pathlib.Path(f"/proc/{pid}/autogroup").write_text(str(WEIGHT))
    except OSError:
        pass


def spawn(argv: list[str], cpus: str, **how: Any) -> "subprocess.Popen[str]":
    """Starts a program on the given CPUs ("0", "0,1") in a session of its own."""
    process = subprocess.Popen(["taskset", "-c", cpus, *argv], start_new_session=True, text=True,
                               **how)
    prefer(process.pid)
    return process


def tree(pid: int) -> list[int]:
    """A process and all that descend from it, parents first."""
    found = [pid]
    for name in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            for child in pathlib.Path(name).read_text().split():
                found += tree(int(child))
        except OSError:
            pass
    return found


def cpu_ns(pids: list[int]) -> int:
    """CPU time that the processes have used, in nanoseconds: user and kernel, all threads, ended
    ones included, softirq work done in their name too. The clock of clock_getcpuclockid(3)."""
    total = 0
    for pid in pids:
        try:
            total += time.clock_gettime_ns((~pid << 3) | 2)
        except OSError:
            pass
    return total


def machine_ns() -> int:
    """CPU time that all of the machine has used since it started, in nanoseconds, by ticks."""
    user, nice, system, _, _, irq, softirq, steal = map(
        int, pathlib.Path("/proc/stat").read_text().split()[1:9])
    ticks = user + nice + system + irq + softirq + steal
    return ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def pss_kib(pids: list[int]) -> int:
    """Memory in KiB, pages that several processes share being divided among them."""
    total = 0
    for pid in pids:
        try:
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        found = re.search(r"^Pss:\s+(\d+)", text, re.M)
        total += int(found[1]) if found else 0
    return total


class Running:
    """A peer that runs as its plan says."""

    def __init__(self, plan: Plan, site: Site, cpus: str):
        self.plan = plan
        self.site = site
        self.reloads = itertools.count(1)
        prepare(plan, site)
        with open(site.folder / plan.stdout, "w") as out, open(site.folder / "stderr", "w") as err:
            self.process = spawn(plan.argv, cpus, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                 env={**os.environ, **plan.environment}, cwd=site.folder)

    def pids(self) -> list[int]:
        return tree(self.process.pid)

    def ended(self) -> bool:
        return self.process.poll() is not None

    def last_words(self) -> str:
        """The end of what it said, on one line."""
        text = (self.site.folder / "stderr").read_text(errors="replace")
        return " ".join(text.split())[-300:]

    @property
    def reloads_by_itself(self) -> bool:
        return self.plan.reload_signal is not None or bool(self.plan.reload_commands)

    def reload(self) -> None:
        if self.plan.reload_signal is not None:
            self.process.send_signal(self.plan.reload_signal)
        number = str(next(self.reloads))
        for command in self.plan.reload_commands:
            subprocess.run([part.replace("{n}", number) for part in command], check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self) -> None:
        """Parents first, or a master would start its worker again."""
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        self.process.wait()


def prepare(plan: Plan, site: Site) -> None:
    """Fills the peer's folder."""
    site.folder.mkdir(parents=True, exist_ok=True)
    site.folder.chmod(0o755)
    for source, name in plan.copies:
        shutil.copytree(source, site.folder / name, dirs_exist_ok=True)
    for name in plan.folders:
        (site.folder / name).mkdir(parents=True, exist_ok=True)
    for name, text in plan.files.items():
        path = site.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def close_pipe(pipe: IO[str] | None) -> None:
    if pipe is not None:
        pipe.close()
