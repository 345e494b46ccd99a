# SPDX-License-Identifier: Apache-2.0
"""A real nginx as the origin, serving a folder."""

import os
import shutil
import signal
import socket
import subprocess

from harness import pace

CONF = """
{user}daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 512; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 0;
    keepalive_requests 100000;
    types {{ text/html html; text/css css; application/javascript js; image/png png; }}
    default_type application/octet-stream;
    server {{
        listen 127.0.0.1:{port};
        root {root};
        location = /upload {{ dav_methods PUT; }}
        {more}
    }}
}}
"""


def program():
    return shutil.which("nginx") or "/usr/sbin/nginx"


class Nginx:
    """Listens from the start: it inherits a socket that the kernel chose the port of."""

    def __init__(self, folder, root, more=""):
        self.folder = folder
        self.root = root
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen(256)
        self.port = listening.getsockname()[1]
        conf = folder / "nginx.conf"
        user = "user root;\n" if os.getuid() == 0 else ""  # or its worker could not read the folder
        conf.write_text(
            CONF.format(user=user, folder=folder, port=self.port, root=root, more=more))
        number = listening.fileno()
        # NGINX names inherited sockets; it is what nginx uses when it replaces its own binary.
        self.process = subprocess.Popen(
            [program(), "-p", str(folder), "-c", str(conf)], pass_fds=[number],
            env={**os.environ, "NGINX": f"{number};"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        listening.close()

    @property
    def endpoint(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.endpoint}"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(pace.PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
