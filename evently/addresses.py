"""Network addresses of clients."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

Address = IPv4Address | IPv6Address


def parse_address(text: str) -> Address | None:
    """An address as proxies write it, `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1` or
    `[2001:db8::1]:443`; an IPv4 address inside an IPv6 one is the IPv4 address.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return None if address.scope_id else address.ipv4_mapped or address
    return address


@lru_cache(maxsize=4096)
def network_of(text: str) -> str:
    """Stands for a client in limits: its address; of IPv6 the /64, in which one client has as many
    as it likes."""
    address = parse_address(text)
    if isinstance(address, IPv6Address):
        return address.packed[:8].hex()
    return str(address or text)
