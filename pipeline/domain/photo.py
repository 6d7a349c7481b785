"""What a photo is by its first bytes, and what it is without where, when and by which phone it was taken.

Kept: the picture, its colours, and of a JPEG which side is up. Dropped: Exif with its position, XMP, IPTC, comments
and text.
"""

import struct
from enum import StrEnum

from pipeline.domain.errors import ParkError


class PhotoRefused(ParkError):  # noqa: N818 - it names an answer, which api/problems.py maps to 400
    """this is no photo that can be kept"""


class PhotoKind(StrEnum):
    """What can be kept."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"


PNG_HEAD = b"\x89PNG\r\n\x1a\n"
PNG_DROPPED = frozenset((b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"))
ORIENTATION = 0x0112
UNREADABLE = "it is cut off or broken"


def kind_of(data: bytes) -> PhotoKind:
    """By its magic bytes, whatever its name says. Raises PhotoRefused."""
    if data.startswith(b"\xff\xd8\xff"):
        return PhotoKind.JPEG
    if data.startswith(PNG_HEAD):
        return PhotoKind.PNG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return PhotoKind.WEBP
    raise PhotoRefused("it is neither JPEG nor PNG nor WebP")


def without_metadata(data: bytes) -> tuple[PhotoKind, bytes]:
    """The kind of a photo, and the photo without what it tells beside the picture. Raises PhotoRefused."""
    kind = kind_of(data)
    try:
        return kind, {PhotoKind.JPEG: _jpeg, PhotoKind.PNG: _png, PhotoKind.WEBP: _webp}[kind](data)
    except (struct.error, IndexError, ValueError) as error:
        raise PhotoRefused(UNREADABLE) from error


def _jpeg(data: bytes) -> bytes:
    """Without APP1 (Exif, XMP), APP13 (IPTC) and comments; which side is up is written anew."""
    out, at, side = [data[:2]], 2, 1
    while True:
        if data[at] != 0xFF:
            raise PhotoRefused(UNREADABLE)
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xD9:
            raise PhotoRefused(UNREADABLE)
        size = int(struct.unpack_from(">H", data, at + 2)[0])
        body = data[at + 4 : at + 2 + size]
        if size < 2 or len(body) != size - 2:
            raise PhotoRefused(UNREADABLE)
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            side = orientation(body[6:])
        if marker not in (0xE1, 0xED, 0xFE):
            out.append(data[at : at + 2 + size])
        at += 2 + size
        if marker == 0xDA:  # the picture itself: up to its end, what cameras hang on behind is left out
            out.append(data[at : _end_of_scans(data, at)])
            break
    if side != 1:
        tiff = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, ORIENTATION, 3, 1, side, 0, 0)
        out.insert(1, b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff)
    return b"".join(out)


def _end_of_scans(data: bytes, at: int) -> int:
    """Behind the end marker. In a scan 0xFF is followed by 0 or a restart; tables may stand between scans."""
    while True:
        at = data.index(b"\xff", at)
        marker = data[at + 1]
        if marker == 0xD9:
            return at + 2
        if marker == 0xFF:
            at += 1
        elif marker == 0 or 0xD0 <= marker <= 0xD7:
            at += 2
        else:
            at += 2 + int(struct.unpack_from(">H", data, at + 2)[0])


def orientation(tiff: bytes) -> int:
    """Which side is up (1-8) by the first directory of Exif data; 1 where it does not say."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (first,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, first)
        for n in range(min(entries, 200)):
            tag, kind, count, value = struct.unpack_from(order + "HHIH", tiff, first + 2 + 12 * n)
            if (tag, kind, count) == (ORIENTATION, 3, 1) and 1 <= value <= 8:
                return int(value)
    except struct.error:
        pass
    return 1


def _png(data: bytes) -> bytes:
    """Without the chunks of text, time and Exif; nothing behind its end."""
    out, at = [PNG_HEAD], len(PNG_HEAD)
    while True:
        (size,) = struct.unpack_from(">I", data, at)
        name, end = data[at + 4 : at + 8], at + 12 + size
        if end > len(data):
            raise PhotoRefused(UNREADABLE)
        if name not in PNG_DROPPED:
            out.append(data[at:end])
        at = end
        if name == b"IEND":
            return b"".join(out)


def _webp(data: bytes) -> bytes:
    """Without the chunks EXIF and XMP, and the flags that announce them."""
    (total,) = struct.unpack_from("<I", data, 4)
    out, at, end = [], 12, 8 + total
    if end > len(data) + 1:
        raise PhotoRefused(UNREADABLE)
    while at < min(end, len(data)):
        name = data[at : at + 4]
        (size,) = struct.unpack_from("<I", data, at + 4)
        body = data[at + 8 : at + 8 + size]
        if len(body) != size:
            raise PhotoRefused(UNREADABLE)
        if name == b"VP8X":
            body = bytes([body[0] & ~0x0C]) + body[1:]
        if name not in (b"EXIF", b"XMP "):
            out.append(name + struct.pack("<I", size) + body + b"\0" * (size % 2))
        at += 8 + size + size % 2
    whole = b"WEBP" + b"".join(out)
    return b"RIFF" + struct.pack("<I", len(whole)) + whole
