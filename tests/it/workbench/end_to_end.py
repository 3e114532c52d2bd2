"""A published style of use from end to end, with nothing but environment variables set."""

import io
import json
import os
import sys
import tarfile
import tempfile
import time
import urllib.request

base = os.environ["CDSW_API_URL"].removesuffix("/api/v1")
with urllib.request.urlopen(base + "/api/v2/python.tar.gz") as answer:
    archive = tarfile.open(fileobj=io.BytesIO(answer.read()))
folder = tempfile.mkdtemp()
archive.extractall(folder)
for root, folders, _ in os.walk(folder):
    if "cmlapi" in folders:
        sys.path.insert(0, root)
        break

import cmlapi  # noqa: E402

try:
    import requests
except ImportError:  # pip brings it.
    from pip._vendor import requests

# A function that calls another model, as published ones do.
RELAY = """
import json, os, urllib.request
def relay(args):
    url = "https://modelservice." + os.environ["CDSW_DOMAIN"] + "/model"
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + args["key"]}
    request = urllib.request.Request(url, json.dumps(args["call"]).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)
"""


def call(access_key, key, request):
    """As programs build it: the model service is a name before the domain."""
    url = "https://modelservice." + os.environ["CDSW_DOMAIN"] + "/model"
    body = {"accessKey": access_key, "request": request}
    answer = requests.post(url, json=body, headers={"Authorization": "Bearer " + key}, timeout=60)
    return answer.status_code, answer.json()


def control(method, path, body=None):
    request = urllib.request.Request(
        os.environ["KEYBENCH_CONTROL_URL"] + path,
        None if body is None else json.dumps(body).encode(),
        {"Authorization": "Bearer " + os.environ["KEYBENCH_CONTROL_TOKEN"]},
        method=method,
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


own = os.environ["CDSW_APIV2_KEY"]
with open(sys.argv[1]) as credentials:
    outsider = next(row["api_key"] for row in json.load(credentials) if row["username"] == "outsider")

client = cmlapi.default_client()


def deploy(model, **wish):
    build = client.create_model_build(
        cmlapi.CreateModelBuildRequest(project_id=project.id, model_id=model.id, **wish),
        project_id=project.id,
        model_id=model.id,
    )
    # At once: the build is on its way.
    deployment = client.create_model_deployment(
        cmlapi.CreateModelDeploymentRequest(
            project_id=project.id, model_id=model.id, build_id=build.id, replicas=1
        ),
        project_id=project.id,
        model_id=model.id,
        build_id=build.id,
    )
    until = time.monotonic() + 60
    while deployment.status != "deployed":
        assert time.monotonic() < until and deployment.status != "failed", deployment.status
        time.sleep(0.02)
        deployment = client.get_model_deployment(project.id, model.id, build.id, deployment.id)


project = client.create_project(cmlapi.CreateProjectRequest(name="End to End"))
model = client.create_model(cmlapi.CreateModelRequest(project_id=project.id, name="sum"), project.id)
deploy(model, kernel="builtin", function_name="add")

sum_of = {"a": 3, "b": 5}
status, answer = call(model.access_key, own, sum_of)
assert (status, answer["response"]) == (200, 8), answer
status, answer = call(model.access_key, outsider, sum_of)
assert status == 401 and "success" not in answer and answer["errors"], answer
client.add_project_collaborator(
    cmlapi.AddProjectCollaboratorRequest(permission="read"), project.id, "outsider"
)
status, answer = call(model.access_key, outsider, sum_of)
assert (status, answer["success"]) == (200, True), answer
# Functions see the names of the workbench too.
with open(os.path.join(os.path.dirname(sys.argv[1]), "projects", project.slug, "relay.py"), "w") as file:
    file.write(RELAY)
relay = client.create_model(cmlapi.CreateModelRequest(project_id=project.id, name="relay"), project.id)
deploy(relay, kernel="python3", file_path="relay.py", function_name="relay")
inner = {"accessKey": model.access_key, "request": sum_of}
status, answer = call(relay.access_key, own, {"key": own, "call": inner})
assert (status, answer["response"]["response"]) == (200, 8), answer

control("PUT", "/clock", {"advance": "366d"})
status, answer = call(model.access_key, own, sum_of)
assert status == 401 and "expired" in answer["message"], answer
journal = control("GET", "/requests?operation=CallModel&model=End%20to%20End/sum")
assert [entry["status"] for entry in journal] == [200, 401, 200, 200, 401], journal
print("done")
