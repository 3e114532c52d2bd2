"""Where the workbench is and how it is reached."""

import os


class Configuration:
    def __init__(self):
        self.host = "http://localhost"
        #: By the name of their header; `authorization` with the prefix `Bearer`.
        self.api_key = {}
        self.api_key_prefix = {}
        self.verify_ssl = True
        #: A file with certificate authorities; the system's where it is None.
        self.ssl_ca_cert = os.environ.get("REQUESTS_CA_BUNDLE") or None
        self.cert_file = None
        self.key_file = None
        #: The URL of a proxy. The environment's proxies are not used.
        self.proxy = None
        #: Seconds that a request may take unless the call says otherwise.
        self.timeout = 120

    @property
    def host(self):
        return self._host

    @host.setter
    def host(self, url):
        url = url.rstrip("/")
        self._host = url[: -len("/api/v2")] if url.endswith("/api/v2") else url

    def headers(self):
        """The headers that the API keys make."""
        prefixes = self.api_key_prefix
        return {
            name: f"{prefixes[name]} {key}" if name in prefixes else key
            for name, key in self.api_key.items()
        }

    def __repr__(self):
        return f"Configuration(host={self.host!r})"
