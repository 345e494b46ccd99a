# SPDX-License-Identifier: Apache-2.0
"""X09: logs on disks that are full, broken or read-only: serving goes on, loss is counted."""

import itertools
import os
import re
import shutil

import pytest
from chaos import chaosd
from chaos.chaosd_tally import LONG, Tally, await_that, report

from harness import client, http1, pace

REQUESTS = 5000 if LONG else 1000
ORIGIN = "expect \\r\\n\\r\\n\nsend HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok\nagain"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
needs_strace = pytest.mark.skipif(pace.SANITIZED or not shutil.which("strace"),
                                  reason="no strace, or a leak detector that cannot be traced")


@pytest.fixture
def origin():
    with chaosd.Chaosd(ORIGIN) as made:
        yield made


def observed(file):
    return f'[observe.access_log]\nfile = "{file}"\n'


def ask(weir, name, count=REQUESTS):
    """So many requests on one connection, each of which has to be answered."""
    tally = Tally(f"X09 {name}")
    with client.Client(weir.addresses[0] if weir.addresses else weir.path) as made:
        for number in range(count):
            try:
                response = made.get(f"/{number}/" + "long" * 20)
                whole = response.status == 200 and response.body == b"ok"
                tally.count("whole" if whole else "corrupted", number)
            except (http1.Cut, OSError):
                tally.count("failed", number)
    assert tally.visible == 0
    return tally


def dropped(weir):
    """What weir's log has told of lines that were dropped."""
    return sum(map(int, re.findall(r"(\d+) lines were dropped", weir.stderr)))


@needs_strace
@pytest.mark.timeout(90)
@pytest.mark.parametrize("error", ["EIO", "ENOSPC", "EROFS", "EDQUOT"])
def test_an_access_log_that_cannot_be_written_costs_lines_only(error, weir_to, origin, tmp_path):
    file = tmp_path / "access.log"
    file.touch()
    weir = weir_to(origin, modules=["access_log"], more=observed(file),
                   under=("strace", "-D", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf",
                          "-P", file, "-e", "trace=write", "-e", f"inject=write:error={error}"))
    tally = ask(weir, error)
    weir.await_line("lines were dropped")
    weir.stop()
    assert file.read_bytes() == b""
    assert dropped(weir) == REQUESTS
    tally.check(f"{dropped(weir)} lines told as dropped")


def test_an_access_log_on_a_full_device_costs_lines_only(weir_to, origin):
    weir = weir_to(origin, modules=["access_log"], more=observed("/dev/full"))
    tally = ask(weir, "/dev/full")
    weir.await_line("lines were dropped")
    weir.stop()
    assert dropped(weir) == REQUESTS
    tally.check(f"{dropped(weir)} lines told as dropped")


def small_disk(folder):
    """What to start weir under: `folder` is a disk that has 32 KiB beside the file `filler`, in a
    mount namespace of its own. Without that file all that a test writes has room, what waits in
    memory to be written too."""
    script = (f"mount -t tmpfs -o size=4M tmpfs {folder} && "
              f'head -c {(4 << 20) - 32768} /dev/zero > {folder}/filler && exec "$@"')
    return ("unshare", "-m", "sh", "-c", script, "sh")


@needs_root
def test_an_access_log_goes_on_when_the_disk_has_room_again(weir_to, origin, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    weir = weir_to(origin, modules=["access_log"], more=observed(disk / "access.log"),
                   under=small_disk(disk))
    inside = f"/proc/{weir.process.pid}/root{disk}"
    tally = ask(weir, "full disk")
    weir.await_line("lines were dropped")
    held = os.path.getsize(f"{inside}/access.log")
    os.unlink(f"{inside}/filler")
    made = itertools.count()

    def lines():
        with open(f"{inside}/access.log", encoding="utf-8") as file:
            return file.read().split("\n")[:-1]

    def written():
        assert weir.get(f"/again-{next(made)}").status == 200
        return "again-" in "".join(lines())

    await_that(written, "lines after there is room again")
    torn = [line for line in lines() if not line.startswith("{") or not line.endswith("}")]
    assert len(torn) <= 1  # the one that the end of the disk cut, alone in its line
    tally.check(f"{held} bytes held, {dropped(weir)} lines told as dropped, and written again once "
                "there was room")


def silent(weir_to, origin, tmp_path, log, under=(), **more):
    """weir that logs into a file, and so tells no port: it listens on a Unix socket."""
    path = str(tmp_path / "weir.sock")
    weir = weir_to(origin, server={"log": {"file": str(log), "level": "debug"}}, under=under,
                   listener={"address": f"unix:{path}"}, expect_ready=False, **more)
    weir.path = path

    def listens():
        try:
            client.connect(path).close()
        except OSError:
            return False
        return True

    await_that(listens, "weir to listen")
    return weir


@needs_root
def test_a_log_of_its_own_is_whole_lines_once_the_disk_has_room_again(weir_to, origin, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    weir = weir_to(origin, server={"log": {"file": str(disk / "log"), "level": "info"}},
                   limits={"connections_per_client": 1}, expect_ready=False, under=small_disk(disk))
    inside = f"/proc/{weir.process.pid}/root{disk}"

    def text():
        try:
            with open(f"{inside}/log", encoding="utf-8") as file:
                return file.read()
        except OSError:
            return ""

    await_that(lambda: "ready" in text(), "weir to be ready")
    port = int(re.search(r"listening on 127.0.0.1:(\d+)", text())[1])
    with client.Client(port) as kept:
        kept.get()

        def turned_away():
            """A line of the log for each."""
            with client.Client(port) as made:
                made.rest()
            return True

        await_that(lambda: turned_away() and len(text()) == 32768, "the disk to be full")
        for _ in range(20):
            turned_away()
        os.unlink(f"{inside}/filler")
        await_that(lambda: turned_away() and "lines were lost here" in text(), "the log to go on")
        assert kept.get().status == 200
    lines = text().splitlines()
    day = lines[0][:11]
    assert [line for line in lines if day in line[1:]] == []  # none begins within another
    assert sum(not re.match(day + r"[0-9:.]+Z \w+ +\w", line) for line in lines) <= 1  # the cut one
    report(f"X09 log of its own: {len(lines)} lines, written again once there was room")


def test_a_log_of_its_own_on_a_full_device_costs_nothing(weir_to, origin, tmp_path):
    weir = silent(weir_to, origin, tmp_path, "/dev/full")
    ask(weir, "log on /dev/full").check()


@needs_strace
@pytest.mark.timeout(90)
def test_a_log_of_its_own_that_cannot_be_written_costs_nothing(weir_to, origin, tmp_path):
    log = tmp_path / "weir.log"
    log.touch()
    weir = silent(weir_to, origin, tmp_path, log,
                  under=("strace", "-D", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-P", log,
                         "-e", "trace=write", "-e", "inject=write:error=EIO:when=1..200"))
    ask(weir, "log with EIO").check()


def test_standard_error_that_nobody_reads_costs_nothing(weir_to, origin, tmp_path):
    # A pipe that is full: writing would wait for ever.
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while os.write(writing, bytes(4096)):
            pass
    except BlockingIOError:
        pass
    os.set_blocking(writing, True)
    path = str(tmp_path / "weir.sock")
    weir = weir_to(origin, server={"log": {"level": "debug"}}, expect_ready=False,
                   listener={"address": f"unix:{path}"},
                   under=("sh", "-c", f'exec "$@" 2>/proc/{os.getpid()}/fd/{writing}', "sh"))
    weir.path = path
    await_that(lambda: os.path.exists(path), "weir to listen")
    ask(weir, "standard error nobody reads").check()
    os.close(reading)
    os.close(writing)
