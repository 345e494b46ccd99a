# SPDX-License-Identifier: Apache-2.0
"""The soak runner, briefly; WEIR_CHAOS=long makes it a minute."""

import pytest
from chaos import soak
from chaos.chaosd_tally import LONG


@pytest.mark.timeout(300)
def test_a_soak_ends_well():
    assert soak.main([str(1 if LONG else 0.1)]) == 0
