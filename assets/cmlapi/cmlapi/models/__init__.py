"""The messages of the specification, one class each: `CreateModelRequest(name="churn", ...)`."""

import datetime
import inspect
import pprint
import re
import sys
import types

from cmlapi._naming import attribute_name, class_name, method_name, referred, specification


class _Message:
    """A message. Members that were not given are None, and are not sent."""

    #: The types of the members, as texts, by the names of the attributes.
    swagger_types = {}
    #: The names of the members on the wire, by the names of the attributes.
    attribute_map = {}
    _schemas = {}

    def __init__(self, **members):
        for name in self.attribute_map:
            setattr(self, name, members.pop(name, None))
        for name in members:
            raise TypeError(f"__init__() got an unexpected keyword argument {name!r}")

    def to_dict(self):
        """All members by the names of their attributes, messages within them as dictionaries."""
        return {name: _plain(getattr(self, name)) for name in self.attribute_map}

    def to_str(self):
        return pprint.pformat(self.to_dict())

    __repr__ = to_str

    def __eq__(self, other):
        return type(other) is type(self) and self.to_dict() == other.to_dict()

    __hash__ = None


def _plain(value):
    if isinstance(value, _Message):
        return value.to_dict()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


def to_wire(value):
    """What JSON can be made of: wire names, no members that are None, times as texts."""
    if isinstance(value, _Message):
        members = {wire: getattr(value, name) for name, wire in value.attribute_map.items()}
        return {wire: to_wire(member) for wire, member in members.items() if member is not None}
    if isinstance(value, (list, tuple)):
        return [to_wire(item) for item in value]
    if isinstance(value, dict):
        return {name: to_wire(item) for name, item in value.items()}
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    return value


def from_wire(value, schema):
    """What a schema makes of a JSON value; what it does not know stays out."""
    definition = referred(schema)
    if value is None:
        return None
    if definition:
        schema = specification()["definitions"].get(definition, {})
        message = _CLASSES.get(definition)
        if message and isinstance(value, dict):
            members = message._schemas.items()
            wire = message.attribute_map
            return message(**{name: from_wire(value.get(wire[name]), member) for name, member in members})
    if isinstance(value, list):
        return [from_wire(item, schema.get("items", {})) for item in value]
    if isinstance(value, dict):
        items = schema.get("additionalProperties")
        items = items if isinstance(items, dict) else {}
        return {name: from_wire(item, items) for name, item in value.items()}
    if schema.get("format") == "date-time" and isinstance(value, str):
        return _time(value)
    return value


_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|([+-]\d\d:\d\d))$", re.IGNORECASE)


def _time(text):
    """RFC 3339; a text that is no time stays one."""
    found = _TIME.match(text)
    if not found:
        return text
    seconds, fraction, offset = found.groups()
    micros = ((fraction or "") + "000000")[:6]
    try:
        return datetime.datetime.fromisoformat(f"{seconds}.{micros}{offset or '+00:00'}")
    except ValueError:
        return text


def type_name(schema):
    """How swagger_types and help() write a type."""
    definition = referred(schema)
    if definition:
        return class_name(definition)
    kind = schema.get("type", "object")
    if kind == "array":
        return f"list[{type_name(schema.get('items', {}))}]"
    if kind == "object":
        items = schema.get("additionalProperties")
        return f"dict(str, {type_name(items)})" if isinstance(items, dict) else "object"
    if schema.get("format") == "date-time":
        return "datetime"
    return {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}.get(kind, kind)


def _message(definition, schema):
    schemas = {attribute_name(wire): member for wire, member in schema["properties"].items()}
    keyword_only = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in schemas]
    lines = [f"    {name}: {type_name(member)}" for name, member in schemas.items()]
    return type(
        class_name(definition),
        (_Message,),
        {
            "__doc__": "\n".join([schema.get("description", "A message."), "", *lines]),
            "__module__": __name__,
            "__signature__": inspect.Signature(keyword_only),
            "swagger_types": {name: type_name(member) for name, member in schemas.items()},
            "attribute_map": {attribute_name(wire): wire for wire in schema["properties"]},
            "_schemas": schemas,
        },
    )


_CLASSES = {
    definition: _message(definition, schema)
    for definition, schema in specification()["definitions"].items()
    if schema.get("type", "object") == "object" and "properties" in schema
}
# Each is also in a module of its own, as programs import them (OBSERVED):
# `from cmlapi.models.create_model_request import CreateModelRequest`.
for _message_class in _CLASSES.values():
    _module = types.ModuleType(f"{__name__}.{method_name(_message_class.__name__)}")
    setattr(_module, _message_class.__name__, _message_class)
    sys.modules[_module.__name__] = _module
globals().update({message.__name__: message for message in _CLASSES.values()})
__all__ = sorted(message.__name__ for message in _CLASSES.values())
