# SPDX-License-Identifier: Apache-2.0
"""Modules that tests bring along."""

import subprocess

from harness import pace


def build(source, folder, *options):
    """The path of the module that this C++ file makes, built against the header alone."""
    folder.chmod(0o755)
    module = folder / source.with_suffix(".so").name
    subprocess.run(["g++", "-std=c++20", "-O1", "-fPIC", "-shared", "-fvisibility=hidden",
                    "-fno-gnu-unique", "-I", pace.ROOT / "sdk" / "include", "-o", module, source,
                    *options], check=True)
    module.chmod(0o755)
    return module
