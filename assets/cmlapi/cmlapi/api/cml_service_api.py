"""One method for each operation that the workbench serves.

    client.create_model_build(body, project_id, model_id)

The body comes first, then the parameters of the path; what is optional is given by name.
"""

import inspect
import urllib.parse

from cmlapi._naming import attribute_name, method_name, specification
from cmlapi.api_client import ApiClient
from cmlapi.models import type_name

#: What every call takes beside the parameters of its operation.
_OPTIONS = ("async_req", "_return_http_data_only", "_preload_content", "_request_timeout")


class CMLServiceApi:
    def __init__(self, api_client=None):
        self.api_client = api_client or ApiClient()


class _Operation:
    def __init__(self, method, path, operation):
        self.method = method.upper()
        self.path = path
        self.name = method_name(operation["operationId"])
        self.summary = operation.get("summary", self.name)
        self.result = operation["responses"].get("200", {}).get("schema", {})
        self.parameters = operation.get("parameters", [])
        required = [it for it in self.parameters if it.get("required") or it["in"] == "path"]
        self.required = [self.python(it) for it in sorted(required, key=lambda it: it["in"] != "body")]
        self.optional = [self.python(it) for it in self.parameters if it not in required]

    @staticmethod
    def python(parameter):
        return "body" if parameter["in"] == "body" else attribute_name(parameter["name"])

    def bind(self, given, named):
        """The values of the parameters by name, and the options of the call."""
        if len(given) > len(self.required):
            raise TypeError(f"{self.name}() takes {len(self.required)} positional arguments, {len(given)} were given")
        values = dict(zip(self.required, given))
        options = {}
        for name, value in named.items():
            if name in values:
                raise TypeError(f"{self.name}() got multiple values for argument {name!r}")
            if name in _OPTIONS:
                options[name] = value
            elif name in self.required or name in self.optional:
                values[name] = value
            else:
                raise TypeError(f"Got an unexpected keyword argument '{name}' to method {self.name}")
        for name in self.required:
            if values.get(name) is None:
                raise ValueError(f"Missing the required parameter `{name}` when calling `{self.name}`")
        return values, options

    def call(self, client, values, options):
        path, query = self.path, []
        for parameter in self.parameters:
            value = values.get(self.python(parameter))
            if value is None or parameter["in"] == "body":
                continue
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", urllib.parse.quote(_text(value), safe=""))
            elif isinstance(value, (list, tuple)):
                query += [(parameter["name"], _text(item)) for item in value]
            else:
                query.append((parameter["name"], _text(value)))
        timeout = options.get("_request_timeout")
        whole = client.call(self.method, path, query, values.get("body"), self.result, timeout)
        return whole[0] if options.get("_return_http_data_only") else whole

    def method_of(self, name, data_only):
        def method(self_, *given, **named):
            named.setdefault("_return_http_data_only", data_only)
            values, options = self.bind(given, named)
            client = self_.api_client
            if options.get("async_req"):
                return client.pool.apply_async(self.call, (client, values, options))
            return self.call(client, values, options)

        kinds = inspect.Parameter
        parameters = [kinds("self", kinds.POSITIONAL_OR_KEYWORD)]
        parameters += [kinds(it, kinds.POSITIONAL_OR_KEYWORD) for it in self.required]
        parameters += [kinds(it, kinds.KEYWORD_ONLY, default=None) for it in (*self.optional, *_OPTIONS)]
        method.__name__ = name
        method.__qualname__ = f"CMLServiceApi.{name}"
        method.__signature__ = inspect.Signature(parameters)
        described = [f"    {self.python(it)}: {type_name(it.get('schema', it))}" for it in self.parameters]
        method.__doc__ = "\n".join([self.summary, "", *described, f"    returns {type_name(self.result)}"])
        return method


def _text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


for _path, _methods in specification()["paths"].items():
    for _method, _described in _methods.items():
        _operation = _Operation(_method, _path, _described)
        _whole = f"{_operation.name}_with_http_info"
        setattr(CMLServiceApi, _operation.name, _operation.method_of(_operation.name, True))
        setattr(CMLServiceApi, _whole, _operation.method_of(_whole, False))
