"""The web page at `/`: the state of the platform, and buttons that end predictions."""
