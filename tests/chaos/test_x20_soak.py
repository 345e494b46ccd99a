# SPDX-License-Identifier: Apache-2.0
"""The soak runner, briefly; WEIR_CHAOS=long makes it a minute."""

import re

import pytest
from chaos import soak
from chaos.chaosd_tally import LONG

MINUTES = str(1 if LONG else 0.1)


@pytest.mark.timeout(300)
def test_a_soak_ends_well():
    assert soak.main([MINUTES]) == 0


@pytest.mark.timeout(300)
def test_a_soak_with_reloads_and_kills_ends_well(capsys):
    assert soak.main([MINUTES, "--reload-every", "0.7", "--kill-every", "2.5"]) == 0
    told = capsys.readouterr().out
    print(told)
    reloads, kills, refused = map(int, re.search(
        r"soak: (\d+) reloads, (\d+) kills, (\d+) refused", told).groups())
    assert reloads >= 3 and kills >= 1 and refused == 0
