# SPDX-License-Identifier: Apache-2.0
"""A real nginx behind the proxy, and curl in front of it."""

import hashlib
import os
import subprocess

import pytest

from harness import pace


@pytest.fixture
def site(nginx_origin):
    """nginx with a page and a large file."""
    (nginx_origin.root / "index.html").write_text("<h1>hello</h1>\n")
    (nginx_origin.root / "large").write_bytes(os.urandom(1 << 20) * 8)
    (nginx_origin.root / "upload").mkdir()
    return nginx_origin


def curl(*arguments):
    done = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "20", *arguments],
                          capture_output=True, timeout=pace.PATIENCE * 3, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_curl_gets_a_page(weir_to, site):
    out = curl("--include", weir_to(site).url + "/")
    head, _, body = out.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nServer: nginx" in head
    assert body == b"<h1>hello</h1>\n"


def test_curl_gets_a_head(weir_to, site):
    assert b"Content-Length: 15\r\n" in curl("--head", weir_to(site).url + "/")


def test_a_large_file_is_the_same(weir_to, site):
    got = curl(weir_to(site).url + "/large")
    want = (site.root / "large").read_bytes()
    assert hashlib.sha256(got).digest() == hashlib.sha256(want).digest()


def test_many_connections_at_once(weir_to, site):
    url = weir_to(site).url
    many = [argument for n in range(20) for argument in ("-o", os.devnull, f"{url}/large?{n}")]
    said = curl("--parallel", "--parallel-max", "10",
                "--write-out", "%{http_code} %{size_download}\n", *many)
    assert said.decode().splitlines() == [f"200 {8 << 20}"] * 20


@pytest.mark.parametrize("wanted, size, said", [
    ("bytes=0-9", 10, "bytes 0-9/8388608"), ("bytes=8388600-", 8, "bytes 8388600-8388607/8388608"),
    ("bytes=-5", 5, "bytes 8388603-8388607/8388608")])
def test_ranges(wanted, size, said, weir_to, site):
    response = weir_to(site).get("/large", f"Range: {wanted}")
    assert (response.status, len(response.body)) == (206, size)
    assert response.get("Content-Range") == said
    first = int(said.split()[1].split("-")[0])
    assert response.body == (site.root / "large").read_bytes()[first:first + size]


def test_several_ranges(weir_to, site):
    response = weir_to(site).get("/large", "Range: bytes=0-1,10-11")
    assert response.status == 206
    assert response.get("Content-Type").startswith("multipart/byteranges")


def test_a_range_that_is_not_there(weir_to, site):
    assert weir_to(site).get("/large", "Range: bytes=99999999-").status == 416


def test_validators(weir_to, site):
    with weir_to(site).client() as client:
        tag = client.get("/large").get("ETag")
        response = client.get("/large", f"If-None-Match: {tag}")
        assert (response.status, response.body) == (304, b"")
        assert client.get("/").body == b"<h1>hello</h1>\n"


def test_curl_resumes_a_download(weir_to, site, tmp_path):
    part = tmp_path / "part"
    want = (site.root / "large").read_bytes()
    part.write_bytes(want[:1000])
    curl("--continue-at", "-", "--output", str(part), weir_to(site).url + "/large")
    assert part.read_bytes() == want


def test_curl_waits_for_100_continue(weir_to, make_origin, tmp_path):
    origin = make_origin(lambda exchange: exchange.respond(body=exchange.body()))
    file = tmp_path / "file"
    file.write_bytes(b"body of a file")
    out = curl("--include", "--header", "Expect: 100-continue", "--data-binary", f"@{file}",
               weir_to(origin).url)
    assert out.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
    assert out.endswith(b"body of a file")


def test_errors_of_the_origin_are_passed_on(weir_to, site):
    with weir_to(site).client() as client:
        assert client.get("/nothing-there").status == 404
        assert client.get("/", method="DELETE").status == 405
        assert client.get("/").status == 200
