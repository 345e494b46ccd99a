# SPDX-License-Identifier: Apache-2.0
"""A configuration file of one's own."""

import pytest


@pytest.fixture
def file(tmp_path):
    """file(text) writes a config and gives its path."""
    def write(text):
        path = tmp_path / "weir.toml"
        path.write_text(text)
        return path

    return write
