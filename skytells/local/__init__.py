"""A local emulation of the platform that needs no key and no network.

    import skytells.local

    with skytells.local.serve(speed=10.0) as platform:
        client = platform.client()
        client.run("flux-pro", input={"prompt": "a fox"})

`serve` listens on loopback, `in_process` serves async code without a socket; `Platform` is the
platform itself. From a shell: `python -m skytells.local`. Its prices, times and schemas are
illustrative.
"""

from .catalogue import MODELS, Model
from .clock import Clock
from .faults import Fault
from .handle import LocalPlatform, in_process, serve
from .options import PlatformOptions
from .platform import Platform, Request
from .scripts import ScriptFields
from .webhooks import Delivery

__all__ = [
    "MODELS",
    "Clock",
    "Delivery",
    "Fault",
    "LocalPlatform",
    "Model",
    "Platform",
    "PlatformOptions",
    "Request",
    "ScriptFields",
    "in_process",
    "serve",
]
