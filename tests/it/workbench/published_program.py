"""What a published program does with the client that the workbench hands out."""

import json
import os
import time
import urllib.error
import urllib.request

import cmlapi
import cmlapi.configuration
from cmlapi import Cursor, models
from cmlapi.api.cml_service_api import CMLServiceApi
from cmlapi.api_client import ApiClient
from cmlapi.models.create_model_request import CreateModelRequest
from cmlapi.rest import ApiException

# Without arguments: everything comes from the environment of a session.
client = cmlapi.default_client()
again = cmlapi.default_client(url=os.environ["WORKBENCH"], cml_api_key=os.environ["CDSW_APIV2_KEY"])
# As programs do that bring their own certificates.
config = cmlapi.configuration.Configuration()
config.host = os.environ["WORKBENCH"]
config.verify_ssl = False
api_client = ApiClient(config)
api_client.set_default_header("authorization", "Bearer " + os.environ["CDSW_APIV2_KEY"])
assert CMLServiceApi(api_client).validate_api_key({"audience": "API"}).username == "owner"
assert CreateModelRequest is models.CreateModelRequest is cmlapi.CreateModelRequest

first = client.list_projects(page_size=1, sort="+name")
assert len(first.projects) == 1 and first.next_page_token, first
names = [project.name for project in Cursor(again.list_projects, page_size=1, sort="+name").items()]
assert names == ["churn-prod", "playground"], names
project = first.projects[0]
assert project.owner.username == "owner" and project.permissions.admin is True
assert project.created_at.tzinfo is not None and project.to_dict()["owner"]["username"] == "owner"

runtimes = client.list_runtimes(search_filter=json.dumps({"kernel": "Python 3.11", "editor": "PBJ Workbench"}))
model = client.create_model(
    models.CreateModelRequest(project_id=project.id, name="from cmlapi", disable_authentication=True),
    project.id,
)
build = client.create_model_build(
    cmlapi.CreateModelBuildRequest(
        project_id=project.id,
        model_id=model.id,
        file_path="predict.py",
        function_name="predict",
        runtime_identifier=runtimes.runtimes[0].image_identifier,
        runtime_addon_identifiers=[],
    ),
    project_id=project.id,
    model_id=model.id,
)
# At once, without waiting for the build.
deployment = client.create_model_deployment(
    {"replicas": 1, "cpu": 1, "memory": 2}, project.id, model.id, build.id
)
assert deployment.status == "pending", deployment
path = (project.id, model.id, build.id, deployment.id)
deadline = time.monotonic() + 60
while deployment.status != "deployed":
    assert deployment.status != "failed" and time.monotonic() < deadline, deployment
    deployment = client.get_model_deployment(*path)
assert client.get_model_build(project.id, model.id, build.id).status == "built"

call = json.dumps({"accessKey": model.access_key, "request": {"n": 20}}).encode()
request = urllib.request.Request(os.environ["MODEL_SERVICE"], call, {"Content-Type": "application/json"})
with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
    assert json.load(answer)["response"] == 21

stopped, status, headers = client.stop_model_deployment_with_http_info(*path)
assert (stopped.status, status) == ("stopping", 200) and headers["Content-Type"] == "application/json"
assert client.get_project(project.id, async_req=True).get(timeout=30) == client.get_project(project.id)
assert client.delete_model(project_id=project.id, model_id=model.id) is not None

try:
    client.get_model(project.id, model.id)
    raise AssertionError("a deleted model is there")
except ApiException as refusal:
    assert refusal.status == 404 and json.loads(refusal.body)["code"] == 5, refusal
for wrong, mistake in [
    (lambda: client.get_model(project.id), ValueError),
    (lambda: client.get_model(project.id, model.id, None, 1), TypeError),
    (lambda: client.list_projects(page=1), TypeError),
    (lambda: models.CreateModelRequest(nmae="x"), TypeError),
    (lambda: cmlapi.default_client(url="http://127.0.0.1:1", cml_api_key="k").list_projects(), cmlapi.ApiException),
]:
    try:
        wrong()
    except mistake:
        continue
    raise AssertionError(mistake)
operations = [
    operation["operationId"]
    for methods in json.loads(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        os.environ["WORKBENCH"] + "/api/v2/swagger.json", timeout=30).read())["paths"].values()
    for operation in methods.values()
]
methods = [name for name in dir(client) if not name.startswith("_") and not name.endswith("_with_http_info")]
assert len(methods) == len(operations) + 1, methods  # and api_client
print("done")
