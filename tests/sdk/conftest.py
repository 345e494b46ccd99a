# SPDX-License-Identifier: Apache-2.0
"""The SDK as a third party meets it: installed, and used from folders outside of the tree."""

import os
import pathlib
import subprocess

import pytest

from harness import pace

ROOT = pathlib.Path(__file__).resolve().parents[2]


def call(*command, **how):
    """Runs a tool, gives its output. The umask: the loader refuses what others may write."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          timeout=200, check=False, umask=0o022, **how)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    """Where weir and its SDK are installed."""
    target = tmp_path_factory.mktemp("prefix")
    call("cmake", "--install", pace.BUILD, "--prefix", target)
    return target


@pytest.fixture(scope="session")
def build(prefix):
    """build(source, folder, *flags) makes an .so of one file by pkg-config; gives its path."""
    pkg_config = dict(os.environ, PKG_CONFIG_PATH=str(prefix / "share/pkgconfig"))
    cflags = call("pkg-config", "--cflags", "weir", env=pkg_config).split()
    ldflags = call("pkg-config", "--variable=ldflags", "weir", env=pkg_config).split()

    def compile_module(source, folder, *flags, name=None):
        target = pathlib.Path(folder) / f"{name or pathlib.Path(source).stem}.so"
        language = ["cc", "-std=c11"] if str(source).endswith(".c") else ["c++", "-std=c++20"]
        call(*language, "-O2", "-shared", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra",
             "-Wpedantic", "-Werror", *cflags, *flags, source, *ldflags, "-o", target)
        return target

    return compile_module
