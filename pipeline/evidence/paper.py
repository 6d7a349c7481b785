"""An evidence bundle on paper: a PDF for people who sign things, in 简体中文 and English; the JSON can be checked."""

import base64
import hashlib
import io
import json
import struct
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from PIL import Image as Picture
from PIL import ImageOps
from reportlab.graphics.shapes import Drawing, PolyLine, Rect, String
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Image, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from pipeline.evidence.check import Checked

FONT = "STSong-Light"  # of the PDF standard: every reader brings it, none is embedded
WIDTH = A4[0] - 36 * mm
LINE, DIM = colors.HexColor("#C9D1D8"), colors.HexColor("#55626E")
MOST_DRAWN = 600
MOST_PIXELS = 70_000_000  # phones make 12 to 64 million; a few kilobytes can say that they are a thousand million
DRAWN_PIXELS = 1200  # the longer side, on paper

Bundle = Mapping[str, Any]


def draw(bundle: Bundle, checked: Checked, *, zone: str) -> bytes:
    """The PDF of a bundle; times in the park's zone. checked: what `evidence.check` said of it."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    out = io.BytesIO()
    number = bundle["order"]["work_order"]
    paper = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=18 * mm, rightMargin=18 * mm, topMargin=16 * mm, bottomMargin=16 * mm,
        title=f"Work order {number}: evidence", author="smartpark", invariant=True,
    )  # fmt: skip
    where = ZoneInfo(zone)
    parts: list[Any] = [
        *_head(bundle, where),
        *_clocks(bundle, where),
        *_events(bundle, where),
        *_readings(bundle, where),
        *_verdict(bundle, checked),
        *_photos(bundle, where),
    ]
    paper.build(parts)
    return out.getvalue()


def _style(size: float = 9, *, color: Any = colors.black, after: float = 0) -> ParagraphStyle:
    return ParagraphStyle(
        f"s{size}", fontName=FONT, fontSize=size, leading=size * 1.4, textColor=color, spaceAfter=after
    )


def _text(value: object, size: float = 9, **how: Any) -> Paragraph:
    return Paragraph(escape(str(value)), _style(size, **how))


def _title(zh: str, en: str) -> list[Any]:
    return [Spacer(1, 4 * mm), _text(f"{zh}  {en}", 12, after=2 * mm)]


def _when(text: str | None, where: ZoneInfo) -> str:
    return datetime.fromisoformat(text).astimezone(where).strftime("%Y-%m-%d %H:%M:%S") if text else "—"


def _table(rows: Sequence[Sequence[object]], widths: Sequence[float], *, head: bool = True) -> Table:
    cells = [
        [_text(cell, 8, color=DIM if head and n == 0 else colors.black) for cell in row] for n, row in enumerate(rows)
    ]
    style = [("LINEBELOW", (0, 0), (-1, -1), 0.3, LINE), ("VALIGN", (0, 0), (-1, -1), "TOP"),
             ("TOPPADDING", (0, 0), (-1, -1), 1.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5)]  # fmt: skip
    return Table(cells, [share * WIDTH for share in widths], style=TableStyle(style), repeatRows=int(head))


def _head(bundle: Bundle, where: ZoneInfo) -> list[Any]:
    order = bundle["order"]
    place = ", ".join(str(order[k]) for k in ("space_zh", "space_en", "device_id") if order[k])
    rows = [
        ("优先级 Priority", order["priority"], "状态 State", f"{order['state']}, {order['verified']}"),
        ("位置 Place", place or "—", "负责人 Assignee", order["assignee_name"] or "—"),
        ("创建 Created", _when(order["created"], where), "接单 Acknowledged", _when(order["acknowledged"], where)),
        ("到场 Responded", f"{_when(order['responded'], where)} ({order['proof'] or 'remote'})",
         "完成 Done", _when(order["done"], where)),
        ("关闭 Closed", _when(order["closed"], where), "重开 Re-opened", order["reopenings"]),
    ]  # fmt: skip
    return [
        _text(f"工单 {order['work_order']} 证据  Work order {order['work_order']}: evidence", 16, after=2 * mm),
        _text(f"{order['title_zh']}  {order['title_en']}", 11, after=1 * mm),
        _text(f"{where.key}, made {_when(bundle['made'], where)}", 8, color=DIM, after=3 * mm),
        _table(rows, (0.18, 0.36, 0.18, 0.28), head=False),
    ]


def _clocks(bundle: Bundle, where: ZoneInfo) -> list[Any]:
    rows: list[Sequence[object]] = [
        ("时钟 Clock", "目标 Target", "到期 Due", "停止 Stopped", "用时 Spent", "结论 Verdict")
    ]
    for one in bundle["clocks"]:
        target = "约定 appointment" if one["target_s"] is None else _span(one["target_s"])
        verdict = one["state"] + (" (provisional)" if one["provisional"] else "")
        if one["breached"]:
            verdict += f", breached {_when(one['breached'], where)}"
        due, stopped = _when(one["due"], where), _when(one["stopped"], where)
        rows.append((one["kind"], target, due, stopped, _span(one["spent_s"]), verdict))
    terms = bundle["order"]["terms"]
    note = f"policy {terms.get('policy')} version {terms.get('version')}, as stamped when the order was opened"
    return [*_title("时限", "Clocks"), _table(rows, (0.13, 0.13, 0.2, 0.2, 0.12, 0.22)), _text(note, 8, color=DIM)]


def _events(bundle: Bundle, where: ZoneInfo) -> list[Any]:
    rows: list[Sequence[object]] = [
        ("#", "时间 Counts at", "动作 Action", "→", "人员 Actor", "说明 Reason, proof", "哈希 Hash")
    ]
    for one in bundle["events"]:
        said = one["reason"] or one["detail"].get("proof") or ""
        if one["device_time"]:
            said = f"{said} [phone {_when(one['device_time'], where)}]".strip()
        when = _when(one["happened"], where)
        rows.append((one["seq"], when, one["action"], one["to_state"], one["actor"], said, one["hash"][:12]))
    return [*_title("事件链", "Chain of events"), _table(rows, (0.04, 0.2, 0.11, 0.11, 0.13, 0.27, 0.14))]


def _readings(bundle: Bundle, where: ZoneInfo) -> list[Any]:
    told = bundle["readings"]
    points = [(datetime.fromisoformat(r[0]), r[2]) for r in told["rows"] if r[2] is not None] if told else []
    if len(points) < 2:
        return []
    step = max(1, len(points) // MOST_DRAWN)
    points = points[::step]
    low, high = min(v for _, v in points), max(v for _, v in points)
    first, last = points[0][0], points[-1][0]
    width, height = WIDTH - 4 * mm, 32 * mm
    span, reach = (last - first).total_seconds() or 1.0, (high - low) or 1.0
    line = [c for at, v in points
            for c in ((at - first).total_seconds() / span * width, 2 + (v - low) / reach * (height - 4))]  # fmt: skip
    picture = Drawing(width, height + 10)
    picture.add(Rect(0, 0, width, height, fillColor=None, strokeColor=LINE, strokeWidth=0.4))
    picture.add(PolyLine(line, strokeColor=colors.HexColor("#0B7A88"), strokeWidth=0.9))
    for name in ("created", "done"):
        if at := bundle["order"][name]:
            x = (datetime.fromisoformat(at) - first).total_seconds() / span * width
            if 0 <= x <= width:
                picture.add(PolyLine([x, 0, x, height], strokeColor=DIM, strokeWidth=0.5, strokeDashArray=[2, 2]))
                picture.add(String(min(x + 2, width - 34), height + 2, name, fontName=FONT, fontSize=7))
    note = (f"{told['device_id']} {told['name']} [{told['unit'] or '1'}], {low:g} … {high:g}, "
            f"{_when(told['rows'][0][0], where)} … {_when(told['rows'][-1][0], where)}, n = {len(told['rows'])}"
            + (f", {told['left_out']} older ones left out" if told["left_out"] else ""))  # fmt: skip
    return [*_title("测点读数", "What the sensor said"), picture, _text(note, 8, color=DIM)]


def _photos(bundle: Bundle, where: ZoneInfo) -> list[Any]:
    parts: list[Any] = _title("照片", "Photos") if bundle["photos"] else []
    for photo in bundle["photos"]:
        try:
            small = _small(base64.b64decode(photo["base64"]))
            picture = Image(small, kind="proportional", width=80 * mm, height=60 * mm)
            picture.hAlign = "LEFT"
            parts.append(picture)
        except UNDRAWABLE:  # it is named all the same: whoever sent it must not keep the paper from being made
            parts.append(_text("(this picture cannot be drawn)", 8, color=DIM))
        parts.append(
            _text(
                f"{photo['what']}, {photo['actor']}, {_when(photo['at'], where)}, sha256 {photo['photo']}", 7, color=DIM
            )
        )
    return parts


UNDRAWABLE = (OSError, ValueError, SyntaxError, struct.error, Picture.DecompressionBombError)
"""What a broken picture is to its decoder."""


def _small(data: bytes) -> io.BytesIO:
    """A photo as it is printed: decoded here, upright, no larger than paper shows. Raises one of UNDRAWABLE."""
    with Picture.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as photo:
        if photo.width * photo.height > MOST_PIXELS:
            raise ValueError(f"{photo.width} x {photo.height} pixels")
        photo.draft("RGB", (DRAWN_PIXELS, DRAWN_PIXELS))
        upright = ImageOps.exif_transpose(photo)
        upright.thumbnail((DRAWN_PIXELS, DRAWN_PIXELS))
        out = io.BytesIO()
        upright.convert("RGB").save(out, "JPEG", quality=85)
    out.seek(0)
    return out


def _verdict(bundle: Bundle, checked: Checked) -> list[Any]:
    body = json.dumps(bundle, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    lines = [f"+ {one}" for one in checked.shown]
    lines += [f"? {one}" for one in checked.open] + [f"!! {one}" for one in checked.faults]
    parts = [*_title("核验", "Checked"), *(_text(one, 8) for one in lines)]
    parts.append(_text(f"sha256 of the bundle as canonical JSON: {hashlib.sha256(body).hexdigest()}", 7, color=DIM))
    return [
        *parts,
        _text("`park evidence verify FILE.json --key audit.pub` checks it without the database.", 7, color=DIM),
    ]


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "—"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
