"""Callers behind proxies: address, scheme and host as trusted proxies, and nobody else, may say.

``Forwarded`` (RFC 7239) or the older ``X-Forwarded-For``, ``-Proto`` and ``-Host``: those that the proxies
write. The others are not read, for a proxy may pass them on as a client made them up. Each proxy appends the
one that it was asked by, so the list is read from its end: the first address that is no trusted proxy's is
the client's, and whatever stands before it the client may have made up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

FAMILIES = {
    "x-forwarded": (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"),
    "forwarded": (b"forwarded",),
}
HEADERS = frozenset(name for names in FAMILIES.values() for name in names)
_PARAMETER = re.compile(r'\s*([A-Za-z]+)=(?:"([^"]*)"|([^\s;,"]*))\s*\Z')
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]{1,260}\Z")
_MAPPED = 96  # bits before an IPv4 address within IPv6 (RFC 4291 2.5.5.2)
_HOPS = 20  # that are looked at, from the end
_LONGEST = 2_048  # bytes of a header that are looked at, from the end


class Caller(NamedTuple):
    """Client of a request, and the scheme and host that the client used; empty where nobody has said."""

    client: str = ""
    scheme: str = ""
    host: str = ""


class Proxies:
    """The trusted proxies: addresses and networks (CIDR), and the family of headers to read."""

    def __init__(self, trusted: Sequence[str] = (), family: str = "x-forwarded") -> None:
        self._names = FAMILIES[family]
        self._networks = [_network(text) for text in trusted]
        self._callers = lru_cache(4096)(self._read)

    def trusts(self, text: str) -> bool:
        """Whether *text* is the address of a trusted proxy."""
        address = parse(text)
        return address is not None and any(address in network for network in self._networks)

    def are_uncounted(self, text: str) -> bool:
        """Whether *text* is the address of a trusted proxy, which speaks for many, or of this machine."""
        address = parse(text)
        return address is not None and (address.is_loopback or self.trusts(text))

    def caller(self, headers: Mapping[bytes, bytes]) -> Caller:
        """Return the caller by a trusted proxy's *headers*: lower-case names to values, joined by commas."""
        return self._callers(*(headers.get(name, b"")[-_LONGEST:] for name in self._names))

    def _read(self, *said: bytes) -> Caller:
        texts = [each.decode("latin-1").split(",")[-_HOPS:] for each in said]
        if len(texts) == 1:
            hops = [_parameters(part) for part in texts[0]]
        else:
            clients, schemes, hosts = ([text.strip() for text in each] for each in texts)
            hops = [{"for": client, "proto": schemes[-1], "host": hosts[-1]} for client in clients]
        for hop in reversed(hops):
            client = _node(hop.get("for", ""))
            if client is None or not self.trusts(client):
                break
        named = client or ""
        proto, asked = hop.get("proto", "").lower(), hop.get("host", "")
        return Caller(named, proto if proto in ("http", "https") else "", asked if _HOST.match(asked) else "")


def _network(text: str) -> IPv4Network | IPv6Network:
    """Parse *text*, a network; IPv4 that is mapped into IPv6 becomes plain IPv4, as addresses do."""
    network = ip_network(text)
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is None or network.prefixlen < _MAPPED:
        return network
    return IPv4Network((int(mapped), network.prefixlen - _MAPPED))


def _parameters(part: str) -> dict[str, str]:
    found = (_PARAMETER.match(text) for text in part.split(";"))
    return {each[1].lower(): each[2] or each[3] or "" for each in found if each}


def _node(text: str) -> str | None:
    """Return the address in a node's name, such as ``"[2001:db8::1]:4711"``; `None` of others."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return None if parse(text) is None else text


@lru_cache(4096)
def parse(text: str) -> Address | None:
    """Parse *text*, an address; an IPv4 address that is mapped into IPv6 becomes plain IPv4."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(4096)
def household(text: str) -> str:
    """Return whom *text*, an address, counts for: itself, or of IPv6 the network that one customer has."""
    address = parse(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address) if address else text
