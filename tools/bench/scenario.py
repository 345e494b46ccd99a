# SPDX-License-Identifier: Apache-2.0
"""What is measured: each scenario is one row of the tables below."""

import dataclasses

# The hard limit of descriptors is often 20,000, and HAProxy reserves two for each connection.
IDLE_CONNECTIONS = 9000


@dataclasses.dataclass(frozen=True)
class Profile:
    """What a scenario asks of the proxy; a peer's plan() turns it into configuration."""

    tls: str = ""  # "ecdsa" or "rsa": the key of its certificate; empty: plain
    h2: bool = False  # HTTP/2 to clients
    resume: bool = False  # TLS session resumption on
    cache: bool = False
    gzip: int = 0  # compression level
    brotli: int = 0  # compression level
    routes: int = 0  # virtual hosts h0.bench.test and up, an upstream each; 0: one for all
    log: bool = False  # access log, to a file
    headers: int = 0  # fields set, half of them in requests, half in responses
    rate_limit: bool = False
    tcp: bool = False  # relay bytes, know nothing of HTTP
    websocket: bool = False
    keep_upstream: bool = True  # keep connections to the origin
    reload: bool = False  # will be asked to reload
    body: int = 1024  # bytes of the larger body, of request or response
    connections: int = 512  # client connections at least
    workers: int = 1


@dataclasses.dataclass(frozen=True)
class Load:
    """What the load generator does; src/load/options.hpp has the details."""

    path: str = "/s/1024"
    mode: str = "http"  # http, handshake, websocket
    connections: int = 64
    streams: int = 0  # HTTP/2 streams on each connection; 0: HTTP/1.1
    rate: int = 0  # requests a second; 0: closed loop
    share: float = 0.0  # rate as a share of what this peer reaches in a closed loop
    headers: tuple[str, ...] = ()
    post: int = 0  # bytes of the request body; 0: GET
    size: int = 128  # bytes of a WebSocket message
    close: bool = False  # a connection per request
    resume: bool = False
    idle: int = 0  # connections that are held without traffic meanwhile
    seconds: float = 0.0  # of a window, where the run's own will not do

    @property
    def sources(self) -> int:
        """Client addresses, so that connections per request do not run out of ports."""
        return 16 if self.close or self.mode == "handshake" else 0


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One table of the report."""

    name: str
    title: str
    load: Load = Load()
    profile: Profile = Profile()
    quick: bool = False  # part of a run that names no scenarios

    @property
    def plain(self) -> bool:
        """Whether the load can also be sent straight to the origin."""
        return not (self.profile.tls or self.load.streams or "json" in self.load.path)

    @property
    def wrk(self) -> bool:
        """Whether wrk can make this load: GET on kept connections, as fast as answers come."""
        load = self.load
        return (load.mode == "http" and not load.post and not load.close and not load.rate
                and not load.share and not load.streams and not load.idle
                and not self.profile.routes)


def _rows() -> list[Scenario]:
    kib, mib = 1024, 1024 * 1024
    large = Load("/s/1048576", connections=16)
    close = Load(close=True)
    hello = Load(mode="handshake", connections=16)
    gzip = Load("/json", connections=16, headers=("Accept-Encoding: gzip",))
    brotli = Load("/json", connections=16, headers=("Accept-Encoding: br",))
    http1 = [
        Scenario("h1-1k", "HTTP/1.1 keep-alive, 1 KiB, 64 connections", quick=True),
        Scenario("h1-64k", "HTTP/1.1 keep-alive, 64 KiB", Load("/s/65536"),
                 Profile(body=64 * kib), quick=True),
        Scenario("h1-1m", "HTTP/1.1 keep-alive, 1 MiB, 16 connections", large,
                 Profile(body=mib), quick=True),
        Scenario("h1-rate", "3,000 requests/s, 1 KiB: latency at equal load", Load(rate=3000),
                 quick=True),
        Scenario("h1-rate-80", "80 % of its own saturation, 1 KiB: latency under strain",
                 Load(share=0.8), quick=True),
        Scenario("h1-close", "a client connection per request, 1 KiB", close, quick=True),
        Scenario("h1-upclose", "an upstream connection per request, 1 KiB",
                 profile=Profile(keep_upstream=False), quick=True),
        Scenario("h1-allclose", "a connection per request on both sides, 1 KiB", close,
                 Profile(keep_upstream=False)),
        Scenario("post-64k", "POST of 64 KiB, keep-alive", Load("/s/10", post=64 * kib),
                 Profile(body=64 * kib), quick=True),
        Scenario("routes", "1,000 virtual hosts, requests over all", profile=Profile(routes=1000),
                 quick=True),
        Scenario("log", "access log on, 1 KiB", profile=Profile(log=True), quick=True),
        Scenario("headers", "ten header edits, 1 KiB", profile=Profile(headers=10), quick=True),
        Scenario("rate-limit", "a rate limit per address, never reached, 1 KiB",
                 profile=Profile(rate_limit=True)),
        Scenario("idle", "64 active connections among 9,000 idle ones",
                 Load(idle=IDLE_CONNECTIONS), Profile(connections=IDLE_CONNECTIONS + 700),
                 quick=True),
        Scenario("ws", "WebSocket echo of 128 bytes, 64 connections", Load(mode="websocket"),
                 Profile(websocket=True), quick=True),
        Scenario("h1-1k-w2", "two workers on two CPUs, 1 KiB", profile=Profile(workers=2),
                 quick=True),
        Scenario("h1-close-w2", "two workers on two CPUs, a client connection per request", close,
                 Profile(workers=2)),
        Scenario("reload", "a reload every second under load: errors count", Load(seconds=5),
                 Profile(reload=True)),
    ]
    tls = [
        Scenario("tls-1k", "TLS 1.3 (ECDSA P-256) keep-alive, 1 KiB", profile=Profile("ecdsa")),
        Scenario("tls-rsa-1k", "TLS 1.3 (RSA-2048) keep-alive, 1 KiB", profile=Profile("rsa")),
        Scenario("tls-1m", "TLS 1.3 keep-alive, 1 MiB, 16 connections", large,
                 Profile("ecdsa", body=mib)),
        Scenario("hs-ecdsa", "full TLS 1.3 handshakes, ECDSA P-256", hello, Profile("ecdsa")),
        Scenario("hs-rsa", "full TLS 1.3 handshakes, RSA-2048", hello, Profile("rsa")),
        Scenario("hs-resume", "resumed TLS 1.3 handshakes, ECDSA P-256",
                 dataclasses.replace(hello, resume=True), Profile("ecdsa", resume=True)),
        Scenario("h2-1k", "HTTP/2 over TLS, 32 connections of 10 streams, 1 KiB",
                 Load(connections=32, streams=10), Profile("ecdsa", h2=True)),
    ]
    other = [
        Scenario("cache-1k", "cache hit, 1 KiB", Load("/c/1024"), Profile(cache=True)),
        Scenario("cache-64k", "cache hit, 64 KiB", Load("/c/65536"),
                 Profile(cache=True, body=64 * kib)),
        Scenario("gzip-6", "gzip level 6, 64 KiB of JSON", gzip, Profile(gzip=6, body=64 * kib)),
        Scenario("gzip-1", "gzip level 1, 64 KiB of JSON", gzip, Profile(gzip=1, body=64 * kib)),
        Scenario("brotli-4", "brotli level 4, 64 KiB of JSON", brotli,
                 Profile(brotli=4, body=64 * kib)),
        Scenario("tcp-1k", "TCP relay, 1 KiB", profile=Profile(tcp=True)),
        Scenario("tcp-1m", "TCP relay, 1 MiB, 16 connections", large,
                 Profile(tcp=True, body=mib)),
        Scenario("tcp-close", "TCP relay, a connection per exchange", close, Profile(tcp=True)),
    ]
    return http1 + tls + other


SCENARIOS: dict[str, Scenario] = {row.name: row for row in _rows()}


def chosen(names: str) -> list[Scenario]:
    """The scenarios of a list with commas; "" is the quick set, "all" is all of them."""
    if not names:
        return [row for row in SCENARIOS.values() if row.quick]
    if names == "all":
        return list(SCENARIOS.values())
    unknown = [name for name in names.split(",") if name not in SCENARIOS]
    if unknown:
        raise KeyError(f"unknown scenario: {', '.join(unknown)}; --list shows all")
    return [SCENARIOS[name] for name in names.split(",")]
