# SPDX-License-Identifier: Apache-2.0
"""The unit that is shipped for systemd, judged by systemd itself."""

import re
import shutil
import subprocess

import pytest

from harness import pace, proxy

SHIPPED = pace.ROOT / "conf" / "weir.service"

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"),
                                reason="systemd is not installed")


def analyze(*arguments):
    done = subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True,
                          timeout=pace.PATIENCE, check=False)
    return done.returncode, done.stdout + done.stderr


def exposure(unit):
    _, told = analyze("security", "--offline=yes", "--no-pager", unit)
    return float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", told).group(1))


@pytest.fixture
def unit(tmp_path):
    """The shipped unit, with the executable that was built."""
    copy = tmp_path / "weir.service"
    copy.write_text(SHIPPED.read_text().replace("/usr/bin/weir", str(proxy.executable())))
    return copy


def test_systemd_has_nothing_to_say_against_the_unit(unit):
    assert analyze("verify", "--man=no", unit) == (0, "")


def test_its_exposure_is_two_of_ten_at_most(unit):
    assert exposure(unit) <= 2.0


def test_as_root_it_is_little_more(unit):
    """The other way that the unit's comment shows."""
    text = unit.read_text()
    shown = re.findall(r"^#   (\w+=.*)$", text, re.M)
    for line in shown:
        text = re.sub(rf"^{line.partition('=')[0]}=.*$", line, text, flags=re.M)
    unit.write_text(text)
    assert len(shown) == 3 and "\nUser=root\n" in text and "CAP_SETUID" in text
    assert analyze("verify", "--man=no", unit) == (0, "")
    assert exposure(unit) <= 2.5


def test_the_installed_unit_starts_the_installed_executable(tmp_path):
    subprocess.run(["cmake", "--install", pace.BUILD, "--prefix", tmp_path], check=True,
                   stdout=subprocess.DEVNULL)
    cache = (pace.BUILD / "CMakeCache.txt").read_text()
    prefix = re.search("^CMAKE_INSTALL_PREFIX:PATH=(.*)$", cache, re.M).group(1)
    installed = (tmp_path / "lib" / "systemd" / "system" / "weir.service").read_text()
    assert installed == SHIPPED.read_text().replace("/usr/bin", f"{prefix}/bin")
    users = (tmp_path / "lib" / "sysusers.d" / "weir.conf").read_text()
    assert re.search("^u weir ", users, re.M)
