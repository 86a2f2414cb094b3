"""template.yaml, built and deployed with the SAM command line."""

import json
import os
import platform
import signal
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from samcli.yamlhelper import yaml_parse

from . import ROOT, WORK
from .aws import LocalAws, environment
from .http import Answer, request
from .process import Failed, run
from .queue import Queue

ARCHITECTURE = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
"""MiniStack starts functions as processes of this machine, so they are built for its processor."""

TEMPLATES = "templates"
"""A bucket of the local AWS."""

# Not .aws-sam/build: a `sam deploy` to a real account would deploy what is there.
BUILD = WORK / "build"
SAM = {
    "SAM_CLI_TELEMETRY": "0",
    # SAM's own state. `build` writes a date there that keeps SAM from looking for a newer version.
    "__SAM_CLI_APP_DIR": str(WORK / "sam"),
}


def build() -> None:
    """Compile the functions with progress on the terminal, then run `sam build`."""
    # `sam build` would compile one function after the other. It finds both compiled.
    command = "cargo lambda build --release --bin relay --bin redeliver"
    command += " --arm64" if ARCHITECTURE == "arm64" else ""
    if subprocess.run(command.split(), cwd=ROOT, env=environment()).returncode != 0:
        raise Failed(f"{command}\nfailed; the output of the compiler is above.")
    (WORK / "sam").mkdir(parents=True, exist_ok=True)
    (WORK / "sam/metadata.json").write_text(json.dumps({"lastVersionCheck": 4_000_000_000}))
    sam = ["sam", "build", "--build-dir", BUILD, "--parameter-overrides", f"Architecture={ARCHITECTURE}"]
    run(sam, WORK / "sam-build.log", environment() | SAM, ROOT)


class Stack:
    """A stack on the local AWS."""

    def __init__(
        self,
        aws: LocalAws,
        name: str = "zstack-flashduty",
        like: "Stack | None" = None,
        deployed: bool = False,
        **parameters: str,
    ):
        """Deploy the output of `build` with these parameters of the template.

        `like` is a stack that was deployed before. Its packaged template is used again, which is ten times
        as fast as SAM's command line. `deployed` is for a stack that somebody else has just deployed.
        """
        self.aws = aws
        self.name = name
        parameters |= {"Architecture": ARCHITECTURE}
        if like:
            self._copy(like, parameters)
        elif not deployed:
            self._deploy(parameters)
        resources = aws.client("cloudformation").describe_stack_resources(StackName=name)
        ids = {it["LogicalResourceId"]: it["PhysicalResourceId"] for it in resources["StackResources"]}
        self.function = ids["Relay"]
        self.redeliver: str | None = ids.get("Redeliver")
        """The other function; none without queues."""
        self._event_source: str | None = ids.get("RedeliverSource")
        if self.redeliver:
            self.retries = Queue(aws, ids["Retries"])
            self.dead_letters = Queue(aws, ids["DeadLetters"])
        self._api = ids["Api"]
        self.starts = 0
        """How often `start_redeliver` was called."""
        self.url = f"{aws.endpoint}/_aws/execute-api/{self._api}"
        """The API's URL. It needs neither DNS nor a Host header."""
        self._add_routes()

    def _deploy(self, parameters: dict[str, str]) -> None:
        command = ["sam", "deploy", "--template-file", BUILD / "template.yaml", "--stack-name", self.name]
        command += ["--config-file", ROOT / "samconfig.toml", "--no-confirm-changeset", "--no-progressbar"]
        command += ["--parameter-overrides"]
        command += [f"{name}={value}" for name, value in parameters.items()]
        run(command, WORK / f"sam-deploy-{self.name}.log", self.aws.environment | SAM, ROOT)

    def _copy(self, like: "Stack", parameters: dict[str, str]) -> None:
        client = self.aws.client("cloudformation")
        template = client.get_template(StackName=like.name, TemplateStage="Original")["TemplateBody"]
        if isinstance(template, str):
            template = yaml_parse(template)
        # It is longer than the 51,200 bytes that a call may have, so it goes through a bucket.
        s3 = self.aws.client("s3")
        s3.create_bucket(Bucket=TEMPLATES)
        s3.put_object(Bucket=TEMPLATES, Key=self.name, Body=json.dumps(template).encode())
        client.create_stack(
            StackName=self.name,
            TemplateURL=f"{self.aws.endpoint}/{TEMPLATES}/{self.name}",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        wait = {"Delay": 1, "MaxAttempts": 60}
        client.get_waiter("stack_create_complete").wait(StackName=self.name, WaiterConfig=wait)

    def _add_routes(self) -> None:
        """Add the template's routes. SAM writes them as an OpenAPI body, which MiniStack ignores."""
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
        method: str | None = None,
    ) -> Answer:
        """Call the API as ZStack does. The method is POST with a body and GET without, or the given one."""
        headers = {"Content-Type": "application/json;charset=UTF-8"} | (headers or {})
        if token is not None:
            headers["Authorization"] = "Basic " + b64encode(f"zstack:{token}".encode()).decode()
        url = self.url + path + (f"?{urlencode(query)}" if query else "")
        return request(method or ("GET" if body is None else "POST"), url, body, headers)

    def change_environment(self, function: str | None = None, **variables: str) -> None:
        """Change variables of a function, by default the relay, without a deployment."""
        client, function = self.aws.client("lambda"), function or self.function
        now = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        client.update_function_configuration(
            FunctionName=function, Environment={"Variables": now | variables}
        )

    def deliver_queued(self, enabled: bool) -> None:
        """Enable or disable the event source of `redeliver`."""
        client = self.aws.client("lambda")
        client.update_event_source_mapping(UUID=self._event_source, Enabled=enabled)

    def check(self, name: str) -> dict[str, Any]:
        """Invoke the relay as its schedule `SelfCheck` or `SelfTest` does, and return the answer.

        MiniStack has a scheduler, but it runs a schedule for the first time when its period has passed.
        """
        target = self.schedule(name)["Target"]
        answer = self.aws.client("lambda").invoke(
            FunctionName=target["Arn"], Payload=target["Input"].encode()
        )
        assert "FunctionError" not in answer, answer["Payload"].read()
        return json.loads(answer["Payload"].read())

    def schedule(self, name: str) -> dict[str, Any]:
        """The schedule of EventBridge Scheduler with this name in the template."""
        resource = self.aws.client("cloudformation").describe_stack_resource(
            StackName=self.name, LogicalResourceId=name
        )["StackResourceDetail"]
        return self.aws.client("scheduler").get_schedule(Name=resource["PhysicalResourceId"])

    def metric(self, name: str) -> list[int]:
        """Every value of a metric that both functions wrote for this relay, oldest first."""
        lines = [json.loads(line) for line in self.logs() if f'"{name}"' in line and '"_aws"' in line]
        assert all(line["Function"] == self.function for line in lines), lines
        return [line[name] for line in sorted(lines, key=lambda line: line["_aws"]["Timestamp"])]

    def start_redeliver(self) -> None:
        """Invoke `redeliver` with an empty batch, so that its process reads its settings."""
        answer = self.aws.client("lambda").invoke(FunctionName=self.redeliver, Payload=b'{"Records": []}')
        assert "FunctionError" not in answer, answer["Payload"].read()
        self.starts += 1

    def kill(self, function: str) -> int:
        """Kill the processes of a function, as a crash does. Return how many there were."""
        wanted = {f"AWS_LAMBDA_FUNCTION_NAME={function}", f"AWS_ENDPOINT_URL={self.aws.endpoint}"}
        killed = 0
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it ended, or belongs to another user
                if wanted.issubset((process / "environ").read_text(errors="replace").split("\0")):
                    os.kill(int(process.name), signal.SIGKILL)
                    killed += 1
        return killed

    def deny(self, actions: str) -> None:
        """Deny both functions these actions, such as `sqs:*`."""
        statement = {"Effect": "Deny", "Action": actions, "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        for role in self._roles():
            self.aws.client("iam").put_role_policy(
                RoleName=role, PolicyName=self._denial(actions), PolicyDocument=policy
            )

    def allow(self, actions: str) -> None:
        """Remove what `deny` with the same actions added."""
        for role in self._roles():
            self.aws.client("iam").delete_role_policy(RoleName=role, PolicyName=self._denial(actions))

    def _roles(self) -> Iterator[str]:
        for function in filter(None, (self.function, self.redeliver)):
            configuration = self.aws.client("lambda").get_function_configuration(FunctionName=function)
            yield configuration["Role"].rpartition("/")[2]

    def _denial(self, actions: str) -> str:
        return "deny-" + "".join(filter(str.isalnum, actions))

    def logs(self, *functions: str) -> list[str]:
        """Every line that these functions have logged; by default both functions."""
        client = self.aws.client("logs")
        lines = []
        for function in filter(None, functions or (self.function, self.redeliver)):
            configuration = self.aws.client("lambda").get_function_configuration(FunctionName=function)
            pages = client.get_paginator("filter_log_events").paginate(
                logGroupName=configuration["LoggingConfig"]["LogGroup"]
            )
            lines += [event["message"] for page in pages for event in page["events"]]
        return lines
