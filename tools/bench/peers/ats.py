# SPDX-License-Identifier: Apache-2.0
"""Apache Traffic Server, in a run root of its own.

- Event threads are as many as workers, one task thread beside; the cache is off unless asked for.
- Buffers are 256 KiB where the scenario has bodies (a sixth less CPU at 1 MiB), else the default.
- Connections to the origin are kept per thread, which needs no lock.
- The access log is text in the common combined format, buffered as it is by default.
- Header edits are made by header_rewrite, compression by compress, as its manual has it.
"""

import shutil

from bench.peer import Plan, Site, Unsupported
from bench.scenario import Profile

BINARY = "/usr/bin/traffic_server"
VERSION = ["-V"]
PACKAGED = "/etc/trafficserver"


def run_root(site: Site) -> str:
    root = f"{site.folder}/root"
    return f"""prefix: {root}
exec_prefix: /usr
bindir: /usr/bin
sbindir: /usr/sbin
sysconfdir: {root}/etc
datadir: {root}/data
includedir: /usr/include
libdir: /usr/lib/trafficserver
libexecdir: /usr/lib/trafficserver/modules
localstatedir: {root}
runtimedir: {root}/run
logdir: {root}/log
cachedir: {root}/cache
"""


def records(profile: Profile, site: Site) -> str:
    on = int
    certificates = f"STRING {site.certificates}"
    ports = f"{site.port}:ipv4:ip-in=127.0.0.1" + (":ssl" if profile.tls else "")
    settings = {
        "http.server_ports": f"STRING {ports}",
        "exec_thread.autoconfig": "INT 0",
        "exec_thread.limit": f"INT {profile.workers}",
        "accept_threads": "INT 0",
        "task_threads": "INT 1",
        "http.keep_alive_enabled_out": f"INT {on(profile.keep_upstream)}",
        "http.keep_alive_no_activity_timeout_in": "INT 600",
        "http.keep_alive_no_activity_timeout_out": "INT 600",
        "http.transaction_no_activity_timeout_in": "INT 600",
        "http.cache.http": f"INT {on(profile.cache)}",
        "http.cache.ims_on_client_no_cache": "INT 1",
        "http.insert_response_via_str": "INT 0",
        "http.post.check.content_length.enabled": "INT 0",
        "http.server_session_sharing.match": "STRING both",
        "http.server_session_sharing.pool": "STRING thread",
        "http.websocket.max_number_of_connections": "INT -1",
        "url_remap.remap_required": "INT 1",
        "url_remap.pristine_host_hdr": "INT 1",
        "http.default_buffer_size": f"INT {11 if profile.body > 16384 else 8}",  # 128 << n bytes
        "http.default_buffer_water_mark": f"INT {262144 if profile.body > 16384 else 32768}",
        "log.logging_enabled": f"INT {3 if profile.log else 0}",
        "output.logfile.rolling_enabled": "INT 0",
        "net.connections_throttle": "INT 18000",
        "net.max_connections_in": "INT 16000",
        "cache.ram_cache.size": "INT 268435456",
        "ssl.server.session_ticket.enable": f"INT {on(profile.resume)}",
        "ssl.session_cache": f"INT {2 if profile.resume else 0}",
        "ssl.TLSv1_2": "INT 0",
        "ssl.server.cert.path": certificates,
        "ssl.server.private_key.path": certificates,
        "admin.user_id": "STRING #-1",
        "diags.debug.enabled": "INT 0",
    }
    return "".join(f"CONFIG proxy.config.{key} {value}\n" for key, value in settings.items())


LOGGING = """logging:
  formats:
  - name: combined
    format: >-
      %<chi> - %<caun> [%<cqtn>] "%<cqtx>" %<pssc> %<pscl>
      "%<{Referer}cqh>" "%<{User-Agent}cqh>"
  logs:
  - mode: ascii
    filename: access
    format: combined
"""


def header_rules(profile: Profile) -> str:
    half = range(profile.headers // 2)
    return ("cond %{SEND_REQUEST_HDR_HOOK} [AND]\n"
            + "".join(f'set-header X-Req-{i} "value {i}"\n' for i in half)
            + "cond %{SEND_RESPONSE_HDR_HOOK} [AND]\n"
            + "".join(f'set-header X-Resp-{i} "value {i}"\n' for i in half))


def compress_rules() -> str:
    return ("enabled true\ncache false\ncompressible-content-type application/json\n"
            "supported-algorithms gzip\nremove-accept-encoding true\n")


def remap(profile: Profile, site: Site) -> str:
    plugins = ""
    if profile.headers:
        plugins += f" @plugin=header_rewrite.so @pparam={site.folder}/root/etc/headers.config"
    if profile.gzip:
        plugins += f" @plugin=compress.so @pparam={site.folder}/root/etc/compress.config"
    scheme = "https" if profile.tls else "http"
    origin = f"127.0.0.1:{site.origin}"
    names = [f"h{i}.bench.test" for i in range(profile.routes)] or ["bench.test", "127.0.0.1"]
    lines = []
    for name in [*names, *(f"{name}:{site.port}" for name in names)]:
        if profile.websocket:
            lines.append(f"map ws://{name}/ ws://{origin}/")
        lines.append(f"map {scheme}://{name}/ http://{origin}/{plugins}")
    return "\n".join(lines) + "\n"


def plan(profile: Profile, site: Site) -> Plan:
    if profile.tcp or profile.rate_limit:
        raise Unsupported("not set up")
    if profile.brotli:
        raise Unsupported("Debian's compress plugin has no brotli")
    root = f"{site.folder}/root"
    certificate = f"{profile.tls}.crt"
    files = {
        "root/runroot.yaml": run_root(site),
        "root/etc/records.config": records(profile, site),
        "root/etc/remap.config": remap(profile, site),
        "root/etc/plugin.config": "",
        "root/etc/logging.yaml": LOGGING,
        "root/etc/storage.config": f"{root}/cache 512M\n",
        "root/etc/headers.config": header_rules(profile),
        "root/etc/compress.config": compress_rules(),
    }
    if profile.tls:
        files["root/etc/ssl_multicert.config"] = (
            f"dest_ip=* ssl_cert_name={certificate} ssl_key_name={certificate}.key\n")
    traffic_ctl = shutil.which("traffic_ctl") or "traffic_ctl"
    return Plan([site.binary, f"--run-root={root}/runroot.yaml"], files,
                copies=((PACKAGED, "root/etc"),),
                folders=tuple(f"root/{name}" for name in ("run", "log", "cache", "data")),
                log="root/log/access.log", settle=4,
                reload_commands=((traffic_ctl, "config", "reload",
                                  f"--run-root={root}/runroot.yaml"),))
