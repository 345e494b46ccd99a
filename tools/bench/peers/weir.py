# SPDX-License-Identifier: Apache-2.0
"""weir, from the build folder of this tree.

As its manual advises for a long benchmark, and no more: no bound on requests per connection or per
upstream connection, no bound on connections per address (the load comes from few), as many idle
upstream connections as the peers keep (512), and an idle time above that of the longest scenario.
The access log keeps its default buffer.
"""

import pathlib

from bench.peer import Plan, Site, Unsupported
from bench.scenario import Profile

BINARY = str(pathlib.Path(__file__).resolve().parents[3] / "build/release/weir")
VERSION = ["--version"]

MISSING = ("h2", "cache", "gzip", "brotli", "rate_limit", "tcp", "reload")
MANY = 1_000_000_000


def server(profile: Profile, site: Site) -> str:
    return f"""
[server]
workers = {profile.workers}
pid = "{site.folder}/weir.pid"

[server.limits]
requests = {MANY}
connections = {max(profile.connections, 8192)}
connections_per_client = 0

[server.timeouts]
keep_alive = "600s"

[[listener]]
address = "127.0.0.1:{site.port}"
{tls(profile, site)}"""


def tls(profile: Profile, site: Site) -> str:
    if not profile.tls:
        return ""
    certificate = site.certificate(profile.tls)
    return (f'tls = {{ certificate = "{certificate}", key = "{certificate}.key", '
            f'min_version = "1.3", tickets = {"true" if profile.resume else "false"} }}\n')


def filters(profile: Profile) -> str:
    if not profile.headers:
        return ""
    half = range(profile.headers // 2)
    request = ", ".join(f'X-Req-{i} = "value {i}"' for i in half)
    response = ", ".join(f'X-Resp-{i} = "value {i}"' for i in half)
    return (f"filters = [{{ headers = {{ request = {{ set = {{ {request} }} }}, "
            f"response = {{ set = {{ {response} }} }} }} }}]\n")


def route(name: str, host: str, profile: Profile, site: Site) -> str:
    condition = f'host = "{host}"\n' if host else ""
    return f"""
[[route]]
{condition}{filters(profile)}to = "{name}"

[upstream.{name}]
endpoints = ["127.0.0.1:{site.origin}"]
max_idle = {512 if profile.keep_upstream else 0}
idle_timeout = "600s"
"""


def plan(profile: Profile, site: Site) -> Plan:
    for feature in MISSING:
        if getattr(profile, feature):
            raise Unsupported(f"weir has no {feature.replace('_', ' ')} yet")
    modules = ["tls"] * bool(profile.tls) + ["headers"] * bool(profile.headers)
    modules += ["access_log"] * profile.log
    text = "modules = [" + ", ".join(f'"{name}"' for name in modules) + "]\n"
    text += server(profile, site)
    if profile.routes:
        text += "".join(route(f"u{i}", f"h{i}.bench.test", profile, site)
                        for i in range(profile.routes))
    else:
        text += route("origin", "", profile, site)
    if profile.log:
        text += f'\n[observe.access_log]\nformat = "combined"\nfile = "{site.folder}/access.log"\n'
    conf = f"{site.folder}/weir.toml"
    return Plan([site.binary, "run", "-c", conf], {"weir.toml": text},
                check=(site.binary, "check", conf))
