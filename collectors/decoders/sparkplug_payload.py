"""Sparkplug B's protobuf payload: its schema, from the specification's text, and a metric's value as a number.

The schema is a table that becomes a descriptor at import: a generated module would tie us to one protoc. Only what a
reading needs is in it. Values that are none (strings, data sets, templates) are declared as bytes, which is the same
on the wire: they are skipped without being looked into, so no nesting in them can hurt.
"""

import math
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from pipeline.domain.errors import Rejected

LARGEST = 4 * 1024 * 1024  # bytes; an NBIRTH describes everything behind a node
REBIRTH = "Node Control/Rebirth"

# Sparkplug's data types. Bits and sign of the integers, which all travel as uint32 or uint64.
INTEGERS = {1: (8, True), 2: (16, True), 3: (32, True), 4: (64, True)} | {
    5: (8, False),
    6: (16, False),
    7: (32, False),
    8: (64, False),
    13: (64, False),  # DateTime: milliseconds since 1970, kept as that number
}
FLOATS = frozenset({9, 10})
BOOLEAN = 11
NOT_NUMBERS = dict.fromkeys(range(22, 35), "array") | {
    12: "string",
    14: "string",
    15: "string",
    16: "dataset",
    17: "bytes",
    18: "bytes",
    19: "template",
}

_PROTO = {"double": 1, "float": 2, "uint64": 4, "bool": 8, "string": 9, "bytes": 12, "uint32": 13}
_SCHEMA: dict[str, list[tuple[str, int, str]]] = {
    "PropertyValue": [
        ("type", 1, "uint32"),
        ("is_null", 2, "bool"),
        ("int_value", 3, "uint32"),
        ("long_value", 4, "uint64"),
        ("string_value", 8, "string"),
    ],
    "PropertySet": [("keys", 1, "[string]"), ("values", 2, "[PropertyValue]")],
    "Metric": [
        ("name", 1, "string"),
        ("alias", 2, "uint64"),
        ("timestamp", 3, "uint64"),
        ("datatype", 4, "uint32"),
        ("is_historical", 5, "bool"),
        ("is_transient", 6, "bool"),
        ("is_null", 7, "bool"),
        ("properties", 9, "PropertySet"),
        ("int_value", 10, "uint32"),
        ("long_value", 11, "uint64"),
        ("float_value", 12, "float"),
        ("double_value", 13, "double"),
        ("boolean_value", 14, "bool"),
        ("string_value", 15, "bytes"),
        ("bytes_value", 16, "bytes"),
        ("dataset_value", 17, "bytes"),
        ("template_value", 18, "bytes"),
    ],
    "Payload": [("timestamp", 1, "uint64"), ("metrics", 2, "[Metric]"), ("seq", 3, "uint64")],
}


def _payload_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="sparkplug.proto", package="smartpark.sparkplug", syntax="proto2")
    for name, fields in _SCHEMA.items():
        message = file.message_type.add(name=name)
        if name == "Metric":
            message.oneof_decl.add(name="value")
        for field, number, kind in fields:
            bare = kind.strip("[]")
            added = message.field.add(name=field, number=number, label=3 if kind != bare else 1)
            if bare in _PROTO:
                added.type = _PROTO[bare]  # type: ignore[assignment]
            else:
                added.type, added.type_name = 11, f".smartpark.sparkplug.{bare}"  # type: ignore[assignment]
            if name == "Metric" and number >= 10:
                added.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()  # our own: the process may know the original schema from elsewhere
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("smartpark.sparkplug.Payload"))


Payload = _payload_class()


def parse(payload: bytes) -> Any:
    """The payload as a protobuf message with the fields of the table above."""
    if len(payload) > LARGEST:
        raise Rejected("too-large", f"{len(payload)} bytes; {LARGEST} at most")
    try:
        return Payload.FromString(payload)
    except (DecodeError, UnicodeDecodeError) as error:
        raise Rejected("not-protobuf", "the payload is not a Sparkplug B protobuf message") from error


def rebirth(sent_ms: int) -> bytes:
    """The NCMD payload that asks an edge node for all its births again."""
    payload = Payload(timestamp=sent_ms)
    payload.metrics.add(name=REBIRTH, timestamp=sent_ms, datatype=BOOLEAN, boolean_value=True)
    text: bytes = payload.SerializeToString()
    return text


def number(metric: Any, datatype: int | None) -> float | None:
    """A metric's value; None where it says that it has none, or where it is not finite.

    datatype is the metric's own or its birth's; Rejected where value and data type do not fit each other.
    """
    if metric.is_null:
        return None
    held = metric.WhichOneof("value")
    if held is None:
        raise Rejected("missing-value", "neither a value nor `is_null`")
    if held in ("float_value", "double_value") and (datatype in FLOATS or not datatype):
        value = float(getattr(metric, held))
        return value if math.isfinite(value) else None
    if held == "boolean_value" and (datatype == BOOLEAN or not datatype):
        return float(metric.boolean_value)
    if held in ("int_value", "long_value"):
        raw: int = getattr(metric, held)
        if datatype in INTEGERS:
            return float(_integer(raw, *INTEGERS[datatype]))
        if not datatype and raw <= 127:
            return float(raw)  # the same number in every integer type
        if not datatype:
            raise Rejected("unknown-datatype", "an integer whose birth says no type may be negative or large")
    raise Rejected("bad-type", f"a {held} where data type {datatype} is said")


def _integer(raw: int, bits: int, signed: bool) -> int:
    """Undoes two's complement; encoders fill up to the type's own width, to 32 bits or to 64."""
    if raw < 1 << (bits - 1 if signed else bits):
        return raw
    if signed:
        for width in (bits, 32, 64):
            if (1 << width) - (1 << bits - 1) <= raw < 1 << width:
                return raw - (1 << width)
    raise Rejected("out-of-bounds", f"an integer beyond the {bits} bits of its type")
