# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the end-to-end tests; see harness/fixtures.py."""

from harness.fixtures import *  # noqa: F401,F403  pylint: disable=wildcard-import
