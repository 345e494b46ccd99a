# SPDX-License-Identifier: Apache-2.0
"""The real executable as a child process, from its first line to its exit."""

import os
import pathlib
import resource
import re
import signal
import subprocess
import threading

from harness import client, pace

LISTENING = re.compile(r"listening on (\S+)")
READY = re.compile(r"\bready\b")
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:")


def executable():
    path = pace.BUILD / "weir"
    assert path.exists(), f"no {path}: build it, or name a build folder in WEIR_BUILD"
    return path


def run(*arguments, timeout=None, **how):
    """A command of weir that ends by itself; gives returncode, stdout and stderr as text."""
    done = subprocess.run([executable(), *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout or pace.PATIENCE, check=False, **how)
    assert not SANITIZER.search(done.stderr), done.stderr
    return done


def address_of(text):
    """What "listening on" names, as client.connect() takes it."""
    if text.startswith("unix:"):
        return text.removeprefix("unix:")
    host, _, port = text.rpartition(":")
    return int(port) if host == "127.0.0.1" else (host.strip("[]"), int(port))


class Weir:
    """weir run; leaves the constructor when weir accepts connections."""

    def __init__(self, *arguments, env=None, expect_ready=True, under=()):
        self.lines = []
        self.told = threading.Condition()
        self.clients = []
        self.ended = False
        self.process = subprocess.Popen(
            [*under, executable(), *map(str, arguments)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
        self.output = []
        self.threads = [threading.Thread(target=self.follow, args=each, daemon=True)
                        for each in ((self.process.stderr, self.lines),
                                     (self.process.stdout, self.output))]
        for thread in self.threads:
            thread.start()
        if expect_ready:
            self.await_line(READY)

    def follow(self, stream, lines):
        for line in stream:
            with self.told:
                lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self.told.notify_all()
        with self.told:
            self.ended = self.ended or lines is self.lines  # the end of the other tells nothing
            self.told.notify_all()

    @property
    def stderr(self):
        with self.told:
            return "\n".join(self.lines)

    @property
    def stdout(self):
        with self.told:
            return "\n".join(self.output)

    @property
    def addresses(self):
        """Where it listens, in the order of the file."""
        return [address_of(text) for text in LISTENING.findall(self.stderr)]

    @property
    def ports(self):
        return [a if isinstance(a, int) else a[1] for a in self.addresses if not isinstance(a, str)]

    @property
    def port(self):
        return self.ports[0]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def await_line(self, pattern, count=1):
        """Waits for that many lines on standard error that match; gives the last of them."""
        pattern = re.compile(pattern)

        def found():
            return [line for line in self.lines if pattern.search(line)]

        with self.told:
            self.told.wait_for(lambda: len(found()) >= count or self.ended, pace.PATIENCE)
            lines = found()
        if len(lines) < count:
            raise AssertionError(f"no line {pattern.pattern!r} from weir:\n{self.stderr}")
        return lines[count - 1]

    def client(self, address=None, timeout=None):
        """A connection, closed at the latest when weir stops."""
        made = client.Client(address if address is not None else self.addresses[0], timeout)
        self.clients.append(made)
        return made

    def get(self, target="/", *fields, **how):
        """One request on a connection of its own."""
        with client.Client(self.addresses[0]) as made:
            return made.get(target, *fields, **how)

    def await_refusal(self):
        """Waits until it takes no connection any more."""
        moment = threading.Event()
        for _ in range(int(pace.PATIENCE * 100)):
            try:
                client.connect(self.addresses[0]).close()
            except ConnectionRefusedError:
                return
            moment.wait(0.01)
        raise AssertionError("connections are still accepted")

    def signal(self, number):
        self.process.send_signal(number)

    @property
    def workers(self):
        """The worker processes' ids; without a supervisor, the process's own."""
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return [int(child) for child in children.split()] or [pid]

    def memory(self, key="VmHWM"):
        """Bytes, as the kernel counts them."""
        with open(f"/proc/{self.workers[0]}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) << 10 for line in status if line.startswith(key))

    def open_files(self):
        return len(os.listdir(f"/proc/{self.workers[0]}/fd"))

    def forbid_descriptors(self):
        """From here on the process gets no further one."""
        used = {int(name) for name in os.listdir(f"/proc/{self.workers[0]}/fd")}
        free = next(number for number in range(len(used) + 1) if number not in used)
        _, hard = resource.prlimit(self.workers[0], resource.RLIMIT_NOFILE)
        resource.prlimit(self.workers[0], resource.RLIMIT_NOFILE, (free, hard))

    def close_clients(self):
        while self.clients:
            self.clients.pop().close()

    def wait(self, timeout=None):
        """Waits for its end; the exit status, and everything it said is there."""
        code = self.process.wait(timeout or pace.PATIENCE * 2)
        for thread in self.threads:
            thread.join(pace.PATIENCE)
        return code

    def stop(self):
        """Ends it as an administrator does, and asserts that it went well."""
        self.close_clients()
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"weir did not end after SIGTERM:\n{self.stderr}") from None
        assert code == 0, f"exit status {code}:\n{self.stderr}"
        assert not SANITIZER.search(self.stderr), self.stderr

    def kill(self):
        self.close_clients()
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        self.process.stdout.close()
        self.process.stderr.close()
