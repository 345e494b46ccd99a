# SPDX-License-Identifier: Apache-2.0
"""Every peer has a configuration for every scenario, or says why not; nothing is measured here."""

import pathlib
import subprocess

import pytest

from bench import build, peer, process
from bench.scenario import SCENARIOS
from harness import pace

PEERS = peer.modules()
# Many virtual hosts are slow to check, and differ from one in number only.
CHECKED = [row for row in SCENARIOS.values() if not row.profile.routes]
FLOORS = {name for name, module in PEERS.items() if getattr(module, "FLOOR", False)}
WEIR_CAN = {"h1-1k", "h1-64k", "h1-1m", "h1-rate", "h1-rate-80", "h1-close", "h1-upclose",
            "h1-allclose", "post-64k", "routes", "log", "headers", "idle", "ws", "h1-1k-w2",
            "h1-close-w2", "tls-1k", "tls-rsa-1k", "tls-1m", "hs-ecdsa", "hs-rsa", "hs-resume"}


def site(folder, module):
    return peer.Site(folder / "peer", 28000, 28900, module.BINARY, folder)


def plans(folder, module, rows):
    """The different plans of a peer for some scenarios, and the scenario each is for."""
    made = {}
    for row in rows:
        try:
            made.setdefault(repr(module.plan(row.profile, site(folder, module))), row)
        except peer.Unsupported as reason:
            assert str(reason)
    return [module.plan(row.profile, site(folder, module)) for row in made.values()]


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_plans_or_says_why_not(name, tmp_path):
    module = PEERS[name]
    made = plans(tmp_path, module, SCENARIOS.values())
    assert made
    for plan in made:
        text = " ".join(plan.argv) + "".join(plan.files.values())
        assert "28900" in text and "28000" in text and (str(tmp_path) in text or name in FLOORS)
        assert not pathlib.Path(tmp_path / "peer").exists()  # a plan is only a plan
    assert module.__doc__


@pytest.mark.parametrize("name", PEERS)
def test_a_profile_changes_what_it_is_about(name, tmp_path):
    module = PEERS[name]
    base = module.plan(SCENARIOS["h1-1k"].profile, site(tmp_path, module))
    for row in ("log", "headers", "routes", "h1-upclose", "h1-1k-w2"):
        if name == "varnish" and row == "h1-1k-w2":
            continue  # it has as many threads as connections anyhow
        try:
            assert module.plan(SCENARIOS[row].profile, site(tmp_path, module)) != base, row
        except peer.Unsupported:
            assert (name, row) == ("h2o", "headers") or name in FLOORS


@pytest.mark.parametrize("name", sorted(PEERS.keys() - FLOORS - {"weir", "ats"}))
def test_an_installed_peer_accepts_its_configuration(name, tmp_path):
    module = PEERS[name]
    if not pathlib.Path(module.BINARY).exists():
        pytest.skip(f"no {module.BINARY}")
    made_for = [row for row in CHECKED if not row.profile.tls]
    for plan in plans(tmp_path, module, made_for):
        process.prepare(plan, site(tmp_path, module))
        done = subprocess.run(plan.check, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        if name in ("varnish", "caddy"):
            break  # one compiles with gcc, the other takes a second: once is enough


@pytest.mark.parametrize("name", SCENARIOS)
def test_weir_accepts_what_is_written_for_it(name, tmp_path):
    module = PEERS["weir"]
    tls = SCENARIOS[name].profile.tls
    where = peer.Site(tmp_path, 28000, 28900, str(pace.BUILD / "weir"),
                      build.certificates() if tls else tmp_path)
    if name not in WEIR_CAN:
        with pytest.raises(peer.Unsupported):
            module.plan(SCENARIOS[name].profile, where)
        return
    plan = module.plan(SCENARIOS[name].profile, where)
    process.prepare(plan, where)
    done = subprocess.run(plan.check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_another_build_takes_part_under_a_name_of_its_own():
    found = peer.peers(weir="/tmp/weir", newer=("nginx=/opt/nginx",))
    assert found["weir"].binary == "/tmp/weir"
    assert found["nginx-new"].newer and found["nginx-new"].binary == "/opt/nginx"
    with pytest.raises(KeyError):
        peer.peers(newer=("squid=/usr/sbin/squid",))
