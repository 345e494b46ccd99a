# SPDX-License-Identifier: Apache-2.0
"""What worker processes and the supervisor give up when weir is started as root."""

import os
import pathlib
import pwd
import signal
import tempfile

import pytest

from harness import config, pace, proxy
from harness.processes import until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

# NET_BIND_SERVICE, SETUID, SETGID, KILL, DAC_OVERRIDE: linux/capability.h
KEPT = 1 << 10 | 1 << 7 | 1 << 6 | 1 << 5 | 1 << 1
NOBODY = pwd.getpwnam("nobody")


def status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return {key: value.split() for key, _, value in (line.partition(":") for line in lines)}


@pytest.fixture
def dropped(weir_to, origin, monkeypatch):
    """weir with `user = "nobody"`."""
    if pace.SANITIZED:  # a process that may not be traced cannot look for leaks
        monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")

    def start(expect_ready=True, **server):
        return weir_to(origin, server={"user": "nobody", **server}, expect_ready=expect_ready)

    return start


def test_workers_are_nobody_with_no_way_back(dropped, replaced):
    weir = dropped()
    for _ in range(2):
        worker = status(weir.workers[0])
        assert worker["Uid"] == [str(NOBODY.pw_uid)] * 4
        assert worker["Gid"] == [str(NOBODY.pw_gid)] * 4
        assert "0" not in worker["Groups"]
        for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            assert int(worker[kind][0], 16) == 0
        assert worker["NoNewPrivs"] == ["1"]
        assert worker["Umask"] == ["0077"]
        limits = pathlib.Path(f"/proc/{weir.workers[0]}/limits").read_text(encoding="ascii")
        core = next(line for line in limits.splitlines() if line.startswith("Max core"))
        assert core.split()[4:6] == ["0", "0"]
        assert weir.get().status == 200
        replaced(weir)


def test_the_supervisor_keeps_what_it_needs(dropped):
    weir = dropped()
    supervisor = status(weir.process.pid)
    assert supervisor["Uid"] == ["0"] * 4
    for kind in ("CapPrm", "CapEff"):
        assert int(supervisor[kind][0], 16) & ~KEPT == 0


def test_a_file_that_root_alone_may_read(dropped, replaced):
    weir = dropped()
    weir.conf.chmod(0o600)
    replaced(weir)
    assert weir.get().status == 200


@pytest.mark.skipif(not all(folder.stat().st_mode & 0o001 for folder in pace.BUILD.parents),
                    reason="others cannot reach the build folder")
def test_modules_are_loaded_by_the_user(weir, dropped):  # pylint: disable=unused-argument
    served = weir('[server]\nuser = "nobody"\n[[listener]]\naddress = "127.0.0.1:0"\n'
                  '[[route]]\nfilters = [{ respond = { status = 204 } }]\n', modules=["respond"])
    assert served.get().status == 204


def test_the_log_file_is_the_workers_as_well_as_the_supervisors(dropped):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        log = pathlib.Path(folder) / "weir.log"
        weir = dropped(log={"file": str(log)}, expect_ready=False)
        until(lambda: log.exists() and " ready: weir" in log.read_text(), "it to be ready")
        assert log.stat().st_uid == NOBODY.pw_uid
        os.kill(weir.workers[0], signal.SIGKILL)
        until(lambda: log.read_text().count(" ready: weir") == 2, "the next worker")
        assert "ended by SIGKILL: another one starts at once" in log.read_text()
        log.rename(pathlib.Path(folder) / "weir.log.1")
        weir.signal(signal.SIGUSR1)
        until(log.exists, "a new file")
        assert log.stat().st_uid == NOBODY.pw_uid
        weir.stop()
        assert weir.stderr == ""


def test_an_unknown_user_is_the_worlds_fault(tmp_path, origin):
    conf = tmp_path / "weir.toml"
    conf.write_text(config.simple(origin, server={"user": "no_such_user"}))
    done = proxy.run("check", conf)
    assert done.returncode == 2
    assert 'user: there is no user "no_such_user"' in done.stderr
    assert "weir.toml:4:8" in done.stderr
