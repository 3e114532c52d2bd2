"""Client of API v2 of a Cloudera AI Workbench, made from the specification that the workbench serves.

    import cmlapi

    client = cmlapi.default_client(url="https://ml-0123abcd-456.example", cml_api_key="...")
    for project in client.list_projects().projects:
        print(project.name)
"""

import os

from cmlapi import models, rest
from cmlapi._naming import specification
from cmlapi.api import CMLServiceApi
from cmlapi.api_client import ApiClient
from cmlapi.configuration import Configuration
from cmlapi.models import *  # noqa: F403, every message is also a name of the package
from cmlapi.rest import ApiException
from cmlapi.utils import Cursor

__version__ = specification()["info"]["version"]
__all__ = [
    "ApiClient",
    "ApiException",
    "CMLServiceApi",
    "Configuration",
    "Cursor",
    "default_client",
    "models",
    "rest",
    *models.__all__,
]


def default_client(url=None, cml_api_key=None):
    """A client with an API key. What is not given comes from the environment of a workbench session."""
    url = url or _session_url()
    key = cml_api_key or os.environ.get("CDSW_APIV2_KEY")
    if not url or not key:
        raise ValueError(
            "Could not create a client: give url and cml_api_key, or set CDSW_DOMAIN and CDSW_APIV2_KEY"
        )
    configuration = Configuration()
    configuration.host = url
    return CMLServiceApi(ApiClient(configuration, "authorization", f"Bearer {key.strip()}"))


def _session_url():
    """The workbench of this session. Only the URLs know the scheme; the domain alone means https."""
    for name in ("CDSW_API_URL", "CDSW_PROJECT_URL"):
        before, found, _ = os.environ.get(name, "").partition("/api/")
        if found:
            return before
    domain = os.environ.get("CDSW_DOMAIN")
    return f"https://{domain}" if domain else None
