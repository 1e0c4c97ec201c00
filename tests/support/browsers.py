"""How tests start a browser, and how long they wait for it."""

from __future__ import annotations

LIMIT = 60_000
"""Milliseconds to wait for what a user waits for, on a machine that does other work too."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--disable-gpu",
    "--disable-3d-apis",  # WebGL in software is slow
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    # Everything must work for those who reach nothing outside; and no test may depend on what is outside.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
