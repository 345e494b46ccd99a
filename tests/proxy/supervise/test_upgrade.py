# SPDX-License-Identifier: Apache-2.0
"""Another executable takes over, and nobody who connects can tell when."""

import os
import signal
import socket

import pytest

from harness import load, pace, proxy
from harness.processes import alive, children_of, number_in, until

pytestmark = pytest.mark.threads
ROUNDS = 50 if os.environ.get("WEIR_CHAOS") == "long" else 5

UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
           "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
SWITCH = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          b"Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n")


@pytest.fixture
def echo(make_origin):
    """An origin that answers, and sends everything back to who asks for another protocol."""
    def answer(exchange):
        if not exchange.request.get("Upgrade"):
            return exchange.respond()
        exchange.send(SWITCH)
        while data := exchange.connection.sock.recv(4096):
            exchange.send(data)
        return None

    return make_origin(answer, keep=0)


def tunnel(client):
    """A function that sends bytes through the tunnel and asserts that they come back."""
    client.request("/", *UPGRADE)
    assert client.head().status == 101

    def say(data):
        client.sock.sendall(data)
        assert client.sock.recv(4096) == data

    return say


class TestUpgrade:
    @pytest.mark.timeout(240)
    @pytest.mark.parametrize("processes", [1, 2])
    def test_nothing_fails_under_load(self, processes, upgradable, echo, raw, upgraded):
        weir = upgradable(echo, server={"drain": "60s", "processes": processes},
                          limits={"connections_per_client": 0})
        kept = raw(weir.port)
        say = tunnel(kept)
        clients = load.Load(weir.port, 16)
        try:
            for number in range(ROUNDS):
                clients.await_good(200 // pace.FACTOR)
                upgraded(weir)
                say(b"%d" % number)
            clients.await_good(200 // pace.FACTOR)
        finally:
            clients.stop()
        assert clients.refused == 0
        assert clients.failures == []
        kept.close()
        assert weir.process.wait(pace.PATIENCE) == 0  # the first, whose worker had the tunnel

    def test_the_unix_socket_stays(self, upgradable, origin, upgraded, tmp_path):
        path = tmp_path / "weir.sock"
        weir = upgradable(origin, listener={"address": f"unix:{path}"})
        file = path.stat().st_ino
        pid = upgraded(weir)
        assert weir.process.wait(pace.PATIENCE) == 0
        assert weir.get().status == 200
        assert path.stat().st_ino == file
        os.kill(pid, signal.SIGTERM)
        until(lambda: not alive(pid), "the end")
        assert not path.exists()

    def test_the_file_of_today_counts(self, upgradable, origin, upgraded):
        weir = upgradable(origin)
        more = weir.conf.read_text() + '\n[[listener]]\naddress = "127.0.0.1:0"\n'
        weir.conf.write_text(more)
        upgraded(weir)
        assert len(set(weir.ports)) == 2
        assert weir.ports[0] == weir.ports[1]  # one was there before

    def test_sockets_that_nobody_wants_any_more_close(self, weir, origin, upgraded, tmp_path):
        file = tmp_path / "weir.pid"
        listener = '[[listener]]\naddress = "127.0.0.1:0"\n'
        rest = f'[[route]]\nto = "{origin.url}"\n[server]\npid = "{file}"\n'
        made = weir(listener * 2 + rest)
        made.pid_file = file
        made.conf.write_text(listener + rest)
        pid = upgraded(made)
        try:
            assert made.process.wait(pace.PATIENCE) == 0
            assert made.get().status == 200
            with pytest.raises(ConnectionRefusedError):
                made.client(made.addresses[1])
        finally:
            os.kill(pid, signal.SIGTERM)
            until(lambda: not alive(pid), "the end")

    def test_the_file_of_a_socket_that_nobody_wants_any_more_stayed(self, upgradable, origin,
                                                                    upgraded, raw, tmp_path):
        path = tmp_path / "more.sock"
        weir = upgradable(origin)
        text = weir.conf.read_text()
        more = f'\n[[listener]]\naddress = "unix:{path}"\n'
        weir.conf.write_text(text + more)
        upgraded(weir)
        assert raw(str(path)).get().status == 200
        weir.conf.write_text(text)
        upgraded(weir)
        until(lambda: not path.exists(), "the end of the file")
        assert weir.get().status == 200


class TestHanded:
    """A socket of the service manager's that the file does not ask for at first."""

    @pytest.fixture
    def handed(self, upgradable, origin, tmp_path, monkeypatch):
        """weir with such a socket; ask() writes the file that asks for it."""
        launcher = tmp_path / "launcher"
        launcher.write_text(f"""#!/usr/bin/python3
import fcntl, os, pathlib, socket, sys
given = socket.create_server(("127.0.0.1", 0))
pathlib.Path("{tmp_path}/port").write_text(str(given.getsockname()[1]))
os.dup2(fcntl.fcntl(given, fcntl.F_DUPFD, 10), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv("{proxy.executable()}", ["weir", *sys.argv[1:]])
""")
        launcher.chmod(0o755)
        with monkeypatch.context() as patched:
            patched.setattr(proxy, "executable", lambda: launcher)
            weir = upgradable(origin)
        weir.handed_port = int((tmp_path / "port").read_text())
        text = weir.conf.read_text()
        more = f'\n[[listener]]\naddress = "127.0.0.1:{weir.handed_port}"\n'
        weir.ask = lambda: weir.conf.write_text(text + more)
        return weir

    def test_it_was_lost_at_an_upgrade(self, handed, upgraded, raw):
        handed.await_line(f"listens on 127.0.0.1:{handed.handed_port}, where the file has no")
        for _ in range(2):
            upgraded(handed)
        waiting = raw(handed.handed_port).request()
        handed.ask()
        os.kill(number_in(handed.pid_file), signal.SIGHUP)
        assert waiting.response().status == 200

    def test_it_is_there_after_an_upgrade_that_failed(self, handed, raw):
        good = handed.conf.read_text()
        handed.conf.write_text("[[listener]\n")
        handed.signal(signal.SIGUSR2)
        handed.await_line("no upgrade: the new process ended with status 1")
        waiting = raw(handed.handed_port).request()
        handed.conf.write_text(good)
        handed.ask()
        handed.signal(signal.SIGHUP)
        assert waiting.response().status == 200


def test_the_service_manager_hears_of_it(upgradable, origin, upgraded, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(pace.PATIENCE)
        weir = upgradable(origin, env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert manager.recv(4096) == b"READY=1"
        new = upgraded(weir)
        assert {manager.recv(4096), manager.recv(4096)} == {b"MAINPID=%d" % new, b"READY=1"}
        assert weir.process.wait(pace.PATIENCE) == 0
        os.kill(new, signal.SIGTERM)
        assert manager.recv(4096) == b"STOPPING=1"


def test_the_service_manager_is_told_of_a_process_that_it_can_look_after(upgradable, echo, raw,
                                                                         upgraded, tmp_path):
    """systemd kills at once, and never misses, a main process that is not its child or an orphan:
    so it must be none of the former one's, which goes on for as long as a tunnel does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(pace.PATIENCE)
        weir = upgradable(echo, server={"drain": "60s"},
                          env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        kept = raw(weir.port)
        tunnel(kept)
        new = upgraded(weir)
        while manager.recv(4096) != b"MAINPID=%d" % new:
            pass
        assert alive(weir.process.pid)
        assert new not in descendants_of(weir.process.pid)
        kept.close()
        assert weir.process.wait(pace.PATIENCE) == 0


def test_orders_go_to_the_new_process_while_the_former_one_drains(upgradable, echo, raw, upgraded,
                                                                  tmp_path):
    control = tmp_path / "control"
    weir = upgradable(echo, server={"drain": "60s", "control": str(control)})
    kept = raw(weir.port)
    say = tunnel(kept)
    upgraded(weir)
    weir.await_line("draining: no new connections")
    for _ in range(10):
        done = proxy.run("reload", "-c", weir.conf)
        assert done.returncode == 0, done.stderr
    say(b"still there")
    kept.close()
    assert weir.process.wait(pace.PATIENCE) == 0


class TestNoUpgrade:
    """The former process goes on, and says why."""

    @pytest.fixture
    def linked(self, tmp_path, origin, monkeypatch):
        """weir as started through a link, which can be made to lead elsewhere."""
        link = tmp_path / "bin" / "weir"
        link.parent.mkdir()
        link.symlink_to(proxy.executable())
        monkeypatch.setattr(proxy, "executable", lambda: link)
        return link

    @staticmethod
    def lead_to(link, script, mode=0o755):
        link.unlink()
        link.write_text(f"#!/bin/sh\n{script}\n")
        link.chmod(mode)

    def test_through_a_link_the_new_file_is_taken(self, upgradable, origin, linked, upgraded,
                                                  tmp_path):
        weir = upgradable(origin)
        self.lead_to(linked, f'touch {tmp_path}/new\nexec {pace.BUILD}/weir "$@"')
        upgraded(weir)
        assert (tmp_path / "new").exists()
        assert weir.get().status == 200

    @pytest.mark.parametrize("script, mode, reason", [
        ("exit 3", 0o755, "ended with status 3 before it served"),
        ("kill -9 $$", 0o755, "ended by SIGKILL before it served"),
        ("", 0o644, "cannot execute"),
    ])
    def test_a_new_file_that_is_no_good(self, script, mode, reason, upgradable, origin, linked):
        weir = upgradable(origin)
        self.lead_to(linked, script, mode)
        for count in (1, 2):
            weir.signal(signal.SIGUSR2)
            assert reason in weir.await_line("no upgrade: .*; this process goes on", count=count)
        assert weir.get().status == 200
        assert number_in(weir.pid_file) == weir.process.pid
        weir.stop()

    def test_a_configuration_that_is_wrong_by_now(self, upgradable, origin):
        weir = upgradable(origin)
        weir.conf.write_text("[[listener]\n")
        weir.signal(signal.SIGUSR2)
        weir.await_line("no upgrade: the new process ended with status 1")
        assert weir.get().status == 200
        weir.stop()

    def test_one_at_a_time(self, upgradable, origin, linked):
        weir = upgradable(origin)
        self.lead_to(linked, "exec sleep 100")
        weir.signal(signal.SIGUSR2)
        weir.await_line("upgrade: starting")
        weir.signal(signal.SIGUSR2)
        weir.await_line("no upgrade: an upgrade is under way")
        assert weir.get().status == 200
        weir.stop()

    def test_sigterm_while_upgrading_ends_both(self, upgradable, origin, linked):
        weir = upgradable(origin)
        self.lead_to(linked, "exec sleep 100")
        weir.signal(signal.SIGUSR2)
        weir.await_line("upgrade: starting")
        new = until(lambda: [new for pid in weir.workers for new in children_of(pid)
                             if comm(new) == "sleep"], "it to run")
        weir.stop()
        until(lambda: not alive(new[0]), "its end")
        weir.await_refusal()

    def test_a_new_process_served_beside_the_former_one_when_nobody_attended_to_it(
            self, upgradable, origin, linked, tmp_path):
        weir = upgradable(origin)
        self.lead_to(linked, f'echo $$ > {tmp_path}/began\nread line < {tmp_path}/gate\n'
                     f'exec {pace.BUILD}/weir "$@"')
        os.mkfifo(tmp_path / "gate")
        weir.signal(signal.SIGUSR2)
        new = until(lambda: number_in(tmp_path / "began"), "it to run")
        attending = next(pid for pid in weir.workers if new in children_of(pid))
        os.kill(attending, signal.SIGKILL)
        weir.await_line("no upgrade: the new process ended by SIGKILL before it served")
        (tmp_path / "gate").write_text("go\n")
        weir.await_line("the upgrade is off")
        until(lambda: not alive(new), "its end")
        assert weir.get().status == 200
        assert number_in(weir.pid_file) == weir.process.pid
        weir.stop()

    def test_a_new_process_ends_when_the_former_one_dies_too_early(self, upgradable, origin,
                                                                   linked, tmp_path):
        weir = upgradable(origin)
        self.lead_to(linked, f'touch {tmp_path}/began\nread line < {tmp_path}/gate\n'
                     f'exec {pace.BUILD}/weir "$@"')
        os.mkfifo(tmp_path / "gate")
        weir.signal(signal.SIGUSR2)
        until((tmp_path / "began").exists, "it to run")
        workers = weir.workers
        weir.process.kill()
        weir.process.wait()
        (tmp_path / "gate").write_text("go\n")
        weir.await_line("the upgrade is off")
        until(lambda: not any(map(alive, workers)), "the end of all")
        weir.await_refusal()
        weir.pid_file.unlink()


def descendants_of(pid):
    return [each for child in children_of(pid) for each in (child, *descendants_of(child))]


def comm(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""
