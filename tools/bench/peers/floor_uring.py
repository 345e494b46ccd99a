# SPDX-License-Identifier: Apache-2.0
"""The floor on io_uring (src/floor_uring): the relay of `floor` with the other interface.

- Buffers are of 4 KiB where messages are small, so that those in use stay in the cache, and of
  64 KiB for bodies: with 16 KiB buffers 1 MiB costs more.
"""

from bench import build
from bench.peer import Plan, Site
from bench.peers.floor import refuse
from bench.scenario import Profile

BINARY = str(build.FOLDER / "floor_uring")
VERSION = ["--version"]
FLOOR = True


def plan(profile: Profile, site: Site) -> Plan:
    refuse(profile)
    buffer = 4096 if profile.body <= 1024 else 65536
    return Plan([site.binary, str(site.port), str(site.origin), str(buffer)])
