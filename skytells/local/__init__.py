"""A stand-in for the platform that needs no key and no network.

    import skytells.local

    with skytells.local.serve(speed=10.0) as platform:
        client = platform.client()
        client.run("flux-pro", input={"prompt": "a fox"})

`Platform` is the machine itself, without a socket; `serve` puts one on loopback. From a shell:
`python -m skytells.local`. Its prices, times and schemas are illustrative.
"""

from .catalogue import MODELS, Model
from .clock import Clock
from .core import Platform, Request
from .handle import LocalPlatform, serve

__all__ = ["MODELS", "Clock", "LocalPlatform", "Model", "Platform", "Request", "serve"]
