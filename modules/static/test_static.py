# SPDX-License-Identifier: Apache-2.0
"""static in a real proxy: files, their states, their parts, and what is never served."""

import email
import gzip
import hashlib
import os
import re
import subprocess

import pytest

from harness import config, proxy

HOUR = 3600


@pytest.fixture
def root(tmp_path):
    made = tmp_path / "root"
    made.mkdir()
    (made / "a.txt").write_bytes(b"0123456789")
    (made / "index.html").write_text("start")
    (made / "docs").mkdir()
    (made / "docs" / "index.html").write_text("docs")
    (made / "empty").mkdir()
    (made / "none.txt").write_bytes(b"")
    (tmp_path / "secret.txt").write_text("secret")
    for name in ("a.txt", "none.txt"):  # old enough that its date is a strong validator
        os.utime(made / name, (1_700_000_000, 1_700_000_000))
    return made


@pytest.fixture
def site(weir, root):
    """site(key=value) serves the root."""

    def start(**keys):
        handler = {"static": {"root": str(root), **keys}}
        return weir(config.table("[server]", {"workers": 1})
                    + config.table("[[listener]]", {"address": "127.0.0.1:0"})
                    + config.table("[[route]]", {"filters": [handler]}), modules=["static"])

    return start


def test_a_file_is_served_whole_with_its_type_and_validators(site):
    answer = site().get("/a.txt")
    assert (answer.status, answer.body) == (200, b"0123456789")
    assert answer.get("Content-Type") == "text/plain; charset=utf-8"
    assert answer.get("Content-Length") == "10"
    assert answer.get("Accept-Ranges") == "bytes"
    assert answer.get("Last-Modified") == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert re.fullmatch(r'"[0-9a-f]+-a"', answer.get("ETag"))


def test_head_tells_what_get_would(site):
    client = site().client()
    got = client.get("/a.txt")
    head = client.get("/a.txt", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Length", "Content-Type", "ETag", "Last-Modified"):
        assert head.get(name) == got.get(name)
    assert client.get("/none", method="HEAD").status == 404
    assert client.get("/a.txt").body == b"0123456789"


def test_an_empty_file_is_served(site):
    answer = site().get("/none.txt")
    assert (answer.status, answer.get("Content-Length"), answer.body) == (200, "0", b"")


@pytest.mark.parametrize("target, body", [("/", b"start"), ("/docs/", b"docs")])
def test_a_folder_is_its_index(site, target, body):
    answer = site().get(target)
    assert (answer.status, answer.body) == (200, body)
    assert answer.get("Content-Type") == "text/html; charset=utf-8"


def test_a_folder_without_slash_redirects_and_keeps_the_query(site):
    made = site()
    answer = made.get("/docs?a=1")
    assert (answer.status, answer.get("Location")) == (308, "/docs/?a=1")
    assert made.get("//docs").get("Location") == "/docs/"


def test_no_redirect_leads_to_another_host(site, root):
    (root / "evil.example").mkdir()
    for target in ("//evil.example", "///evil.example", "/%5cevil.example",
                   "/docs/..//evil.example"):
        location = site().get(target).get("Location", "/")
        assert location.startswith("/") and not location.startswith("//")


def test_a_folder_without_index_is_not_found(site):
    assert site().get("/empty/").status == 404


def test_other_index_files_are_tried_in_order(site, root):
    (root / "empty" / "main.htm").write_text("main")
    assert site(index=["index.html", "main.htm"]).get("/empty/").body == b"main"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"])
def test_other_methods_are_refused_with_the_list_of_those_that_work(site, method):
    answer = site().get("/a.txt", method=method, body=b"x" if method in ("POST", "PUT") else None)
    assert (answer.status, answer.get("Allow")) == (405, "GET, HEAD")


@pytest.mark.parametrize("target", [
    "/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/%2e%2e%2fsecret.txt",
    "/docs/../../secret.txt", "/docs/..%5c..%5csecret.txt", "/....//secret.txt",
    "/a.txt%00.html", "/%00", "/.%2e/secret.txt", "/docs/%2e%2e/%2e%2e/secret.txt",
    "/..;/secret.txt", "/%c0%ae%c0%ae/secret.txt", "/%252e%252e/secret.txt", "/a.txt/",
    "/a.txt/..", "//etc/passwd", "/link", "/absolute", "/up/secret.txt", "/proc/root/etc/passwd",
])
def test_nothing_outside_the_root_is_served(site, root, target):
    (root / "link").symlink_to("../secret.txt")
    (root / "absolute").symlink_to("/etc/passwd")
    (root / "up").symlink_to("..")
    (root / "proc").symlink_to("/proc/self")
    answer = site().get(target)
    assert answer.status in (400, 404) or answer.body == b"start", answer
    assert b"secret" not in answer.body and b"root:" not in answer.body


@pytest.mark.parametrize("name", [".env", ".git/config", "docs/.htpasswd"])
def test_hidden_files_are_served_only_if_told_to(site, root, name):
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text("hidden")
    assert site().get("/" + name).status == 404
    assert site(hidden=True).get("/" + name).body == b"hidden"


def test_the_well_known_folder_is_not_hidden(site, root):
    (root / ".well-known").mkdir()
    (root / ".well-known" / "security.txt").write_text("Contact: x")
    assert site().get("/.well-known/security.txt").body == b"Contact: x"


def test_links_inside_the_root_are_followed_unless_forbidden(site, root):
    (root / "near").symlink_to("docs")
    assert site().get("/near/index.html").body == b"docs"
    assert site(symlinks="never").get("/near/index.html").status == 404


def test_only_plain_files_are_served(site, root):
    os.mkfifo(root / "fifo")
    assert site().get("/fifo").status == 404


def test_a_file_that_may_not_be_read_is_forbidden(site, root):
    (root / "a.txt").chmod(0)
    assert site().get("/a.txt").status == 403  # root too: workers have no capabilities


def test_names_are_decoded(site, root):
    (root / "größe 100%.txt").write_text("x")
    assert site().get("/gr%C3%B6%C3%9Fe%20100%25.txt").body == b"x"


def test_a_prefix_is_left_out(site):
    made = site(strip_prefix="/assets")
    assert made.get("/assets/a.txt").body == b"0123456789"
    assert made.get("/assets").get("Location") == "/assets/"
    assert made.get("/assets/docs").get("Location") == "/assets/docs/"
    assert made.get("/a.txt").status == 404
    assert made.get("/assetsa.txt").status == 404


def test_fallbacks_are_tried_in_order(site, root):
    (root / "about.html").write_text("about")
    made = site(**{"try": ["{request.path}.html", "/index.html"]})
    assert made.get("/about").body == b"about"
    assert made.get("/app/page?x=1").body == b"start"
    assert made.get("/empty/").body == b"start"
    assert made.get("/.env").status == 404


def test_a_value_in_a_fallback_cannot_leave_the_root(site):
    made = site(**{"try": ["/{query.page}"]})
    assert made.get("/x?page=a.txt").body == b"0123456789"
    for page in ("../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "docs"):
        assert made.get(f"/x?page={page}").status == 404


# ---- States of a file ------------------------------------------------------------------------

DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
BEFORE = "Tue, 14 Nov 2023 22:13:19 GMT"


@pytest.mark.parametrize("fields, status", [
    (["If-None-Match: {etag}"], 304),
    (["If-None-Match: W/{etag}"], 304),
    (['If-None-Match: "x", {etag}'], 304),
    (['If-None-Match: "x"', "If-None-Match: {etag}"], 304),
    (["If-None-Match: *"], 304),
    (['If-None-Match: "x"'], 200),
    (['If-None-Match: "x"', f"If-Modified-Since: {DATE}"], 200),
    ([f"If-Modified-Since: {DATE}"], 304),
    ([f"If-Modified-Since: {BEFORE}"], 200),
    (["If-Modified-Since: yesterday"], 200),
    (["If-Match: {etag}"], 200),
    (["If-Match: W/{etag}"], 412),
    (['If-Match: "x"'], 412),
    (["If-Match: *"], 200),
    (['If-Match: "x"', "If-None-Match: {etag}"], 412),
    ([f"If-Unmodified-Since: {BEFORE}"], 412),
    ([f"If-Unmodified-Since: {DATE}"], 200),
    (["If-Match: {etag}", f"If-Unmodified-Since: {BEFORE}"], 200),
])
def test_conditions_are_judged_in_the_order_of_the_standard(site, fields, status):
    client = site().client()
    tag = client.get("/a.txt").get("ETag")
    for method in ("GET", "HEAD"):
        answer = client.get("/a.txt", *(f.format(etag=tag) for f in fields), method=method)
        assert answer.status == status
        if status == 304:
            assert (answer.get("ETag"), answer.body) == (tag, b"")
            assert not answer.fields.has("Content-Type")


def test_a_changed_file_has_another_tag(site, root):
    client = site().client()
    tag = client.get("/a.txt").get("ETag")
    (root / "a.txt").write_bytes(b"9876543210")
    answer = client.get("/a.txt", f"If-None-Match: {tag}")
    assert (answer.status, answer.body) == (200, b"9876543210")


def test_cache_control_goes_with_files_and_304_but_not_with_errors(site):
    client = site(cache_control="public, max-age=60").client()
    answer = client.get("/a.txt")
    assert answer.get("Cache-Control") == "public, max-age=60"
    again = client.get("/a.txt", f"If-None-Match: {answer.get('ETag')}")
    assert (again.status, again.get("Cache-Control")) == (304, "public, max-age=60")
    assert not client.get("/none").fields.has("Cache-Control")


# ---- Parts of a file -------------------------------------------------------------------------

@pytest.mark.parametrize("value, part, shown", [
    ("bytes=0-3", b"0123", "0-3"), ("bytes=8-", b"89", "8-9"), ("bytes=-2", b"89", "8-9"),
    ("bytes=5-500", b"56789", "5-9"), ("bytes=-500", b"0123456789", "0-9"),
    ("bytes=0-0,50-60", b"0", "0-0"),
])
def test_a_range_is_served(site, value, part, shown):
    answer = site().get("/a.txt", f"Range: {value}")
    assert (answer.status, answer.body) == (206, part)
    assert answer.get("Content-Range") == f"bytes {shown}/10"
    assert answer.get("Content-Length") == str(len(part))


@pytest.mark.parametrize("value", [
    "bytes=a-b", "items=0-1", "bytes=3-1", "bytes=0-1,1-2", "bytes=5-6,0-1",
    "bytes=" + ",".join(["0-"] * 200), "bytes=" + ",".join(f"{i}-{i}" for i in range(9)),
])
def test_what_is_no_range_or_too_many_is_the_whole_file(site, value):
    answer = site().get("/a.txt", f"Range: {value}")
    assert (answer.status, answer.body) == (200, b"0123456789")


def test_a_range_beyond_the_file_is_told_its_size(site):
    client = site().client()
    answer = client.get("/a.txt", "Range: bytes=10-")
    assert (answer.status, answer.get("Content-Range")) == (416, "bytes */10")
    assert client.get("/none.txt", "Range: bytes=0-").get("Content-Range") == "bytes */0"


def test_several_ranges_come_as_parts(site):
    answer = site().get("/a.txt", "Range: bytes=0-1, 4-5, -1")
    assert answer.status == 206
    assert not answer.fields.has("Content-Range")
    head = f"Content-Type: {answer.get('Content-Type')}\r\n\r\n".encode()
    message = email.message_from_bytes(head + answer.body)
    parts = [(p["Content-Range"], p.get_payload(decode=True)) for p in message.get_payload()]
    assert parts == [("bytes 0-1/10", b"01"), ("bytes 4-5/10", b"45"), ("bytes 9-9/10", b"9")]
    assert {p.get_content_type() for p in message.get_payload()} == {"text/plain"}


def test_head_ignores_ranges(site):
    answer = site().get("/a.txt", "Range: bytes=0-1", method="HEAD")
    assert (answer.status, answer.get("Content-Length")) == (200, "10")


@pytest.mark.parametrize("value, status", [
    ("{etag}", 206), ("W/{etag}", 200), ('"x"', 200), (DATE, 206), (BEFORE, 200), ("x", 200)])
def test_if_range_gives_the_part_only_of_the_same_file(site, value, status):
    client = site().client()
    tag = client.get("/a.txt").get("ETag")
    answer = client.get("/a.txt", "Range: bytes=0-1", f"If-Range: {value.format(etag=tag)}")
    assert answer.status == status


@pytest.mark.timeout(60)
def test_curl_puts_a_large_file_together_from_ranges(site, root, tmp_path):
    data = os.urandom(1 << 20) * 32
    (root / "large.bin").write_bytes(data)
    made = site()
    whole = made.get("/large.bin")
    assert hashlib.sha256(whole.body).digest() == hashlib.sha256(data).digest()
    out = tmp_path / "out"
    third = len(data) // 3
    with open(out, "wb") as file:
        for part in (f"0-{third}", f"{third + 1}-{2 * third}", f"{2 * third + 1}-"):
            subprocess.run(["curl", "-sSf", "-r", part, made.url + "/large.bin"], check=True,
                           stdout=file)
    assert hashlib.sha256(out.read_bytes()).digest() == hashlib.sha256(data).digest()


def test_a_client_that_leaves_costs_no_descriptor(site, root):
    (root / "large.bin").write_bytes(b"x" * (8 << 20))
    made = site()
    made.get("/a.txt")
    before = made.open_files()
    for _ in range(20):
        client = made.client()
        client.request("/large.bin").head()
        client.reset()
    made.close_clients()
    made.get("/a.txt")
    assert made.open_files() <= before + 1


# ---- Coded files -----------------------------------------------------------------------------

@pytest.fixture
def coded(site, root):
    (root / "app.js").write_text("plain")
    for suffix, text in ((".br", b"in br"), (".zst", b"in zstd")):
        (root / f"app.js{suffix}").write_bytes(text)
    (root / "app.js.gz").write_bytes(gzip.compress(b"plain", mtime=0))
    return lambda: site(precompressed=["br", "zstd", "gzip"])


@pytest.mark.parametrize("accepted, coding", [
    ("gzip, br, zstd", "br"), ("gzip, zstd", "zstd"), ("br;q=0.5, gzip", "gzip"), ("*", "br"),
    ("br;q=0, *", "zstd"), ("deflate", None), ("identity, br;q=0.1", None), ("br;q=x", None),
])
def test_the_client_gets_the_coding_it_likes_best(coded, accepted, coding):
    answer = coded().get("/app.js", f"Accept-Encoding: {accepted}")
    assert answer.get("Content-Encoding") == coding
    assert answer.get("Content-Type") == "text/javascript; charset=utf-8"
    assert answer.get("Vary") == "Accept-Encoding"
    assert answer.body == {"br": b"in br", "zstd": b"in zstd", None: b"plain"}.get(
        coding, gzip.compress(b"plain", mtime=0))


def test_each_coding_has_a_tag_of_its_own(coded):
    client = coded().client()
    tags = {client.get("/app.js", f"Accept-Encoding: {c}").get("ETag")
            for c in ("br", "zstd", "gzip", "identity")}
    assert len(tags) == 4


def test_a_coded_file_older_than_its_original_is_not_served(coded, root):
    stat = os.stat(root / "app.js")
    os.utime(root / "app.js.br", (stat.st_atime - HOUR, stat.st_mtime - HOUR))
    answer = coded().get("/app.js", "Accept-Encoding: br, gzip")
    assert answer.get("Content-Encoding") == "gzip"


def test_without_the_key_coded_files_are_ignored(site, coded):
    answer = site().get("/app.js", "Accept-Encoding: br")
    assert (answer.body, answer.get("Vary")) == (b"plain", None)


# ---- Types, and troubles ---------------------------------------------------------------------

def test_types_can_be_added_and_changed(site, root):
    (root / "x.Foo").write_text("x")
    (root / "x.unknown").write_text("x")
    made = site(types={"foo": "text/x-foo", ".txt": "text/plain"}, default_type="text/x-any")
    assert made.get("/x.Foo").get("Content-Type") == "text/x-foo"
    assert made.get("/a.txt").get("Content-Type") == "text/plain"
    assert made.get("/x.unknown").get("Content-Type") == "text/x-any"


def test_a_root_that_appears_later_is_served_then(site, root):
    hidden = root.rename(root.parent / "away")
    made = site()
    assert made.get("/a.txt").status == 500
    hidden.rename(root)
    assert made.get("/a.txt").status == 200


def test_a_site_that_is_switched_by_a_link_is_seen_at_once(site, root):
    root.rename(root.parent / "one")
    (root.parent / "two").mkdir()
    (root.parent / "two" / "a.txt").write_text("two")
    root.symlink_to("one")
    made = site()
    assert made.get("/a.txt").body == b"0123456789"
    root.unlink()
    root.symlink_to("two")
    assert made.get("/a.txt").body == b"two"


@pytest.mark.parametrize("keys, text", [
    ({}, "root"),
    ({"root": "/", "strip_prefix": "x"}, "does not begin with a slash"),
    ({"root": "/", "index": ["../x"]}, "is not the name of a file"),
    ({"root": "/", "types": {"x": "nonsense"}}, "is not a media type"),
])
def test_wrong_keys_are_found_by_check(tmp_path, keys, text):
    file = tmp_path / "weir.toml"
    file.write_text(config.simple("http://127.0.0.1:1", modules=["static"],
                                  route={"filters": [{"static": keys}]}))
    done = proxy.run("check", file)
    assert done.returncode == 1
    assert text in done.stdout + done.stderr
