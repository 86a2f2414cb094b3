"""template.yaml, built and deployed by the real SAM command line."""

import json
import platform
import subprocess
from base64 import b64encode
from urllib.parse import urlencode

from . import ROOT, WORK
from .aws import LocalAws, environment
from .http import Answer, request
from .process import Failed, run

ARCHITECTURE = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
"""MiniStack starts the function as a process of this machine, so it is built for its processor."""

# Not .aws-sam/build: a `sam deploy` to a real account would take what lies there.
BUILD = WORK / "build"
SAM = {
    "SAM_CLI_TELEMETRY": "0",
    # SAM keeps its own notes here; dated like this, it does not look for a newer version.
    "__SAM_CLI_APP_DIR": str(WORK / "sam"),
}


def build() -> None:
    """Compile the function with progress on the terminal, then let `sam build` collect it."""
    # The command that `sam build` gives: it finds everything compiled.
    command = "cargo lambda build --release --bin relay" + (" --arm64" if ARCHITECTURE == "arm64" else "")
    if subprocess.run(command.split(), cwd=ROOT, env=environment()).returncode != 0:
        raise Failed(f"{command}\nfailed; the compiler's words are above.")
    (WORK / "sam").mkdir(parents=True, exist_ok=True)
    (WORK / "sam/metadata.json").write_text(json.dumps({"lastVersionCheck": 4_000_000_000}))
    sam = ["sam", "build", "--build-dir", BUILD, "--parameter-overrides", f"Architecture={ARCHITECTURE}"]
    run(sam, WORK / "sam-build.log", environment() | SAM, ROOT)


class Stack:
    """A stack on the local AWS."""

    def __init__(self, aws: LocalAws, name: str = "zstack-flashduty", **parameters: str):
        """Deploy what `build` left, with these parameters of the template."""
        self.aws = aws
        self.name = name
        self._deploy(parameters | {"Architecture": ARCHITECTURE})
        resources = aws.client("cloudformation").describe_stack_resources(StackName=name)
        ids = {it["LogicalResourceId"]: it["PhysicalResourceId"] for it in resources["StackResources"]}
        self.function = ids["Relay"]
        self._api = ids["Api"]
        self.url = f"{aws.endpoint}/_aws/execute-api/{self._api}"
        """The API's URL; needs no name service and no Host header."""
        self._add_routes()

    def _deploy(self, parameters: dict[str, str]) -> None:
        command = ["sam", "deploy", "--template-file", BUILD / "template.yaml", "--stack-name", self.name]
        command += ["--config-file", ROOT / "samconfig.toml", "--no-confirm-changeset", "--no-progressbar"]
        command += ["--parameter-overrides"]
        command += [f"{name}={value}" for name, value in parameters.items()]
        run(command, WORK / f"sam-deploy-{self.name}.log", self.aws.environment | SAM, ROOT)

    def _add_routes(self) -> None:
        """Add what the template says: MiniStack ignores the OpenAPI body in which SAM puts routes."""
        template = self.aws.client("cloudformation").get_template(
            StackName=self.name, TemplateStage="Processed"
        )["TemplateBody"]
        paths = template["Resources"]["Api"]["Properties"]["Body"]["paths"]
        function = self.aws.client("lambda").get_function_configuration(FunctionName=self.function)
        api = self.aws.client("apigatewayv2")
        integration = api.create_integration(
            ApiId=self._api,
            IntegrationType="AWS_PROXY",
            IntegrationUri=function["FunctionArn"],
            PayloadFormatVersion="2.0",
        )["IntegrationId"]
        for path, methods in paths.items():
            for method in methods:
                api.create_route(
                    ApiId=self._api, RouteKey=f"{method.upper()} {path}", Target=f"integrations/{integration}"
                )

    def call(
        self,
        path: str,
        body: bytes | None = None,
        *,
        token: str | None = None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Call the API as ZStack does; without a body it is a GET."""
        headers = {"Content-Type": "application/json;charset=UTF-8"} | (headers or {})
        if token is not None:
            headers["Authorization"] = "Basic " + b64encode(f"zstack:{token}".encode()).decode()
        url = self.url + path + (f"?{urlencode(query)}" if query else "")
        return request("GET" if body is None else "POST", url, body, headers)

    def change_environment(self, **variables: str) -> None:
        """Change variables of the function behind the template's back."""
        client = self.aws.client("lambda")
        now = client.get_function_configuration(FunctionName=self.function)["Environment"]["Variables"]
        client.update_function_configuration(
            FunctionName=self.function, Environment={"Variables": now | variables}
        )

    def logs(self) -> list[str]:
        """Every line the function has logged."""
        pages = self.aws.client("logs").get_paginator("filter_log_events")
        group = f"/aws/lambda/{self.function}"
        return [event["message"] for page in pages.paginate(logGroupName=group) for event in page["events"]]
