# SPDX-License-Identifier: Apache-2.0
"""Apache httpd with the event MPM, a process of 128 threads a worker.

- Only the modules that the scenario needs are loaded; no .htaccess, no name look-ups.
- Keep-alive without bound on both sides; idle clients cost no thread (AsyncRequestWorkerFactor).
- The proxy's buffer is 64 KiB instead of 8.
- The access log is buffered (BufferedLogs), as weir's is.
"""

import signal

from bench.peer import Plan, Site, Unsupported
from bench.scenario import Profile

BINARY = "/usr/sbin/apache2"
VERSION = ["-v"]
MODULES = "/usr/lib/apache2/modules/mod_"
THREADS = 128
BASE = ("mpm_event", "proxy", "proxy_http", "headers", "authz_core", "socache_shmcb", "setenvif")


def load_modules(profile: Profile) -> list[str]:
    names = list(BASE)
    names += ["proxy_wstunnel"] * profile.websocket + ["ssl"] * bool(profile.tls)
    names += ["http2"] * profile.h2 + ["cache", "cache_socache"] * profile.cache
    names += ["filter", "deflate"] * bool(profile.gzip)
    names += ["filter", "brotli"] * bool(profile.brotli)
    return [f"LoadModule {name}_module {MODULES}{name}.so" for name in names]


def server(profile: Profile, site: Site) -> list[str]:
    folder, workers = site.folder, profile.workers
    lines = [f"ServerRoot {folder}", f"PidFile {folder}/pid", "ServerName bench.test",
             f"Listen 127.0.0.1:{site.port}", "ListenBacklog 4096", f"ErrorLog {folder}/error.log",
             "LogLevel crit", "Mutex pthread", f"DefaultRuntimeDir {folder}", "Timeout 600",
             "KeepAlive On", "KeepAliveTimeout 600", "MaxKeepAliveRequests 0",
             f"StartServers {workers}", f"ServerLimit {max(2, workers)}",
             f"ThreadsPerChild {THREADS}", f"ThreadLimit {THREADS}",
             f"MaxRequestWorkers {THREADS * workers}", "MinSpareThreads 1",
             f"MaxSpareThreads {THREADS * workers}", "AsyncRequestWorkerFactor 100",
             "ProxyIOBufferSize 65536"]
    if profile.log:
        lines += ['LogFormat "%h %l %u %t \\"%r\\" %>s %b \\"%{Referer}i\\" '
                  '\\"%{User-Agent}i\\"" combined',
                  "BufferedLogs On", f"CustomLog {folder}/access.log combined"]
    if profile.h2:
        lines.append("Protocols h2")
    if profile.tls:
        cache = f"shmcb:{folder}/ssl(512000)" if profile.resume else "none"
        lines.append(f"SSLSessionCache {cache}")
    if profile.cache:
        lines += ["CacheSocache shmcb", "CacheSocacheMaxSize 102400", "CacheQuickHandler on"]
    return lines


def host_body(profile: Profile, site: Site) -> list[str]:
    lines = []
    if profile.tls:
        certificate = site.certificate(profile.tls)
        lines += ["SSLEngine on", f"SSLCertificateFile {certificate}",
                  f"SSLCertificateKeyFile {certificate}.key", "SSLProtocol TLSv1.3",
                  f"SSLSessionTickets {'on' if profile.resume else 'off'}"]
    how = "" if profile.keep_upstream else " disablereuse=on"
    how += " upgrade=websocket" if profile.websocket else ""
    lines += ["ProxyPreserveHost On",
              f"ProxyPass / http://127.0.0.1:{site.origin}/ keepalive=Off max=512{how}"]
    for i in range(profile.headers // 2):
        lines += [f'RequestHeader set X-Req-{i} "value {i}"', f'Header set X-Resp-{i} "value {i}"']
    if profile.cache:
        lines.append("CacheEnable socache /")
    if profile.gzip:
        lines += [f"DeflateCompressionLevel {profile.gzip}",
                  "AddOutputFilterByType DEFLATE application/json"]
    if profile.brotli:
        lines += [f"BrotliCompressionQuality {profile.brotli}",
                  "AddOutputFilterByType BROTLI_COMPRESS application/json"]
    return lines


def plan(profile: Profile, site: Site) -> Plan:
    if profile.tcp or profile.rate_limit:
        raise Unsupported("not a feature of httpd")
    lines = load_modules(profile)
    lines += server(profile, site)
    body = host_body(profile, site)
    for host in [f"h{i}.bench.test" for i in range(profile.routes)] or ["bench.test"]:
        lines += [f"<VirtualHost 127.0.0.1:{site.port}>", f"ServerName {host}", *body,
                  "</VirtualHost>"]
    argv = [site.binary, "-f", f"{site.folder}/httpd.conf"]
    return Plan([*argv, "-DFOREGROUND"], {"httpd.conf": "\n".join(lines) + "\n"}, settle=1,
                reload_signal=signal.SIGUSR1, check=(*argv, "-t"))
