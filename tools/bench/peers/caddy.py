# SPDX-License-Identifier: Apache-2.0
"""Caddy, with GOMAXPROCS as many as workers.

- 1,024 idle connections are kept to the origin; Caddy adds X-Forwarded-* by itself.
- Buffers towards the origin are 64 KiB instead of 4, which spares it a tenth in all scenarios.
- Its own compression towards the origin is off, which spares it work.
- The access log goes to a file as JSON, its only structured form; Caddy does not buffer it.
- The garbage collector keeps its default: no page of Caddy's manual advises another.
"""

from bench.peer import Plan, Site, Unsupported
from bench.scenario import Profile

BINARY = "/usr/bin/caddy"
VERSION = ["version"]
MISSING = ("tcp", "rate_limit", "cache", "brotli")


def options(profile: Profile, site: Site) -> list[str]:
    admin = f"127.0.0.1:{site.port + 1}" if profile.reload else "off"
    protocols = "h1 h2" if profile.h2 else "h1"
    return ["{", f"  admin {admin}", "  auto_https off", "  grace_period 10s", "  servers {",
            f"    protocols {protocols}", "    timeouts {", "      idle 600s", "    }", "  }",
            "  log default {", "    output stderr", "    level ERROR",
            "    exclude http.log.access" if profile.log else "", "  }", "}"]


def site_body(profile: Profile, site: Site) -> list[str]:
    lines = ["  bind 127.0.0.1", f"  reverse_proxy 127.0.0.1:{site.origin} {{"]
    for i in range(profile.headers // 2):
        lines += [f'    header_up X-Req-{i} "value {i}"', f'    header_down X-Resp-{i} "value {i}"']
    lines += ["    transport http {",
              f"      keepalive {'600s' if profile.keep_upstream else 'off'}",
              "      keepalive_idle_conns_per_host 1024", "      compression off",
              "      read_buffer 64KiB", "      write_buffer 64KiB", "    }", "  }"]
    if profile.gzip:
        lines += ["  encode {", f"    gzip {profile.gzip}", "    match {",
                  "      header Content-Type application/json*", "    }", "  }"]
    if profile.log:
        lines += ["  log {", f"    output file {site.folder}/access.log", "  }"]
    if profile.tls:
        certificate = site.certificate(profile.tls)
        lines.append(f"  tls {certificate} {certificate}.key")
    return lines


def plan(profile: Profile, site: Site) -> Plan:
    for feature in MISSING:
        if getattr(profile, feature):
            raise Unsupported("not in the stock Caddy")
    scheme = "https" if profile.tls else "http"
    lines = options(profile, site)
    for host in [f"h{i}.bench.test" for i in range(profile.routes)] or [""]:
        lines += [f"{scheme}://{host}:{site.port} {{", *site_body(profile, site), "}"]
    folder = str(site.folder)
    conf = ("--config", f"{folder}/Caddyfile", "--adapter", "caddyfile")
    return Plan([site.binary, "run", *conf],
                {"Caddyfile": "\n".join(line for line in lines if line) + "\n"},
                environment={"GOMAXPROCS": str(profile.workers), "HOME": folder,
                             "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder}, settle=1,
                reload_commands=((site.binary, "reload", "--force", *conf,
                                  "--address", f"127.0.0.1:{site.port + 1}"),),
                check=(site.binary, "validate", *conf))
