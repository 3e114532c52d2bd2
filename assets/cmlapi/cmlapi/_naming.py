"""The specification, and how its names are written in Python."""

import functools
import json
import keyword
import pkgutil
import re


@functools.lru_cache(maxsize=None)
def specification():
    return json.loads(pkgutil.get_data("cmlapi", "swagger.json"))


def class_name(definition):
    return definition[:1].upper() + definition[1:]


def attribute_name(name):
    """`project.id` is `project_id`."""
    name = re.sub(r"\W", "_", name)
    return f"_{name}" if keyword.iskeyword(name) else name


def method_name(operation):
    """`ListV2Keys` is `list_v2_keys`, `ValidateAPIKey` is `validate_api_key`."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", operation)
    return re.sub(r"([a-z\d])([A-Z])", r"\1_\2", name).lower()


def referred(schema):
    """The definition that a schema refers to, if it does."""
    reference = schema.get("$ref", "")
    return reference.rsplit("/", 1)[-1] or None
