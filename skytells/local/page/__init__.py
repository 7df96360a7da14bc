"""The small web page at `/`: what the platform does, live, and buttons to end predictions by hand.

web.py ──> view.py ──> _markup.py       style.css and script.js go into the page itself
"""

from .routes import page_routes

__all__ = ["page_routes"]
