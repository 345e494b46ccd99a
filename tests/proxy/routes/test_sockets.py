# SPDX-License-Identifier: Apache-2.0
"""IPv4, IPv6 and Unix sockets, in front and behind."""

import os
import socket
import stat

import pytest

from harness import client, proxy


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
        return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="there is no IPv6 loopback")


def test_a_unix_socket_in_front(weir_to, origin, tmp_path):
    path = str(tmp_path / "front.sock")
    weir = weir_to(origin, listener={"address": f"unix:{path}"})
    assert weir.addresses == [path]
    assert stat.S_ISSOCK(os.stat(path).st_mode)
    with client.Client(path) as made:
        assert made.get().status == 200
    weir.stop()
    assert not os.path.exists(path)


def test_a_unix_socket_that_was_left_behind_is_taken_over(weir_to, origin, tmp_path):
    path = str(tmp_path / "front.sock")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    weir = weir_to(origin, listener={"address": f"unix:{path}"})
    with client.Client(path) as made:
        assert made.get().status == 200
    weir.stop()


def test_a_unix_socket_that_is_in_use_is_not(weir_to, origin, tmp_path):
    path = str(tmp_path / "front.sock")
    first = weir_to(origin, listener={"address": f"unix:{path}"})
    done = proxy.run("run", "-c", first.conf)
    assert done.returncode == 2
    assert path in done.stderr
    with client.Client(path) as made:
        assert made.get().status == 200


def test_a_unix_socket_behind(weir_to, make_origin, tmp_path):
    origin = make_origin(address=str(tmp_path / "back.sock"))
    weir = weir_to(origin)
    assert weir.get("/a").status == 200
    assert [weir.get(method="POST", body=b"x" * 100_000).status for _ in range(2)] == [200, 200]
    assert len(origin.connections) == 1


def test_a_unix_socket_behind_that_is_not_there(weir_to, tmp_path):
    assert weir_to(f"unix:{tmp_path}/nothing.sock").get().status == 502


@needs_ipv6
def test_ipv6_in_front(weir_to, origin):
    weir = weir_to(origin, listener={"address": "[::1]:0"})
    [address] = weir.addresses
    assert address[0] == "::1"
    with client.Client(address) as made:
        assert made.get(host="[::1]:80").status == 200
    [request] = origin.requests
    assert request.get("Host") == "[::1]:80"
    assert request.get("X-Forwarded-For") == "::1"
    assert 'for="[::1]"' in request.get("Forwarded")


@needs_ipv6
def test_ipv6_behind(weir_to, make_origin):
    origin = make_origin(address=("::1", 0))
    assert weir_to(origin).get().status == 200
    assert len(origin.requests) == 1


@needs_ipv6
def test_any_address_takes_both(weir_to, origin):
    weir = weir_to(origin, listener={"address": ":0"})
    [address] = weir.addresses
    for host in ("127.0.0.1", "::1"):
        with client.Client((host, address[1])) as made:
            assert made.get().status == 200
    # An IPv4 client is called by its IPv4 address.
    assert [request.get("X-Forwarded-For") for request in origin.requests] == ["127.0.0.1", "::1"]


def test_several_listeners(weir, origin):
    weir_ = weir('[[listener]]\naddress = "127.0.0.1:0"\n[[listener]]\naddress = "127.0.0.1:0"\n'
                 f'[[route]]\nto = "{origin.url}"\n')
    assert len(set(weir_.ports)) == 2
    for address in weir_.addresses:
        with client.Client(address) as made:
            assert made.get().status == 200
