import json
import urllib.request

import pytest

import scoring


@pytest.fixture
def access_key(workbench):
    headers = {"Authorization": f"Bearer {workbench.key()}"}
    request = urllib.request.Request(f"{workbench.url}/api/v2/models?page_size=100", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        models = json.load(answer)["models"]
    return next(model["access_key"] for model in models if model["name"] == "churn")


def test_a_new_customer_with_many_calls_leaves(session, access_key):
    customer = {"tenure_months": 1, "monthly_charge": 120, "support_calls": 9, "contract": "monthly"}
    assert scoring.leaves(session.model_service_url, access_key, customer)


def test_who_is_no_collaborator_is_told_so(workbench, access_key, monkeypatch):
    monkeypatch.setenv("CDSW_APIV2_KEY", workbench.key("outsider"))
    with pytest.raises(scoring.NotAllowed, match="not authorized"):
        scoring.leaves(workbench.model_service_url, access_key, {"tenure_months": 1})
