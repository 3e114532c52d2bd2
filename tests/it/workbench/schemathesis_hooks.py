"""What Schemathesis needs to know of the workbench: its key, some ids that exist, and which answers of
the server's own are no fault. Loaded by it with SCHEMATHESIS_HOOKS."""

import json
import os
import urllib.request
import zlib

import schemathesis

URL = os.environ["KEYBENCH_URL"]
BEARER = "Bearer " + os.environ["KEYBENCH_API_KEY"]
METHODS = {"get", "put", "post", "delete", "patch"}
# What is deleted by its own id: the innermost of a path.
DELETED = ("build_id", "model_id", "project_id")
reached = set()


def ask(path):
    request = urllib.request.Request(URL + "/api/v2/" + path, headers={"Authorization": BEARER})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return json.load(answer)


def existing():
    """Parameters of paths that lead to something: one model, and all that hangs on it."""
    projects = ask("projects?include_all_projects=true")["projects"]
    project = next(it["id"] for it in projects if it["name"] == "churn-prod")
    model = next(it for it in ask(f"projects/{project}/models")["models"] if it["name"] == "add")
    models = f"projects/{project}/models/{model['id']}"
    build = ask(models + "/builds")["model_builds"][0]
    deployment = ask(f"{models}/builds/{build['id']}/deployments")["model_deployments"][0]
    key = ask("users/viewer/v2_keys")["keys"][0]
    return {
        "project_id": project,
        "model_id": model["id"],
        "build_id": build["id"],
        "deployment_id": deployment["id"],
        "username": "viewer",
        "key_id": key["key_id"],
        "id": "1",
    }


EXISTING = existing()


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Templates with dots, as gRPC gateways write them, are written as the others: they are the same
    paths, and a dot is not understood there."""
    paths = raw_schema["paths"]
    for path in [path for path in paths if "." in path.split("/api/v2", 1)[1]]:
        plain = path.replace("project.id", "project_id").replace("model.id", "model_id")
        for method, operation in paths.pop(path).items():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    parameter["name"] = parameter["name"].replace(".", "_")
            paths.setdefault(plain, {})[method] = operation


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Two of three requests are about what exists."""
    if not path_parameters or stays_wild(path_parameters):
        return path_parameters
    return {name: EXISTING.get(name, value) for name, value in path_parameters.items()}


@schemathesis.hook
def map_body(context, body):
    """Two of three bodies get values that only a reader of the documentation would choose."""
    if not isinstance(body, dict) or stays_wild(body):
        return body
    sensible = {
        "name": f"made {zlib.crc32(repr(body).encode()):x}",
        "permission": "read",
        "kernel": "builtin",
        "function_name": "echo",
        "runtime_identifier": "",
        "audience": "API",
        "project_id": EXISTING["project_id"],
        "model_id": EXISTING["model_id"],
        "build_id": EXISTING["build_id"],
        "username": EXISTING["username"],
    }
    return {name: sensible.get(name, value) for name, value in body.items()}


def stays_wild(generated):
    return zlib.crc32(repr(sorted(generated.items())).encode()) % 3 == 0


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.method.upper() == "DELETE":
        keep_what_is_needed(case.path_parameters)
    case.headers = {**(case.headers or {}), "Authorization": BEARER}


def keep_what_is_needed(path_parameters):
    """The key that all of this rests on stays, and so do the project, the model and its build."""
    if path_parameters.get("username") == "admin":
        path_parameters["username"] = "viewer"
    last = next((name for name in DELETED if name in path_parameters), None)
    if "username" not in path_parameters and last and path_parameters[last] == EXISTING[last]:
        path_parameters[last] = "another"


@schemathesis.hook
def after_call(context, case, response):
    if 200 <= response.status_code < 300:
        reached.add(case.operation.definition.raw["operationId"])
        with open(os.environ["REACHED"], "w") as file:
            file.write("\n".join(sorted(reached)))


@schemathesis.check
def no_fault_of_the_server(context, response, case):
    """501 says that something is not served, 500 `malformed apikey` is what the real product answers."""
    if response.status_code < 500 or response.status_code == 501:
        return
    assert response.status_code == 500 and "malformed apikey" in response.text, response.text
