# SPDX-License-Identifier: Apache-2.0
"""What an exchange takes from the general heap: nothing, once its connection is warm."""

import mmap
import pathlib
import struct
import subprocess

import pytest

from harness import pace

REQUESTS = 500
# A filter that does nothing in every phase.
FILTER = """
#include <weir/module.hpp>
struct Pass {
  static constexpr auto name = "pass";
  static constexpr auto doc = "Does nothing.";
  weir::Verdict request(weir::Exchange) const { return weir::Verdict::next; }
  weir::Verdict response(weir::Exchange) const { return weir::Verdict::next; }
};
WEIR_MODULE("pass", "1.0", "Apache-2.0", Pass)
"""

pytestmark = pytest.mark.skipif(pace.FACTOR > 1, reason="sanitizers have a heap of their own")


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "malloc_count.so"
    source = pathlib.Path(__file__).with_name("malloc_count.c")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


@pytest.fixture
def counter(tmp_path, shim):
    file = tmp_path / "count"
    file.write_bytes(bytes(8))
    with open(file, "r+b") as handle, mmap.mmap(handle.fileno(), 8) as page:
        yield (lambda: struct.unpack("Q", page[:8])[0]), {
            "LD_PRELOAD": str(shim), "MALLOC_COUNT_FILE": str(file)}


def cost(client, count, target="/"):
    """Heap calls of REQUESTS requests on a connection that has seen some already."""
    for _ in range(20):
        assert client.get(target).status == 200
    before = count()
    for _ in range(REQUESTS):
        assert client.get(target).status == 200
    return count() - before


def test_the_shim_counts(counter, weir_to, make_origin):
    count, environment = counter
    weir_to(make_origin(), env=environment)
    assert count() > 100


def test_a_kept_alive_get_allocates_nothing(counter, weir_to, make_origin):
    count, environment = counter
    weir = weir_to(make_origin(), env=environment)
    with weir.client() as client:
        assert cost(client, count) == 0


def test_twelve_filters_allocate_nothing(counter, weir_to, make_origin, tmp_path):
    count, environment = counter
    folder = tmp_path / "modules"
    folder.mkdir(mode=0o755)
    source = folder / "pass.cpp"
    source.write_text(FILTER)
    module = folder / "pass.so"
    subprocess.run(["g++", "-std=c++20", "-O2", "-fPIC", "-shared", "-fvisibility=hidden",
                    "-I", pace.ROOT / "sdk" / "include", "-o", module, source], check=True)
    module.chmod(0o755)
    weir = weir_to(make_origin(), modules=["pass"], route={"filters": ["pass"] * 12},
                   more=f'[module.pass]\npath = "{module}"\n', env=environment)
    with weir.client() as client:
        assert cost(client, count) == 0
