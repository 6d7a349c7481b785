"""Numbers out of a block of 16-bit Modbus registers, as serial DTUs forward them: hex text, or a list of registers."""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from collectors.decoders.profile_paths import MISSING, Path

_HEX = re.compile(r"(?:[0-9A-Fa-f]{4})+")
_BETWEEN = re.compile(r"0[xX]|[\s,:;-]+")


class Kind(StrEnum):
    """What the registers hold."""

    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    FLOAT32 = "float32"
    UINT64 = "uint64"
    INT64 = "int64"
    FLOAT64 = "float64"


class Order(StrEnum):
    """The order of the bytes of a 32-bit number, A the most significant, as Modbus tools name it."""

    ABCD = "ABCD"
    CDAB = "CDAB"
    BADC = "BADC"
    DCBA = "DCBA"


_FORMATS = dict(zip(Kind, (">H", ">h", ">I", ">i", ">f", ">Q", ">q", ">d"), strict=True))


@dataclass(frozen=True, slots=True)
class Block:
    """Where a message carries its registers; `first` is the address of the first of them, or where that stands."""

    path: Path
    first: int | Path

    def read(self, here: Any, root: Any) -> "Registers | None":
        """The registers; None where the message has none. ValueError where they cannot be read as registers."""
        block = self.path.get(here, root)
        if block is MISSING or block is None:
            return None
        first = self.first if isinstance(self.first, int) else self.first.get(here, root)
        if isinstance(first, str) and first.strip().isdecimal():
            first = int(first)
        if first.__class__ is not int:
            raise ValueError("the address of the first register is no whole number")
        return Registers(_bytes(block), first)


@dataclass(frozen=True, slots=True)
class Registers:
    """A block of registers, two bytes each, most significant first."""

    content: bytes
    first: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One number in a block: its address, how it is written, and which bit of it is meant (None: all)."""

    address: int
    kind: Kind = Kind.UINT16
    order: Order = Order.ABCD
    bit: int | None = None

    def get(self, registers: Registers | None) -> Any:
        """The number, or MISSING where the block does not reach it."""
        if registers is None:
            return MISSING
        start = 2 * (self.address - registers.first)
        format_ = _FORMATS[self.kind]
        content = registers.content[start : start + struct.calcsize(format_)] if start >= 0 else b""
        if len(content) != struct.calcsize(format_):
            return MISSING
        (value,) = struct.unpack(format_, _ORDERED[self.order](content))
        return value if self.bit is None else value >> self.bit & 1


def _words_reversed(content: bytes) -> bytes:
    return b"".join(content[at : at + 2] for at in range(len(content) - 2, -1, -2))


def _bytes_swapped(content: bytes) -> bytes:
    return _words_reversed(content[::-1])


_ORDERED: dict[Order, Callable[[bytes], bytes]] = {
    Order.ABCD: bytes,
    Order.CDAB: _words_reversed,
    Order.BADC: _bytes_swapped,
    Order.DCBA: lambda content: content[::-1],
}


def _bytes(block: Any) -> bytes:
    if isinstance(block, str):
        return _hex(block)
    if isinstance(block, list):
        return b"".join(_register(item) for item in block)
    raise ValueError("registers come as hex text or as a list, this is neither")


def _register(item: Any) -> bytes:
    if isinstance(item, int) and not isinstance(item, bool) and -0x8000 <= item <= 0xFFFF:
        return (item & 0xFFFF).to_bytes(2, "big")
    if isinstance(item, str) and len(content := _hex(item)) == 2:
        return content
    raise ValueError("a register is a whole number of 16 bits, or four hex digits")


def _hex(text: str) -> bytes:
    digits = _BETWEEN.sub("", text)
    if digits and not _HEX.fullmatch(digits):
        raise ValueError("hex text holds four digits for each register")
    return bytes.fromhex(digits)
