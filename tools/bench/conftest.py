# SPDX-License-Identifier: Apache-2.0
"""Fixtures for the end-to-end tests of modules; see tests/harness/fixtures.py."""

from harness.fixtures import *  # noqa: F401,F403  pylint: disable=wildcard-import
