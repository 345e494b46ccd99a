# SPDX-License-Identifier: Apache-2.0
"""How long is too long: sanitizers slow things down, so one factor stretches every bound."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", ROOT / "build" / "release")).absolute()
# Which sanitizer the build at hand carries, from the name of its folder: build/asan.
SANITIZED = any(word in BUILD.name for word in ("asan", "tsan", "fuzz"))
FACTOR = 4 if SANITIZED else 1

PATIENCE = 10.0 * FACTOR  # for one answer that should come at once


def bulk_size():
    """Bytes of one bulk transfer: 1 GiB, or 64 MiB with sanitizers, or what WEIR_BULK says."""
    return int(os.environ.get("WEIR_BULK", 64 << 20 if SANITIZED else 1 << 30))
