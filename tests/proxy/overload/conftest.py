# SPDX-License-Identifier: Apache-2.0
"""The fixtures of harness/overload.py, and a module that takes its time."""

import pathlib

import pytest

from harness import module
# pylint: disable-next=unused-import
from harness.overload import crowd, descriptors, flood, watched  # noqa: F401


@pytest.fixture(scope="session")
def burn(tmp_path_factory):
    """The path of the module."""
    source = pathlib.Path(__file__).with_name("burn.cpp")
    return module.build(source, tmp_path_factory.mktemp("burn"))
