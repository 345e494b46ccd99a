# SPDX-License-Identifier: Apache-2.0
"""Varnish Cache: a thread per active connection, made for caching.

- Without a cache in the scenario requests `pass`, which is the least Varnish can do with them.
- It fetches in pieces of 256 KiB where the scenario has bodies (4 % less CPU).
- One thread pool with threads enough for all connections, kept from the start.
- It always logs to shared memory; for a log file varnishncsa runs beside it, and counts.
- It compresses only what it may keep, with zlib.
"""

from bench.peer import Plan, Site, Unsupported
from bench.scenario import Profile

BINARY = "/usr/sbin/varnishd"
VERSION = ["-V"]
MISSING = {"tls": "no TLS", "tcp": "no TCP relay", "rate_limit": "no rate limit in the package",
           "brotli": "no brotli"}


def receive(profile: Profile) -> list[str]:
    lines = ["sub vcl_recv {"]
    if profile.websocket:
        lines.append('  if (req.http.upgrade ~ "(?i)websocket") { return (pipe); }')
    lines += [f'  set req.http.X-Req-{i} = "value {i}";' for i in range(profile.headers // 2)]
    for i in range(profile.routes):
        word = "elsif" if i else "if"
        lines.append(f'  {word} (req.http.host == "h{i}.bench.test") '
                     f"{{ set req.backend_hint = u{i}; }}")
    return lines + [f"  return ({'hash' if profile.cache else 'pass'});", "}"]


def vcl(profile: Profile, site: Site) -> str:
    lines = ["vcl 4.1;"]
    lines += [f'backend u{i} {{ .host = "127.0.0.1"; .port = "{site.origin}"; }}'
              for i in range(profile.routes or 1)]
    lines += receive(profile)
    if profile.websocket:
        lines += ["sub vcl_pipe { if (req.http.upgrade) {",
                  "  set bereq.http.upgrade = req.http.upgrade;",
                  "  set bereq.http.connection = req.http.connection; } }"]
    if not profile.keep_upstream:
        lines.append('sub vcl_backend_fetch { set bereq.http.Connection = "close"; }')
    if profile.gzip:
        lines.append("sub vcl_backend_response { set beresp.do_gzip = true; }")
    if profile.headers:
        edits = " ".join(f'set resp.http.X-Resp-{i} = "value {i}";'
                         for i in range(profile.headers // 2))
        lines.append(f"sub vcl_deliver {{ {edits} }}")
    return "\n".join(lines) + "\n"


def plan(profile: Profile, site: Site) -> Plan:
    for feature, reason in MISSING.items():
        if getattr(profile, feature):
            raise Unsupported(reason)
    instance = f"{site.folder}/vsm"
    argv = [site.binary, "-F", "-n", instance, "-f", f"{site.folder}/default.vcl",
            "-a", f"127.0.0.1:{site.port}", "-s", "malloc,512m", "-j", "none"]
    for parameter in ("thread_pools=1", "thread_pool_min=100", "thread_pool_max=2000",
                      "timeout_idle=600", "pipe_timeout=600", "listen_depth=4096",
                      f"fetch_chunksize={'256k' if profile.body > 16384 else '16k'}",
                      f"gzip_level={profile.gzip or 6}"):
        argv += ["-p", parameter]
    if profile.log:  # its writer waits for varnishd, and is a child of it after the exec
        writer = f"varnishncsa -t off -n {instance} -w {site.folder}/access.log"
        argv = ["sh", "-c", f'{writer} & exec "$@"', "sh", *argv]
    admin = ("varnishadm", "-n", instance)
    return Plan(argv, {"default.vcl": vcl(profile, site)}, settle=4 + profile.routes / 100,
                reload_commands=((*admin, "vcl.load", "r{n}", f"{site.folder}/default.vcl"),
                                 (*admin, "vcl.use", "r{n}")),
                check=(site.binary, "-C", "-j", "none", "-n", instance,
                       "-f", f"{site.folder}/default.vcl"))
