# SPDX-License-Identifier: Apache-2.0
"""Config files for tests, with what every test needs already in them."""

import json


def toml(value):
    """A Python value as TOML; tables are written inline."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, str) else str(value)


def table(title, keys):
    return "\n".join([title, *(f"{key} = {toml(value)}" for key, value in keys.items()), ""])


def simple(to, *, modules=(), limits=None, timeouts=None, server=None, listener=None, route=None,
           upstream=None, more=""):
    """One listener on a port of the kernel's choice and one route to `to`, an origin or a URL.

    With `upstream` its endpoints become [upstream.origin] with these keys.
    """
    target = to if isinstance(to, str) else to.url
    text = f"modules = {toml(list(modules))}\n" if modules else ""
    text += table("[server]", {"workers": 1, "drain": "2s", **(server or {})})
    if limits:
        text += table("[server.limits]", limits)
    if timeouts:
        text += table("[server.timeouts]", timeouts)
    text += table("[[listener]]", {"address": "127.0.0.1:0", **(listener or {})})
    text += table("[[route]]", {"to": "origin" if upstream is not None else target,
                                **(route or {})})
    if upstream is not None:
        endpoints = [target.removeprefix("http://")]
        text += table("[upstream.origin]", {"endpoints": endpoints, **upstream})
    return text + more
