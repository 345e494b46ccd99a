# SPDX-License-Identifier: Apache-2.0
"""nginx.

- Keep-alive on both sides without a bound on requests; 512 idle upstream connections.
- Large bodies pass unbuffered through one buffer of 256 KiB (`proxy_buffering off`): at 1 MiB that
  costs 170 us a response, where buffers of 16 KiB cost 560, of 64 KiB 420; at 64 KiB 23 against 27.
  Request bodies fit into their buffer, so nothing goes to a temporary file.
- The access log is buffered (64 KiB, flushed each second), as its manual advises under load and as
  weir's is; unbuffered, nginx writes once a request.
- Several workers take SO_REUSEPORT each, which balances best here.
- Sends X-Forwarded-For and the client's Host, as all peers do.
"""

import os
import signal

from bench.peer import Plan, Site, Unsupported
from bench.scenario import Profile

BINARY = "/usr/sbin/nginx"
VERSION = ["-v"]
MODULES = "/usr/lib/nginx/modules/"
MANY = 1_000_000_000
SMALL = 8192  # bytes of body that fit into one buffer together with any head here


def module(name: str, site: Site) -> str:
    """The line that loads a dynamic module; newer builds have what they need inside."""
    if site.newer:
        return ""
    path = f"{MODULES}{name}.so"
    if not os.path.exists(path):
        raise Unsupported(f"{path} is not installed")
    return f"load_module {path};"


def main(profile: Profile, site: Site) -> list[str]:
    mutex = "accept_mutex off;" if profile.workers > 1 else ""
    return [
        "daemon off;", f"worker_processes {profile.workers};", "user root;",
        f"pid {site.folder}/pid;", f"error_log {site.folder}/error.log crit;",
        "worker_rlimit_nofile 20000;", f"events {{ worker_connections 19000; {mutex} }}",
    ]


def buffers(profile: Profile) -> list[str]:
    lines = ["client_max_body_size 64m; client_body_buffer_size 128k;"]
    if profile.cache:
        return lines
    if profile.body <= SMALL:
        return lines + ["proxy_buffer_size 16k; proxy_buffers 8 16k; proxy_busy_buffers_size 32k;"]
    return lines + ["proxy_buffering off; proxy_buffer_size 256k;",
                    "proxy_buffers 4 256k; proxy_busy_buffers_size 256k;"]


def http(profile: Profile, site: Site) -> list[str]:
    folder = site.folder
    log = f"access_log {folder}/access.log combined buffer=64k flush=1s;"
    keep = f"keepalive 512; keepalive_requests {MANY};" if profile.keep_upstream else ""
    lines = [log if profile.log else "access_log off;",
             f"keepalive_requests {MANY}; keepalive_timeout 600s;",
             "server_names_hash_max_size 8192;", *buffers(profile)]
    lines += [f"{kind}_temp_path {folder}/{kind};"
              for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    if profile.cache:
        lines.append(f"proxy_cache_path {folder}/cache levels=1:2 keys_zone=z:16m max_size=512m "
                     "inactive=1h use_temp_path=off;")
    if profile.rate_limit:
        lines.append("limit_req_zone $binary_remote_addr zone=l:10m rate=1000000r/s;")
    if profile.websocket:
        lines.append("map $http_upgrade $wanted { default upgrade; '' ''; }")
    for i in range(profile.routes or 1):
        lines.append(f"upstream u{i} {{ server 127.0.0.1:{site.origin}; {keep} }}")
    return lines


def location(profile: Profile) -> list[str]:
    if profile.websocket:
        connection = ("proxy_set_header Connection $wanted; proxy_read_timeout 600s; "
                      "proxy_set_header Upgrade $http_upgrade;")
    else:
        connection = f'proxy_set_header Connection "{"" if profile.keep_upstream else "close"}";'
    lines = ["proxy_http_version 1.1;", connection, "proxy_set_header Host $host;",
             "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"]
    if profile.cache:
        lines.append("proxy_cache z;")
    if profile.rate_limit:
        lines.append("limit_req zone=l burst=100000 nodelay;")
    for i in range(profile.headers // 2):
        lines.append(f'proxy_set_header X-Req-{i} "value {i}"; add_header X-Resp-{i} "value {i}";')
    if profile.gzip:
        lines.append(f"gzip on; gzip_comp_level {profile.gzip}; gzip_types application/json; "
                     "gzip_proxied any;")
    if profile.brotli:
        lines.append(f"brotli on; brotli_comp_level {profile.brotli}; "
                     "brotli_types application/json;")
    return lines


def tls(profile: Profile, site: Site) -> str:
    if not profile.tls:
        return ""
    certificate = site.certificate(profile.tls)
    resume = "shared:S:16m" if profile.resume else "off"
    return (f"ssl_certificate {certificate}; ssl_certificate_key {certificate}.key; "
            f"ssl_protocols TLSv1.3; ssl_session_cache {resume}; "
            f"ssl_session_tickets {'on' if profile.resume else 'off'};")


def listen(profile: Profile, site: Site, first: bool) -> str:
    """Options of a socket may be given once only."""
    text = f"listen 127.0.0.1:{site.port}"
    text += " ssl" if profile.tls else ""
    text += " http2" if profile.h2 and not site.newer else ""
    text += " reuseport" if first and profile.workers > 1 else ""
    text += " backlog=4096" if first else ""
    return text + ("; http2 on;" if profile.h2 and site.newer else ";")


def servers(profile: Profile, site: Site) -> list[str]:
    body = " ".join(location(profile))
    lines = []
    for i in range(profile.routes or 1):
        name = f"server_name h{i}.bench.test;" if profile.routes else ""
        lines.append(f"server {{ {listen(profile, site, i == 0)} {name} {tls(profile, site)} "
                     f"location / {{ proxy_pass http://u{i}; {body} }} }}")
    return lines


def plan(profile: Profile, site: Site) -> Plan:
    lines = main(profile, site)
    if profile.brotli:
        lines.insert(0, module("ngx_http_brotli_filter_module", site))
    if profile.tcp:
        lines.insert(0, module("ngx_stream_module", site))
        size = "proxy_buffer_size 64k;" if profile.body > 65536 else ""
        lines.append(f"stream {{ server {{ listen 127.0.0.1:{site.port} backlog=4096; "
                     f"proxy_pass 127.0.0.1:{site.origin}; proxy_timeout 300s; {size} }} }}")
    else:
        lines += ["http {", *http(profile, site), *servers(profile, site), "}"]
    argv = [site.binary, "-c", f"{site.folder}/nginx.conf", "-p", str(site.folder)]
    return Plan(argv, {"nginx.conf": "\n".join(lines) + "\n"}, reload_signal=signal.SIGHUP,
                check=(*argv, "-t"))
