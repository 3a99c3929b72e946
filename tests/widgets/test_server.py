import logging
import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
import tornado.httpserver
import tornado.testing
import tornado.web
import tornado.websocket

from gan_widgets import server


def echo_handler(opened):
    class Echo(tornado.websocket.WebSocketHandler):
        def open(self):
            opened.append(self.ws_connection.stream.socket)

    return Echo


def delays(handler):
    """Serve one websocket, connect to it, and tell whether its socket waits for acknowledgements."""
    opened = []
    handler_class = handler(opened)

    async def connect():
        sockets = tornado.testing.bind_unused_port()
        http = tornado.httpserver.HTTPServer(tornado.web.Application([("/", handler_class)]))
        http.add_sockets([sockets[0]])
        page = await tornado.websocket.websocket_connect(f"ws://127.0.0.1:{sockets[1]}/")
        waits = opened[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0
        page.close()
        http.stop()
        await http.close_all_connections()
        return waits

    import asyncio

    return asyncio.run(connect())


def test_a_stock_websocket_waits_for_acknowledgements():
    assert delays(echo_handler)


@pytest.mark.parametrize("times", [1, 2])
def test_a_patched_websocket_sends_at_once(times):
    def patched(opened):
        handler = echo_handler(opened)
        for _ in range(times):
            server.send_at_once(handler, print)
        return handler

    assert not delays(patched)


def test_patching_twice_wraps_once():
    handler = echo_handler([])
    server.send_at_once(handler, print)
    once = handler.open
    server.send_at_once(handler, print)
    assert handler.open is once


def test_a_connection_that_refuses_the_setting_still_opens():
    warnings = []

    def patched(opened):
        handler = echo_handler(opened)

        def refuse(self, value):
            raise OSError("not today")

        handler.set_nodelay = refuse
        server.send_at_once(handler, lambda *args: warnings.append(args))
        return handler

    assert delays(patched)
    assert "not today" in str(warnings)


def test_a_server_without_the_handler_gets_a_warning_and_stays_as_it_is(monkeypatch, caplog):
    monkeypatch.setattr(server, "_HOMES", (("jupyter_server.nowhere", "Handler"),))
    monkeypatch.delenv(server.NODELAY, raising=False)
    server._load_jupyter_server_extension(SimpleNamespace(log=logging.getLogger("app")))
    assert "no kernel websocket handler found in jupyter_server.nowhere.Handler" in caplog.text
    assert server.NODELAY not in os.environ


def test_the_installed_jupyter_server_is_patched_and_tells_its_kernels():
    program = """
import logging, os, sys
from types import SimpleNamespace
from gan_widgets import server
server._load_jupyter_server_extension(SimpleNamespace(log=logging.getLogger()))
assert os.environ["GAN_WIDGETS_NODELAY"] == "1"
assert server.kernel_websocket_handler().open.sends_at_once
assert "torch" not in sys.modules and "ipywidgets" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_the_extension_point_names_this_module():
    assert server._jupyter_server_extension_points() == [{"module": "gan_widgets.server"}]
