# SPDX-License-Identifier: Apache-2.0
"""The module in a real proxy. WEIR and MODULES name the executable and the folder of greeting.so:

    WEIR=/usr/bin/weir MODULES=build python3 -m pytest test_greeting.py
"""

import http.client
import http.server
import os
import socket
import subprocess
import threading
import time

import pytest

CONF = """modules = ["greeting"]
[[listener]]
address = "127.0.0.1:{port}"
[[route]]
filters = [{{ greeting = {{ morning = "hi", evening = "hi", whom = "{{request.method}}" }} }}]
to = "http://127.0.0.1:{origin}"
"""


class Origin(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(name="proxy")
def start_proxy(tmp_path):
    origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    port = free_port()
    conf = tmp_path / "weir.toml"
    conf.write_text(CONF.format(port=port, origin=origin.server_port))
    environment = dict(os.environ, WEIR_MODULE_PATH=os.path.abspath(os.environ["MODULES"]))
    process = subprocess.Popen([os.environ["WEIR"], "run", "-c", conf], env=environment)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        origin.shutdown()


def wait_for(port):
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("the proxy does not answer")


def test_a_response_carries_the_greeting(proxy):
    client = http.client.HTTPConnection("127.0.0.1", proxy, timeout=10)
    client.request("GET", "/")
    response = client.getresponse()
    assert response.status == 204
    assert response.getheader("X-Greeting") == "hi, GET"
