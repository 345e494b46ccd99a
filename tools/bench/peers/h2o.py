# SPDX-License-Identifier: Apache-2.0
"""h2o 2.2, which is what Debian ships; a build of newer sources gets the keys of today.

- Connections to the origin are kept for ten minutes; the client's Host is passed on; h2o adds
  X-Forwarded-* by itself.
- The file of the access log is written once a request; h2o cannot buffer it.
- Private keys stay in the process (`neverbleed: OFF`), as with all peers.
- 2.2 cannot edit request headers, and a reload needs a separate program (start_server).
"""

from bench.peer import Plan, Site, Unsupported
from bench.scenario import Profile

BINARY = "/usr/bin/h2o"
VERSION = ["-v"]
MISSING = {"cache": "no cache", "tcp": "no TCP relay", "rate_limit": "no rate limit",
           "reload": "a reload needs start_server"}


def top(profile: Profile, site: Site) -> list[str]:
    lines = [f"num-threads: {profile.workers}", "user: root", f"pid-file: {site.folder}/pid",
             f"error-log: {site.folder}/error.log", "http1-request-timeout: 600",
             "max-connections: 16000", "tcp-fastopen: 0"]
    if site.newer:
        lines.append("proxy.max-spare-pipes: 64")
    if profile.log:
        lines.append(f"access-log: {site.folder}/access.log")
    if profile.gzip or profile.brotli:
        coder = f"gzip: {profile.gzip}" if profile.gzip else f"br: {profile.brotli}"
        lines.append(f"compress: {{ {coder} }}")
    if profile.tls:
        lines.append(f"ssl-session-resumption: {{ mode: {'all' if profile.resume else 'off'} }}")
    return lines


def listen(profile: Profile, site: Site) -> list[str]:
    lines = ["listen:", "  host: 127.0.0.1", f"  port: {site.port}"]
    if profile.tls:
        certificate = site.certificate(profile.tls)
        lines += ["  ssl:", f"    certificate-file: {certificate}",
                  f"    key-file: {certificate}.key", "    neverbleed: OFF",
                  f"    minimum-version: TLSv1.{3 if site.newer else 2}"]
    return lines


def path(profile: Profile, site: Site) -> list[str]:
    lines = [f"proxy.reverse.url: http://127.0.0.1:{site.origin}/", "proxy.preserve-host: ON",
             f"proxy.timeout.keepalive: {600000 if profile.keep_upstream else 0}"]
    if profile.websocket:
        lines += ["proxy.tunnel: ON" if site.newer else "proxy.websocket: ON",
                  "proxy.timeout.io: 600000"]
    if profile.headers:
        if not site.newer:
            raise Unsupported("2.2 cannot edit request headers")
        for key, field in (("header.set", "X-Resp"), ("proxy.header.set", "X-Req")):
            edits = ", ".join(f'"{field}-{i}: value {i}"' for i in range(profile.headers // 2))
            lines.append(f"{key}: [{edits}]")
    return ["    paths:", "      /:"] + ["        " + line for line in lines]


def plan(profile: Profile, site: Site) -> Plan:
    for feature, reason in MISSING.items():
        if getattr(profile, feature):
            raise Unsupported(reason)
    lines = top(profile, site) + listen(profile, site) + ["hosts:"]
    body = path(profile, site)
    for host in [f"h{i}.bench.test" for i in range(profile.routes)] or ["default"]:
        lines += [f"  {host}:", *body]
    argv = [site.binary, "-c", f"{site.folder}/h2o.yaml"]
    return Plan(argv, {"h2o.yaml": "\n".join(lines) + "\n"}, check=(*argv, "-t"))
