"""Requests over HTTP, and how they fail."""

import ssl
import urllib.error
import urllib.request


class ApiException(Exception):
    """The workbench refused, or did not answer (then `status` is 0)."""

    def __init__(self, status=None, reason=None, http_resp=None):
        self.status = http_resp.status if http_resp else status
        self.reason = http_resp.reason if http_resp else reason
        self.body = http_resp.data if http_resp else None
        self.headers = http_resp.headers if http_resp else None
        super().__init__(self.status, self.reason)

    def __str__(self):
        text = f"({self.status})\nReason: {self.reason}\n"
        if self.headers:
            text += f"HTTP response headers: {dict(self.headers)}\n"
        if self.body:
            text += f"HTTP response body: {self.body}\n"
        return text


class RESTResponse:
    def __init__(self, response):
        self.status = response.status
        self.reason = response.reason
        self.headers = response.headers
        self.data = response.read().decode("utf-8", "replace")

    def getheaders(self):
        return self.headers

    def getheader(self, name, default=None):
        return self.headers.get(name, default)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect leads to a page to sign in at: it is a refusal, and the key does not travel on."""

    def redirect_request(self, *_):
        return None


class RESTClientObject:
    def __init__(self, configuration):
        self.timeout = configuration.timeout
        context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
        if not configuration.verify_ssl:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if configuration.cert_file:
            context.load_cert_chain(configuration.cert_file, configuration.key_file)
        proxy = configuration.proxy
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else {}),
            urllib.request.HTTPSHandler(context=context),
            _NoRedirects(),
        )

    def request(self, method, url, headers, body=None, timeout=None):
        if isinstance(timeout, (tuple, list)):  # connect and read
            timeout = sum(timeout)
        request = urllib.request.Request(url, data=body, headers=headers, method=method)
        try:
            with self.opener.open(request, timeout=timeout or self.timeout) as response:
                return RESTResponse(response)
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise ApiException(http_resp=RESTResponse(refusal)) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise ApiException(status=0, reason=f"{type(reason).__name__}: {reason}") from error
