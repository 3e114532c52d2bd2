"""The program under test: asks a model of the workbench whether a customer is about to leave."""

import json
import os
import urllib.error
import urllib.request


class NotAllowed(Exception):
    """The key's user may not call the model."""


def post(url, body):
    headers = {"Authorization": f"Bearer {os.environ['CDSW_APIV2_KEY']}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            if refusal.code == 401:
                raise NotAllowed(refusal.read().decode()) from None
            raise


def leaves(model_service_url, access_key, customer):
    answer = post(model_service_url, {"accessKey": access_key, "request": customer})
    return answer["response"]["label"] == "leaves"
