"""The one service of the specification."""

from cmlapi.api.cml_service_api import CMLServiceApi

__all__ = ["CMLServiceApi"]
