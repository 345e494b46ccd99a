# SPDX-License-Identifier: Apache-2.0
"""The floor on epoll (src/floor): a relay without validation, rules and timers, no product.

It says how much of a proxy's cost is the machine's. It takes part where it is named, and is never
"the best": what it leaves out is what proxies are for.
"""

from bench import build
from bench.peer import Plan, Site, Unsupported
from bench.scenario import Profile

BINARY = str(build.FOLDER / "floor")
VERSION = ["--version"]
FLOOR = True
CAN = {"connections", "body", "websocket"}  # fields of a profile that may differ from the default


def refuse(profile: Profile) -> None:
    """Raises Unsupported where more is asked than a relay of GET does."""
    for name, value in vars(profile).items():
        if name not in CAN and value != getattr(Profile(), name):
            raise Unsupported(f"a bare relay has no {name.replace('_', ' ')}")


def plan(profile: Profile, site: Site) -> Plan:
    refuse(profile)
    return Plan([site.binary, str(site.port), str(site.origin)])
