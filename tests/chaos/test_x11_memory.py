# SPDX-License-Identifier: Apache-2.0
"""X11: a memory cgroup of 96 MiB, slow readers in great numbers, and bodies without end."""

import os
import pathlib

import pytest
from chaos.chaosd_tally import report

from harness import pace
# pylint: disable=unused-import
from harness.overload import HEALTH, crowd, descriptors, flood, survives, watched  # noqa: F401

MIB = 1 << 20
READERS = 2000
# weir unpacks nothing, so a bomb is a body that grows without end, in both directions at once.
BOMBS = 200
BOMB = (b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n"
        + bytes(128 << 10))
CGROUP = pathlib.Path("/sys/fs/cgroup/memory")  # version 1


@pytest.fixture
def group(tmp_path):
    """The folder of a cgroup of 96 MiB, and the script that a process enters it by."""
    made = CGROUP / f"weir-{os.getpid()}"
    made.mkdir()
    (made / "memory.limit_in_bytes").write_text(str(96 * MIB))
    enter = tmp_path / "enter"
    enter.write_text(f'#!/bin/sh\necho $$ > {made}/cgroup.procs\nexec "$@"\n')
    enter.chmod(0o755)
    yield made, enter
    made.rmdir()


@pytest.mark.timeout(180)
@pytest.mark.skipif(not os.access(CGROUP / "cgroup.procs", os.W_OK) or pace.SANITIZED,
                    reason="no cgroup of version 1 to write to, or a sanitizer needs more")
def test_96_mib_and_2000_slow_readers_are_503_and_no_kill(watched, flood, crowd, group):
    folder, enter = group
    weir = watched(flood, modules=["respond"], more=HEALTH, under=(enter,))
    try:
        budget = weir.figures()["memory_budget"]
        assert budget == 96 * MIB // 10 * 7
        crowd(weir.port, BOMBS, BOMB)
        survives(weir, budget, crowd, READERS)
        figures = weir.figures()
        kills = int((folder / "memory.oom_control").read_text().split("oom_kill ")[-1])
        report(f"X11: {READERS + BOMBS} clients, {figures['requests_shed']} requests 503, "
               f"{figures['exchanges_reset']} answers reset, {weir.memory() / MIB:.1f} MiB of 96 "
               f"at most, {kills} kills for want of memory")
        assert kills == 0
        assert figures["requests_shed"] > 0
    finally:
        weir.kill()
