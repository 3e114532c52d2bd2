"""A Cloudera AI Workbench for tests: put this file beside them, and `keybench` on the PATH.

`workbench` runs for the whole session, with the demo data of keybench. `KEYBENCH` names the program
where it is not on the PATH.
"""

import json
import os
import pathlib
import subprocess

import pytest


class Workbench:
    def __init__(self, ready):
        self.url = ready["url"]
        self.model_service_url = ready["model_service_url"]
        #: Files of a project lie in `projects / SLUG`.
        self.projects = pathlib.Path(ready["data"]) / "projects"
        self.users = {it["username"]: it for it in json.loads(pathlib.Path(ready["credentials"]).read_text())}

    def key(self, username="owner"):
        """The API key of a user of the demo data."""
        return self.users[username]["api_key"]

    def environment(self, username="owner"):
        """What a program finds in a session of a workbench."""
        return {
            "CDSW_API_URL": f"{self.url}/api/v1",
            "CDSW_DOMAIN": self.url.partition("://")[2],
            "CDSW_APIV2_KEY": self.key(username),
            "CDSW_API_KEY": self.users[username]["legacy_api_key"],
        }


@pytest.fixture(scope="session")
def workbench(tmp_path_factory):
    data = tmp_path_factory.mktemp("workbench")
    program = os.environ.get("KEYBENCH", "keybench")
    # It ends with the tests, however those end.
    command = [program, "serve", "--data", data, "--seed", "demo", "--listen", "127.0.0.1:0", "--exit-with-parent"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()  # one line, once every demo model is deployed
            if not line:
                pytest.fail(f"{program} serve did not start; standard error says why")
            yield Workbench(json.loads(line))
        finally:
            process.terminate()


@pytest.fixture
def session(workbench, monkeypatch):
    """The environment of a session of `owner`, for code that reads it."""
    for name, value in workbench.environment().items():
        monkeypatch.setenv(name, value)
    return workbench
