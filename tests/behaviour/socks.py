"""A SOCKS5 proxy, as far as a test needs one; a step of `Server`, so it can stall anywhere."""

from __future__ import annotations

import select
import socket
from contextlib import suppress

from .misbehaving import Peer, Request, Step

PHASES = ("greeting", "authentication", "connecting", "tunnel")


def socks5(
    user: str | None = None, password: str = "", *, stalls_at: str = "", refuses_at: str = ""
) -> Step:
    """Greets, asks for a name and a password where it has one, and passes bytes on.

    Args:
        user: Who may use it; by default anybody.
        password: The password of the user.
        stalls_at: The phase in which it holds the line and does nothing.
        refuses_at: The phase in which it says no.
    """

    def begins(peer: Peer, phase: str) -> bool:
        if phase == stalls_at:
            peer.hold()
        return phase != refuses_at

    def step(peer: Peer) -> None:
        _, *methods = peer.take()[1:]
        allowed = begins(peer, "greeting")
        method = 0 if user is None else 2
        if not allowed or method not in methods:
            peer.send(b"\x05\xff")
            return peer.close()
        peer.send(bytes([5, method]))
        if user is not None:
            given = peer.take()
            name = given[2 : 2 + given[1]]
            right = (name, given[3 + len(name) :]) == (user.encode(), password.encode())
            right = begins(peer, "authentication") and right
            peer.send(b"\x01\x00" if right else b"\x01\x01")
            if not right:
                return peer.close()
        host, port, raw = _destination(peer.take())
        peer.record(Request(raw, "CONNECT", f"{host}:{port}", {}, b""))
        if not begins(peer, "connecting"):
            peer.send(b"\x05\x05\x00\x01\0\0\0\0\0\0")
            return peer.close()
        peer.send(b"\x05\x00\x00\x01\0\0\0\0\0\0")
        if begins(peer, "tunnel"):
            tunnel(peer, host, port)
        return peer.close()

    return step


def _destination(raw: bytes) -> tuple[str, int, bytes]:
    kind, rest = raw[3], raw[4:]
    if kind == 1:
        host, rest = socket.inet_ntoa(rest[:4]), rest[4:]
    else:
        host, rest = rest[1 : 1 + rest[0]].decode(), rest[1 + rest[0] :]
    return host, int.from_bytes(rest[:2]), raw


def tunnel(peer: Peer, host: str, port: int) -> None:
    """Pass bytes on, unseen, until one side is gone."""
    with socket.create_connection((host, port)) as upstream, suppress(OSError):
        other = {peer.sock: upstream, upstream: peer.sock}
        while True:
            for sock in select.select(list(other), [], [])[0]:
                data = sock.recv(65536)
                if not data:
                    return
                other[sock].sendall(data)
