"""Whether a request may come from where it comes from.

A page of another site can make a browser send requests to a server on the same machine, and by
giving its own name the address of that machine (DNS rebinding) even read the answers. So a server
answers only under the names that it knows, and takes no requests that other sites' pages send.
"""

import ipaddress
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from plainnet.web.errors import HttpError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""The names of the own machine."""


def is_loopback(host: str) -> bool:
    """Whether a server at this host is reached from its own machine only."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_host(headers: Mapping[str, str], allowed: Collection[str] | None) -> None:
    """Raise an HttpError if the request names another host; None allows all."""
    if allowed is None:
        return
    host = host_of(headers)
    if host not in allowed:
        raise HttpError(
            403, f"This server answers as {' or '.join(sorted(allowed))}, not as {host!r:.80}."
        )


def check_origin(headers: Mapping[str, str]) -> None:
    """Raise an HttpError if a page of another site has sent the request.

    Programs send neither `Origin` nor `Sec-Fetch-Site`.
    """
    origin = headers.get("origin")
    same = origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    if not same or headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise HttpError(403, "This request comes from a page of another site, and is refused.")


def host_of(headers: Mapping[str, str]) -> str:
    """Return the host that the request names, without its port, in lower case; "" if malformed."""
    given = headers.get("host", "").lower()
    if given.startswith("["):
        host, closed, port = given[1:].partition("]")
        port = port.removeprefix(":") if closed else "?"
    else:
        host, _, port = given.partition(":")
    return host if not port or port.isdecimal() else ""
