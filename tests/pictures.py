"""Small pictures with what cameras write into them: where they were taken, with what, and which side is up."""

import struct
import zlib

GPS = b"39.9042N 116.4074E"


def png(shade: int = 0, *, size: tuple[int, int] = (1, 1), pixels: bytes | None = None) -> bytes:
    """One grey pixel, with a text chunk that says where; size: what it says that it is; pixels: what is there."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0)
    pixel = chunk(b"IDAT", zlib.compress(bytes([0, shade])) if pixels is None else pixels)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"tEXt", GPS) + pixel + chunk(b"IEND", b"")


def jpeg(*, side: int = 6, order: str = "<") -> bytes:
    """A JPEG: Exif with a side and a position, XMP, a comment, tables, two scans, and bytes behind its end."""

    def segment(marker: int, body: bytes) -> bytes:
        return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body

    mark = b"II" if order == "<" else b"MM"
    tiff = mark + struct.pack(order + "HIHHHIHHI", 42, 8, 1, 0x0112, 3, 1, side, 0, 0) + GPS
    head = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0") + segment(0xE1, b"Exif\0\0" + tiff)
    more = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + GPS) + segment(0xFE, GPS)
    tables = segment(0xDB, b"\0" + b"\xff\xd9" + bytes(62))  # a table may hold what looks like the end
    scan = segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"\xff\xd8" + head + more + tables + scan + tables + scan + b"\xff\xd9" + b"motion photo" + GPS


def webp() -> bytes:
    """A WebP with Exif, XMP and the flags that say so."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    chunks = chunk(b"VP8X", b"\x0c" + bytes(9)) + chunk(b"VP8 ", b"picture") + chunk(b"EXIF", GPS) + chunk(b"XMP ", GPS)
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks
