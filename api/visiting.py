"""Routes for who comes by a code on a door, without sign-in: who asks is None there, or whoever is signed in."""

import ipaddress
from typing import Annotated

from fastapi import Depends, Request

from api.auth import NotSignedIn, presented, principal_of
from pipeline.domain.role import Permission, Principal


async def open_to_all(request: Request) -> Principal | None:
    """Who asks, where that is known. A pass that no longer holds is told so: they would act as somebody else."""
    try:
        return await principal_of(request)
    except NotSignedIn:
        if request.headers.get("authorization") and presented(request):
            raise
        return None


NOBODY: tuple[Permission, ...] = ()
open_to_all.needs = NOBODY  # type: ignore[attr-defined]

Visiting = Annotated[Principal | None, Depends(open_to_all)]


def source_of(request: Request) -> str:
    """The address that somebody comes from, by which attempts are limited."""
    return whose(request.client.host) if request.client else "unknown"


def whose(host: str) -> str:
    """An address as one somebody has: of IPv6 the network, in which everybody has as many addresses as they like."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
