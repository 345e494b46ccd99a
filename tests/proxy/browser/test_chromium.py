# SPDX-License-Identifier: Apache-2.0
"""A real browser loads a page with its style, script and images through the proxy."""

import shutil
import struct
import subprocess
import zlib

import pytest

from harness import pace

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage"]

PAGE = """<!doctype html>
<html><head><title>weir</title><link rel="stylesheet" href="/style.css">
<script src="/script.js" defer></script></head>
<body><p id="said">not yet</p>{images}</body></html>
"""

# Says what it saw, once everything has loaded.
SCRIPT = """
addEventListener("load", async () => {
  const images = [...document.images].filter((image) => image.naturalWidth === 3).length;
  const colour = getComputedStyle(document.getElementById("said")).color;
  const answer = await fetch("/data.json?" + location.search.slice(1), { cache: "no-store" });
  const data = await answer.json();
  document.getElementById("said").textContent =
      `images ${images}, colour ${colour}, data ${data.answer}`;
});
"""


def png(width, height):
    """A grey picture, as small as the format allows."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))

    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


@pytest.fixture
def site(nginx_origin):
    images = "".join(f'<img src="/image-{n}.png">' for n in range(12))
    (nginx_origin.root / "index.html").write_text(PAGE.format(images=images))
    (nginx_origin.root / "style.css").write_text("#said { color: rgb(1, 2, 3); }\n")
    (nginx_origin.root / "script.js").write_text(SCRIPT)
    (nginx_origin.root / "data.json").write_text('{ "answer": 42 }\n')
    for number in range(12):
        (nginx_origin.root / f"image-{number}.png").write_bytes(png(3, 2))
    return nginx_origin


def chromium():
    return shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.timeout(90)
@pytest.mark.skipif(not chromium(), reason="there is no chromium")
def test_a_page_with_all_that_belongs_to_it(weir_to, site, tmp_path):
    weir = weir_to(site.url)
    done = subprocess.run(
        [chromium(), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom",
         "--virtual-time-budget=10000", weir.url + "/"],
        capture_output=True, text=True, timeout=60 * pace.FACTOR, check=False,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert "images 12, colour rgb(1, 2, 3), data 42" in done.stdout, done.stdout + done.stderr
    log = (site.folder / "access.log").read_text()
    for path in ("/ ", "/style.css ", "/script.js ", "/image-11.png ", "/data.json? "):
        assert f"GET {path}HTTP/1.1\" 200" in log
