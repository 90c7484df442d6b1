"""Name the caller of a request who has not logged in, as counters of limits do."""

import hashlib
import unicodedata
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from rest_framework.throttling import BaseThrottle

ONE_CUSTOMER = 64  # bits: a provider gives a customer all addresses below one IPv6 prefix


def address(request: Any) -> str:
    """Return the caller's address; of IPv6 its network, in which a caller can choose any.

    `NUM_PROXIES` says how many proxies may name it in `X-Forwarded-For`.
    """
    given = BaseThrottle().get_ident(request)
    try:
        found = ip_address(given)
    except ValueError:  # a proxy can pass on any text, also one that is no valid key
        return _digest(given)
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ip_network((found.packed, ONE_CUSTOMER), strict=False))


def name_key(name: Any) -> str:
    """Return the same text for all spellings of a name that a login may take for one."""
    return _digest(unicodedata.normalize("NFKC", str(name)).strip().casefold())


def _digest(text: Any) -> str:
    # A body can contain any text, also one that is no valid key.
    return hashlib.blake2b(str(text).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
