# SPDX-License-Identifier: Apache-2.0
"""WebSocket through the proxy, with a library of other people's on both ends."""

import asyncio
import contextlib
import threading

import pytest
import websockets

from harness import pace


@pytest.fixture
def echo_server():
    """The port of a WebSocket server that sends everything back."""
    loop = asyncio.new_event_loop()
    started = threading.Event()
    port = []
    stop = []

    async def echo(socket, *_):
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in socket:
                await socket.send(message)

    async def serve():
        stop.append(asyncio.Event())
        async with websockets.serve(echo, "127.0.0.1", 0, compression=None, max_size=1 << 24,
                                    subprotocols=["echo"]) as server:
            port.append(server.sockets[0].getsockname()[1])
            started.set()
            await stop[0].wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert started.wait(pace.PATIENCE)
    yield port[0]
    loop.call_soon_threadsafe(stop[0].set)
    thread.join(pace.PATIENCE)
    loop.close()


@pytest.fixture
def weir_before_echo(weir_to, echo_server):
    return weir_to(f"http://127.0.0.1:{echo_server}")


def connected(weir, talk, **how):
    """Runs talk(socket) with a client's socket."""
    async def run():
        async with websockets.connect(f"ws://127.0.0.1:{weir.port}/chat?room=1", compression=None,
                                      max_size=1 << 24, **how) as socket:
            return await talk(socket)

    return asyncio.run(run())


@pytest.mark.timeout(60)
def test_ten_thousand_messages_come_back_in_order(weir_before_echo):
    async def talk(socket):
        async def send():
            for number in range(10_000):
                await socket.send(f"message {number}")

        sending = asyncio.create_task(send())
        for number in range(10_000):
            assert await asyncio.wait_for(socket.recv(), pace.PATIENCE) == f"message {number}"
        await sending

    connected(weir_before_echo, talk)


def test_one_message_at_a_time(weir_before_echo):
    async def talk(socket):
        for size in (0, 1, 125, 126, 65535, 65536, 5_000_000):
            await socket.send(bytes(size))
            assert await asyncio.wait_for(socket.recv(), pace.PATIENCE) == bytes(size)

    connected(weir_before_echo, talk)


def test_ping_and_close_pass_both_ways(weir_before_echo):
    async def talk(socket):
        await asyncio.wait_for(await socket.ping(b"there?"), pace.PATIENCE)
        await socket.close(1000, "done")
        return socket.close_code

    assert connected(weir_before_echo, talk) == 1000


def test_a_subprotocol_is_agreed_on(weir_before_echo):
    async def talk(socket):
        return socket.subprotocol

    assert connected(weir_before_echo, talk, subprotocols=["other", "echo"]) == "echo"


def test_fifty_sockets_at_once(weir_before_echo):
    async def one(number):
        async with websockets.connect(f"ws://127.0.0.1:{weir_before_echo.port}/") as socket:
            for _ in range(20):
                await socket.send(f"from {number}")
                assert await asyncio.wait_for(socket.recv(), pace.PATIENCE) == f"from {number}"

    async def all_of_them():
        await asyncio.gather(*(one(number) for number in range(50)))

    asyncio.run(all_of_them())


def test_a_route_may_refuse_them(weir_to, echo_server):
    weir = weir_to(f"http://127.0.0.1:{echo_server}", route={"websocket": False})
    with pytest.raises(websockets.InvalidStatusCode) as refused:
        async def talk(socket):
            return None

        connected(weir, talk)
    assert 400 <= refused.value.status_code < 500
