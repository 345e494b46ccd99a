# SPDX-License-Identifier: Apache-2.0
"""HAProxy.

- Connections to the origin are shared by all clients (`http-reuse always`) and kept without bound.
- Buffers hold bodies of up to 64 KiB (`tune.bufsize`) where the scenario has such: a fifth less
  CPU than 16 KiB. With POSTs one process then costs 26 us and another 45 (`--sittings` averages);
  splicing costs 37. Larger bodies it splices, for less than half of what large buffers cost.
- Idle connections to the origin are kept however many descriptors clients hold
  (`tune.pool-*-fd-ratio`): by default it gives them up when a fifth of all descriptors is used, and
  then connects for each request, which makes active ones among 9,000 idle three times as dear.
- The access log has HAProxy's own HTTP format. HAProxy has no buffered log file: what it writes to
  stdout goes out once a request. Its users send logs to syslog by UDP, once a request as well.
- Compression is its own coder; its ratio is below zlib's, so read the bytes beside.
"""

import signal

from bench.peer import Plan, Site, Unsupported
from bench.scenario import Profile

BINARY = "/usr/sbin/haproxy"
VERSION = ["-v"]
SPLICE_FROM = 256 * 1024  # bytes of body


def section_global(profile: Profile, site: Site) -> list[str]:
    splice = profile.body >= SPLICE_FROM
    lines = ["global", f"  nbthread {profile.workers}",
             f"  maxconn {2000 if splice else min(max(profile.connections, 8000), 9700)}",
             "  tune.pool-low-fd-ratio 95", "  tune.pool-high-fd-ratio 99",
             f"  tune.ssl.cachesize {20000 if profile.resume else 0}",
             f"  stats socket {site.folder}/sock mode 600 level admin expose-fd listeners"]
    if splice:
        lines.append("  maxpipes 1000")
    elif profile.body > 16384:
        lines.append(f"  tune.bufsize {profile.body + 16384}")
    if profile.log:
        lines.append("  log stdout format raw local0")
    return lines


def section_defaults(profile: Profile) -> list[str]:
    lines = ["defaults", f"  mode {'tcp' if profile.tcp else 'http'}", "  timeout connect 5s"]
    lines += [f"  timeout {kind} 600s" for kind in ("client", "server", "tunnel",
                                                    "http-keep-alive")]
    if profile.body >= SPLICE_FROM:
        lines += ["  option splice-request", "  option splice-response"]
    if profile.log:
        lines += ["  log global", "  option httplog"]
    return lines


def bind(profile: Profile, site: Site) -> str:
    line = f"  bind 127.0.0.1:{site.port} backlog 4096"
    if not profile.tls:
        return line
    line += f" ssl crt {site.certificate(profile.tls)} ssl-min-ver TLSv1.3"
    return line + " alpn h2" * profile.h2 + " no-tls-tickets" * (not profile.resume)


def frontend(profile: Profile, site: Site) -> list[str]:
    lines = ["frontend f", bind(profile, site)]
    if not profile.tcp:
        lines.append("  option forwardfor")
    for i in range(profile.headers // 2):
        lines += [f'  http-request set-header X-Req-{i} "value {i}"',
                  f'  http-response set-header X-Resp-{i} "value {i}"']
    if profile.rate_limit:
        lines += ["  stick-table type ip size 100k expire 30s store http_req_rate(10s)",
                  "  http-request track-sc0 src",
                  "  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 100000000 }"]
    if profile.gzip:
        lines += ["  compression algo gzip", "  compression type application/json"]
    if profile.cache:
        lines += ["  http-request cache-use c", "  http-response cache-store c"]
    if profile.routes:
        return lines + [f"  use_backend %[req.hdr(host),lower,map_str({site.folder}/routes.map)]"]
    return lines + ["  default_backend b0"]


def backends(profile: Profile, site: Site) -> list[str]:
    if profile.tcp:
        reuse, pool = [], ""
    elif profile.keep_upstream:
        reuse, pool = ["  http-reuse always"], " pool-max-conn -1"
    else:
        reuse, pool = ["  http-reuse never", "  option http-server-close"], " pool-max-conn 0"
    lines = []
    for i in range(profile.routes or 1):
        lines += [f"backend b{i}", *reuse, f"  server s 127.0.0.1:{site.origin}{pool}"]
    return lines


def plan(profile: Profile, site: Site) -> Plan:
    if profile.brotli:
        raise Unsupported("no brotli")
    lines = section_global(profile, site) + section_defaults(profile)
    lines += frontend(profile, site) + backends(profile, site)
    if profile.cache:
        lines += ["cache c", "  total-max-size 256", "  max-object-size 1000000", "  max-age 3600"]
    hosts = "".join(f"h{i}.bench.test b{i}\n" for i in range(profile.routes))
    conf = f"{site.folder}/haproxy.cfg"
    return Plan([site.binary, *(["-W"] if profile.reload else []), "-db", "-f", conf],
                {"haproxy.cfg": "\n".join(lines) + "\n", "routes.map": hosts},
                stdout="access.log" if profile.log else "stdout", reload_signal=signal.SIGUSR2,
                check=(site.binary, "-c", "-q", "-f", conf))
