# SPDX-License-Identifier: Apache-2.0
"""Measures weir beside other reverse proxies; README.md says how and how to read it."""
