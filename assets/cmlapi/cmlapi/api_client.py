"""Sends the requests of all operations."""

import json
import multiprocessing.pool
import urllib.parse

from cmlapi.configuration import Configuration
from cmlapi.models import from_wire, to_wire
from cmlapi.rest import RESTClientObject


class ApiClient:
    def __init__(self, configuration=None, header_name=None, header_value=None, cookie=None):
        self.configuration = configuration or Configuration()
        self.default_headers = {"User-Agent": "cmlapi"}
        self.cookie = cookie
        self.last_response = None
        if header_name is not None:
            self.default_headers[header_name] = header_value
        self._rest = None
        self._pool = None

    def set_default_header(self, name, value):
        self.default_headers[name] = value

    @property
    def rest_client(self):
        """Made with the first request, so that the configuration can be changed before."""
        if self._rest is None:
            self._rest = RESTClientObject(self.configuration)
        return self._rest

    @property
    def pool(self):
        """The threads of calls with `async_req=True`."""
        if self._pool is None:
            self._pool = multiprocessing.pool.ThreadPool()
        return self._pool

    def call(self, method, path, query, body, result, timeout=None):
        """The answer as (message, status, headers); `result` is its schema."""
        headers = {"Accept": "application/json", **self.default_headers, **self.configuration.headers()}
        if self.cookie:
            headers["Cookie"] = self.cookie
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(to_wire(body)).encode()
        url = self.configuration.host + path
        if query:
            url += "?" + urllib.parse.urlencode(query)
        response = self.rest_client.request(method, url, headers, data, timeout)
        self.last_response = response
        value = json.loads(response.data) if response.data else {}
        return from_wire(value, result), response.status, response.headers
