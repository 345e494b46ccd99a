# SPDX-License-Identifier: Apache-2.0
"""X13: wall clocks that jump, a machine that was suspended, and one that has run for ten years."""

import email.utils
import glob
import os
import signal
import threading
import time

import pytest
from chaos import chaosd, chaosd_crowd
from chaos.chaosd_crowd import Crowd
from chaos.chaosd_tally import await_that, processor_time, report

from harness import client, pace

FAKETIME = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
ORIGIN = "expect \\r\\n\\r\\n\nsend HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok\nagain"
HOUR, YEAR = 3600, 365 * 24 * 3600
BRIEF = {"head": "1s", "keep_alive": "60s", "first_byte": "1s"}


@pytest.fixture
def origin():
    with chaosd.Chaosd(ORIGIN) as made:
        yield made


def site(weir_to, origin, **how):
    return weir_to(origin, modules=chaosd_crowd.MODULES, more=chaosd_crowd.ROUTE,
                   route={"path": "/*"}, **how)


def wall_clock(weir):
    """What weir believes, from its answers, as a difference to the truth in seconds."""
    date = weir.get("/fine").get("Date")
    return email.utils.parsedate_to_datetime(date).timestamp() - time.time()


def stalled_head(weir):
    """Seconds until a head that does not end is answered by 408."""
    with client.Client(weir.port, pace.PATIENCE) as made:
        began = time.monotonic()
        made.send(b"GET / HTTP/1.1\r\nHos")
        assert made.response().status == 408
        return time.monotonic() - began


@pytest.mark.timeout(90)
@pytest.mark.skipif(not FAKETIME, reason="libfaketime is not installed")
@pytest.mark.skipif(pace.SANITIZED, reason="two preloaded libraries at a time do not go well")
def test_a_wall_clock_that_jumps_moves_dates_and_nothing_else(weir_to, origin, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("+0s\n")
    weir = site(weir_to, origin, timeouts=BRIEF, env={
        "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1"})
    jumps = [HOUR, -HOUR, 10 * YEAR, -10 * YEAR, 0]
    took = []
    with Crowd(weir.port, target="/") as crowd, weir.client() as idle:
        assert idle.get().status == 200  # and rests through every jump
        crowd.enter("before", 200)
        crowd.enter("during")
        for jump in jumps:
            stalled = threading.Thread(target=lambda: took.append(stalled_head(weir)))
            stalled.start()
            clock.write_text(f"{jump:+d}s\n")
            await_that(lambda j=jump: abs(wall_clock(weir) - j) < 60, f"a clock off by {jump} s")
            stalled.join(pace.PATIENCE)
            assert idle.get().status == 200
        crowd.enter("after")
        crowd.stop()
    assert len(took) == len(jumps)
    report(f"X13 jumps of 1 h and 10 y: {len(crowd.took['during'])} requests, 0 visible failures, "
           f"0 corrupted, 0 lost, 0 duplicated; limits of 1 s kept within {max(took):.2f} s")
    assert 0.9 <= min(took)
    assert max(took) <= 1.1 + pace.PATIENCE / 4
    crowd.check("during", 2)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a time namespace")
@pytest.mark.parametrize("since", [10 * YEAR, 100 * YEAR])
def test_a_machine_that_has_run_for_years_has_the_same_timers(since, weir_to, origin):
    weir = site(weir_to, origin, timeouts=BRIEF, under=(
        "unshare", "-T", f"--monotonic={since}", f"--boottime={since}"))
    took = stalled_head(weir)
    with weir.client() as made:
        for _ in range(100):
            assert made.get().status == 200
    used, began = processor_time(weir), time.monotonic()
    await_that(lambda: time.monotonic() - began > 0.5, "a moment")
    assert processor_time(weir) - used < 0.2
    report(f"X13 {since // YEAR} years of running: 101 requests, 1 visible failure (408), "
           f"0 corrupted, 0 lost, 0 duplicated; a limit of 1 s took {took:.2f} s")
    assert 0.9 <= took <= 1.1 + pace.PATIENCE / 4


def test_what_was_suspended_past_its_deadlines_serves_what_is_there(weir_to, origin):
    # The clock of timers goes on while a process is stopped: what is late then is late afterwards.
    weir = site(weir_to, origin, timeouts={"head": "700ms", "keep_alive": "700ms"})
    asking = [weir.client() for _ in range(50)]
    resting = [weir.client() for _ in range(50)]
    half = [weir.client() for _ in range(10)]
    for made in [*asking, *resting]:
        assert made.get().status == 200
    for made in half:
        made.send(b"GET / HTTP/1.1\r\nHos")
    weir.get()
    weir.signal(signal.SIGSTOP)
    began = time.monotonic()
    for made in asking:
        made.request()
    await_that(lambda: time.monotonic() - began > 1.5, "the deadlines to pass")
    weir.signal(signal.SIGCONT)
    # A request that is there is served, however late; who rested is closed; a head is too late.
    assert [made.response().status for made in asking] == [200] * 50
    assert [made.rest() for made in resting] == [b""] * 50
    assert [made.response().status for made in half] == [408] * 10
    assert weir.get().status == 200
    report("X13 suspended past all deadlines: 61 requests, 10 visible failures (408), 0 corrupted, "
           "0 lost, 0 duplicated; 50 resting connections closed, as documented")
