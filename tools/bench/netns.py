# SPDX-License-Identifier: Apache-2.0
"""A network namespace of our own: nothing but loopback exists there, and every port is free."""

import os
import sys

INSIDE = "WEIR_BENCH_NETNS"

# Congestion control is set by route, for all programs alike: where the machine's default is BBR,
# its pacing timers distort what is measured on loopback. TIME-WAIT is capped so that no peer
# starves the next of ports.
SETUP = """
set -e
ip link set lo up
for range in 127.0.0.0/8 127.0.0.1; do
  ip route replace local $range dev lo proto kernel scope host src 127.0.0.1 table local \
    congctl cubic
done
sysctl -qw net.ipv4.ip_local_port_range="1024 27999" net.ipv4.tcp_max_tw_buckets=4096
exec "$@"
"""


def enter() -> None:
    """Starts this program again inside of a new namespace, unless it is inside already."""
    if os.environ.get(INSIDE):
        return
    if os.geteuid() != 0:
        sys.exit("bench: needs root, for a network namespace and for scheduling weight")
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "-n", "bash", "-c", SETUP, "bench", sys.executable,
                          *sys.orig_argv[1:]])
