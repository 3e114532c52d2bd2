#!/usr/bin/env python3
"""Cut the specification of API v2 down to what the embedded workbench serves.

    python3 trim.py SPECIFICATION

writes beside this script `served.json`, the operations named below with the definitions that they
need, and `operations.txt`, one line for each operation of the whole specification.
"""

import json
import pathlib
import sys

SERVED = """
ValidateAPIKey ListV2Keys CreateV2Key DeleteV2Key DeleteV2Keys RotateV1Key GetShortUserByID
ListUsersQuota ListProjects CreateProject GetProject UpdateProject DeleteProject BatchListProjects
ListProjectNames ListProjectCollaborators AddProjectCollaborator DeleteProjectCollaborator
ListAllModels ListModels CreateModel GetModel UpdateModel DeleteModel
ListModelBuilds CreateModelBuild GetModelBuild DeleteModelBuild
ListModelDeployments CreateModelDeployment GetModelDeployment RestartModelDeployment StopModelDeployment
ListRuntimes ListRuntimeAddons ListUsage
""".split()


def references(node, definitions, found):
    """Adds the names of all definitions that a node needs, directly or through others."""
    if isinstance(node, dict):
        name = node.get("$ref", "").rsplit("/", 1)[-1]
        if name and name not in found:
            found.add(name)
            references(definitions[name], definitions, found)
        for child in node.values():
            references(child, definitions, found)
    elif isinstance(node, list):
        for child in node:
            references(child, definitions, found)


def main():
    here = pathlib.Path(__file__).parent
    whole = json.loads(pathlib.Path(sys.argv[1]).read_text())
    paths, lines = {}, []
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            lines.append(f"{method.upper()} {path} {operation['operationId']}\n")
            if operation["operationId"] in SERVED:
                paths.setdefault(path, {})[method] = operation
    needed = set()
    references(paths, whole["definitions"], needed)
    served = {key: value for key, value in whole.items() if key not in ("paths", "definitions")}
    served["paths"] = paths
    served["definitions"] = {name: whole["definitions"][name] for name in sorted(needed)}
    (here / "served.json").write_text(json.dumps(served, indent=1) + "\n")
    (here / "operations.txt").write_text("".join(sorted(lines)))


main()
