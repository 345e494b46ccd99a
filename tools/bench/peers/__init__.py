# SPDX-License-Identifier: Apache-2.0
"""One file a peer; ../README.md says what it has to hold."""
