# SPDX-License-Identifier: Apache-2.0
"""More than the process can take: what gives way, in which order, and that it comes back."""

import os
import threading
import time

import pytest

from harness import client, config, pace
from harness.overload import HEALTH, survives

MIB = 1 << 20


class TestSteps:
    """With so little memory allowed that the bare process is beyond every step."""

    @pytest.fixture
    def small(self, watched, origin):
        return watched(origin, modules=["respond", "headers"], more=HEALTH,
                       listener={"filters": [{"headers": {"response": {"set": {"X-Ran": "1"}}}}]},
                       timeouts={"keep_alive_overload": "200ms"})

    def test_new_requests_are_answered_503_before_any_module(self, small, raw):
        kept = raw(small.port)
        assert kept.get().get("X-Ran") == "1"
        small.limit_memory("1MiB")
        small.await_step("reset")
        response = kept.get()
        assert response.status == 503
        assert response.get("Retry-After") == "1"
        assert not response.fields.has("X-Ran")
        assert small.figures()["requests_shed"] == 1

    def test_a_route_that_says_so_is_served_all_the_same(self, small, raw):
        kept = raw(small.port)
        assert kept.get().status == 200
        small.limit_memory("1MiB")
        small.await_step("reset")
        response = kept.get("/health")
        assert (response.status, response.body) == (200, b"well")
        assert kept.get().status == 503
        assert small.figures()["requests_shed"] == 1

    def test_connections_wait_until_it_is_over(self, small, origin, raw):
        kept = raw(small.port)
        assert kept.get().status == 200
        small.limit_memory("1MiB")
        small.await_step("reset")
        assert kept.get().status == 503  # so the loop has heard of it
        waiting = raw(small.port).request("/waiting")
        assert kept.get().status == 503
        assert "/waiting" not in [request.target for request in origin.requests]
        small.limit_memory(0)
        assert waiting.response().status == 200
        assert small.figures()["step"] == "normal"

    def test_idle_connections_are_kept_for_less(self, small, raw):
        kept = raw(small.port)
        assert kept.get().status == 200
        small.limit_memory("1MiB")
        kept.ends()

    def test_each_step_is_one_line_with_its_figures(self, small):
        small.limit_memory("1MiB")
        line = small.await_line("overload: step reset after normal")
        assert "of 1 MiB)" in line and "descriptors" in line
        small.limit_memory(0)
        small.await_line("overload: step normal after reset")
        assert small.figures()["entered"] == {name: 1 for name in (
            "caches", "keep_alive", "shed", "pause", "reset")}


class TestMemory:
    @pytest.mark.timeout(90)
    @pytest.mark.skipif(pace.SANITIZED, reason="a sanitizer keeps what was freed")
    def test_slow_readers_are_reset_and_the_rest_goes_on(self, watched, flood, crowd):
        weir = watched(flood, modules=["respond"], more=HEALTH)
        budget = 2 * weir.memory("VmRSS") + 16 * MIB
        weir.limit_memory(budget)
        survives(weir, budget, crowd, 200 + 2 * budget // (512 << 10))


class TestDescriptors:
    def test_with_too_few_of_them_it_pauses_and_goes_on(self, watched, origin, crowd):
        """What comes of a thousand clients is measured by chaos/test_x10_descriptors.py."""
        weir = watched(origin, limits={"connections": 1000}, under=("prlimit", "--nofile=64"))
        many = crowd(weir.port, 200)
        weir.await_figures(lambda figures: figures["accept_pauses"] > 0)
        assert weir.figures()["open_files"] <= 63
        many.close()
        assert weir.get().status == 200

    def test_below_the_limit_of_connections_there_is_no_overload(self, watched, origin, crowd):
        weir = watched(origin, under=("prlimit", "--nofile=64"))
        many = crowd(weir.port, 1000)
        weir.await_figures(lambda figures: figures["connections_full"] > 0)
        assert weir.figures()["step"] == "normal"
        many.close()
        assert weir.get().status == 200


class TestLag:
    @pytest.mark.timeout(60)
    def test_a_late_loop_serves_one_new_request_in_ten(self, watched, origin, burn, raw):
        keys = {"path": "/burn", "to": origin.url, "overload": "serve",
                "filters": [{"burn": {"time": "80ms"}}]}
        # Only a loop that has a CPU is late by its own fault: other tests may not take it.
        first = ("chrt", "-f", "1") if os.geteuid() == 0 else ()
        weir = watched(origin, modules=["respond", "burn"], under=first,
                       more=HEALTH + config.table("[[route]]", keys)
                       + f'[module.burn]\npath = "{burn}"\n')
        enough = threading.Event()

        def work():
            with client.Client(weir.port) as made:
                while not enough.is_set():
                    made.get("/burn")

        busy = [threading.Thread(target=work) for _ in range(2)]
        for thread in busy:
            thread.start()
        try:
            weir.await_line("overload: worker 0 is late")
            kept = raw(weir.port)
            answers = [kept.get() for _ in range(20)]
            assert [each.status for each in answers].count(200) == 2
            assert {each.get("Retry-After") for each in answers if each.status == 503} == {"1"}
            assert {kept.get("/health").status for _ in range(5)} == {200}
        finally:
            enough.set()
            for thread in busy:
                thread.join()
        weir.await_line("overload: worker 0 is in time again")
        assert {kept.get().status for _ in range(20)} == {200}
        figures = weir.figures()
        assert (figures["late_workers"], figures["times_late"]) == (0, 1)
        assert figures["requests_shed"] == 18
        assert figures["step"] == "normal"


class TestLimits:
    def test_a_client_above_its_limit_is_counted(self, watched, origin, raw):
        weir = watched(origin, limits={"connections_per_client": 2})
        kept = [raw(weir.port) for _ in range(2)]
        assert [each.get().status for each in kept] == [200, 200]
        assert raw(weir.port).request().rest() == b""
        assert weir.figures()["clients_refused"] == 1

    def test_the_limit_of_connections_is_told_and_counted(self, watched, origin, raw):
        weir = watched(origin, limits={"connections": 2})
        kept = [raw(weir.port) for _ in range(2)]
        assert [each.get().status for each in kept] == [200, 200]
        weir.await_line("has 2 connections, all that limits.connections allows it")
        assert weir.figures()["connections_full"] == 1
        waiting = raw(weir.port).request()
        kept[0].close()
        assert waiting.response().status == 200
