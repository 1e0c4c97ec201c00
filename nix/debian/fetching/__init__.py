"""The parts of the fetch step."""

import os
import re
import sys


class FetchError(Exception):
    """What the user must know and do; shown without a traceback."""


def say(text):
    """Tell the user what happens, at once."""
    sys.stderr.write(f"fetch: {masked(text)}\n")
    sys.stderr.flush()


def masked(text):
    """Return `text` without the credentials of any address in it."""
    return re.sub(r"(\w+://)[^/@\s:]*:?[^/@\s]*@", r"\1***@", text)


def network_advice():
    """Return what to look at when a mirror cannot be reached."""
    proxies = {name: os.environ[name] for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "NO_PROXY") if os.environ.get(name)}
    listed = ", ".join(f"{name}={masked(value)}" for name, value in proxies.items()) or "none set"
    return f"proxy settings in force: {listed}. Behind a company proxy set HTTP_PROXY and HTTPS_PROXY, for its own certificates EXTRA_CA_CERTS"
