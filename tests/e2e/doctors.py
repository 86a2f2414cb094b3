"""scripts/doctor.py as the tests run it: as a program in a terminal of its own."""

import os
import re
import socket
import ssl
import subprocess
import threading
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import doctor
import warm_aws
from checks.texts import TEXTS
from cloud import bundle
from conftest import World
from local import ROOT
from local.aws import LOOPBACK
from local.http import request
from local.stack import Stack
from pythons import PYTHON
from trials import wait_until

PROGRAM = ROOT / "scripts/doctor.py"
SOURCES = {name: text.decode() for name, text in bundle.programs("doctor.py").items()}
"""The program and its modules: their names in scripts/, and in an unpacked release, and their texts."""

REAL_AWS = ROOT / ".venv/ministack/bin/aws"


ONLY = """import sys, doctor
only = sys.argv.pop(1).split()
doctor.STEPS = tuple(it for it in doctor.STEPS if it.name in only)
sys.exit(doctor.main())"""
"""The program with some of its steps, which is faster."""

NEEDED = {step.name: step.needs for step in doctor.STEPS}


def with_needed(steps: Iterable[str]) -> set[str]:
    """These steps and all that they need."""
    return {name for step in steps for name in (step, *with_needed(NEEDED[step]))}


def copied(folder: Path, changed: dict[str, str] | None = None) -> Path:
    """Copy the program into a folder. `changed` are lines that are changed before, each once in all files."""
    texts = dict(SOURCES)
    for before, after in (changed or {}).items():
        [name] = [name for name, text in texts.items() if before in text]
        assert texts[name].count(before) == 1, before
        texts[name] = texts[name].replace(before, after)
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder / PROGRAM.name


STEPS = [step.name for step in doctor.STEPS]


@dataclass
class Run:
    """What the program printed about each step, and how it ended."""

    status: int
    output: str
    steps: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Mark, text and advice of each step."""

    def __post_init__(self):
        names = {TEXTS[name][0]: name for name in STEPS}
        step = None
        for line in self.output.splitlines():
            if found := re.fullmatch(r"([✓✗!-]) ([^:]+): (.*)", line):
                step = names[found[2]]
                self.steps[step] = (found[1], found[3], "")
            elif line.startswith("  ") and step:
                mark, text, advice = self.steps[step]
                self.steps[step] = (mark, text, f"{advice}{line[2:]}\n")

    def marked(self, mark: str) -> list[str]:
        """The steps with this mark, in their order."""
        return [step for step, (its, *_) in self.steps.items() if its == mark]

    def text(self, step: str) -> str:
        """What it says about a step."""
        return self.steps[step][1]

    def advice(self, step: str) -> str:
        """What it advises."""
        return self.steps[step][2]

    def commands(self, step: str) -> list[str]:
        """The commands of the advice."""
        return [line.strip() for line in self.advice(step).splitlines() if line.startswith("    ")]


@dataclass
class Shell:
    """A terminal with the AWS command line, and with nothing else of ours."""

    world: World
    folder: Path

    def __post_init__(self):
        self.calls = self.folder / "calls"
        self.calls.touch()
        self.install()
        self.environment = {
            name: value for name, value in self.world.aws.environment.items() if not name.startswith("LC_")
        } | {"PATH": f"{self.folder}:/usr/bin:/bin", "LANG": "C.UTF-8", "AWS_RETRY_MODE": "standard"}
        self.environment.pop("LANGUAGE", None)

    def install(self, aws: str | None = None) -> None:
        """Put the real `aws` on the path, by default one that has started already."""
        # It writes down what `ps` would show. Version 1 does not read AWS_ENDPOINT_URL for SQS here.
        self.stand_in(
            f"""for word in "$@"; do printf '%s\\n' "$word" >> '{self.calls}'; done
case "$*" in
*--endpoint-url*) ;;
sqs*) set -- --endpoint-url "$AWS_ENDPOINT_URL" "$@" ;;
esac
exec {aws or warm_aws.command(REAL_AWS.with_name("python"))} "$@"
"""
        )

    def stand_in(self, script: str) -> None:
        """Put another `aws` on the path."""
        program = self.folder / "aws"
        program.write_text(f"#!/bin/sh\n{script}")
        program.chmod(0o755)

    def doctor(
        self,
        *arguments: str,
        changed: dict[str, str] | None = None,
        only: str = "",
        there: Path | None = None,
        **variables: str,
    ) -> Run:
        """Run the program.

        `changed` are lines of it that are changed before, such as how long it waits. `only` names steps; the
        others are left out if they are not needed. `there` is a folder with a copy of the program.
        """
        program = there / PROGRAM.name if there else copied(self.folder, changed) if changed else PROGRAM
        command = [program]
        if only:
            command = ["-c", ONLY, " ".join(with_needed(only.split()))]
            path = [str(program.parent), self.environment.get("PYTHONPATH", "")]
            variables["PYTHONPATH"] = os.pathsep.join(filter(None, path))
        ended = subprocess.run(
            [PYTHON, *command, *arguments],
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        run = Run(ended.returncode, ended.stdout.decode())
        self.no_secret(run.output)
        return run

    def on(self, stack: Stack, *arguments: str, **options: Any) -> Run:
        """Run the program on a stack. The stack's own URL cannot be reached."""
        return self.at(f"{stack.url}/zstack", stack, *arguments, **options)

    def at(self, url: str, stack: Stack, *arguments: str, **options: Any) -> Run:
        """Run the program on a stack whose webhook has this URL."""
        return self.doctor("--stack", stack.name, "--url", url, *arguments, **options)

    def follow(self, command: str, typed: str = "") -> str:
        """Run a command that was advised; `typed` is what the user types."""
        ended = subprocess.run(
            ["/bin/bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            input=typed.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert ended.returncode == 0, (command, ended.stdout.decode())
        return ended.stdout.decode()

    def undo(self, run: Run, stack: Stack, *steps: str) -> str:
        """Undo changes by hand with the commands printed for these steps. The result is what they showed."""
        [commands] = {tuple(run.commands(step)) for step in steps}
        create, wait, describe, execute = commands
        assert "--deployment-mode REVERT_DRIFT" in create
        self.follow(create)
        self.follow(wait)
        shown = self.follow(describe)
        self.follow(execute)
        client = self.world.aws.client("cloudformation")
        state = lambda: client.describe_stacks(StackName=stack.name)["Stacks"][0]["StackStatus"]  # noqa: E731
        wait_until(lambda: state() == "UPDATE_COMPLETE", state, seconds=30)
        return shown

    def export(self, command: str) -> None:
        """Run a command that sets variables of the terminal."""
        printed = self.follow(f"{command}; env -0").rstrip("\0")
        self.environment |= dict(line.split("=", 1) for line in printed.split("\0"))

    def no_secret(self, text: str) -> None:
        """No secret is in the text, and none was an argument of a program."""
        shown = text + self.calls.read_text()
        for secret in (self.world.token, self.world.key, *self.world.old_keys):
            assert secret not in shown
            assert b64encode(f"zstack:{secret}".encode()).decode() not in shown


def topic_of(world: World, stack: Stack) -> str:
    """The topic of a stack's alarms."""
    [described] = world.aws.client("cloudformation").describe_stacks(StackName=stack.name)["Stacks"]
    return next(it["OutputValue"] for it in described["Outputs"] if it["OutputKey"] == "AlarmTopicArn")


def impatient(name: str) -> dict[str, str]:
    """The program with less patience."""
    [value] = [it for text in SOURCES.values() for it in re.findall(rf"(?m)^{name} = (\d+)$", text)]
    return {f"{name} = {value}\n": f"{name} = 2\n"}


@contextmanager
def served(
    answer: Callable[[BaseHTTPRequestHandler], tuple[int, dict[str, str], str]],
    tls: tuple[Path, Path] | None = None,
) -> Iterator[str]:
    """The URL of a webhook on this machine that answers so. `Date` may be one of its headers.

    The body of the request is an attribute of the handler. `tls` is the files of a certificate and its key.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
            status, headers, body = answer(self)
            self.send_response_only(status)
            for name, value in ({"Date": self.date_time_string()} | headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    try:
        yield f"http{'s' * bool(tls)}://{LOOPBACK}:{server.server_port}/zstack"
    finally:
        server.shutdown()
        server.server_close()


class Front:
    """What stands before the API: it passes requests on, or gives an answer of its own."""

    def __init__(self, stack: Stack):
        self.stack = stack
        self.own: Callable[[BaseHTTPRequestHandler], tuple[int, dict[str, str], str]] | None = None

    def __call__(self, handler: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], str]:
        """The answer to a request."""
        if self.own:
            return self.own(handler)
        names = ("Content-Type", "Authorization")
        headers = {name: handler.headers[name] for name in names if name in handler.headers}
        answer = request(handler.command, self.stack.url + handler.path, handler.body, headers)
        return answer.status, {}, answer.text


def certified(folder: Path, name: str) -> tuple[Path, Path]:
    """The files of a certificate for this name, and of its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=front"]
    command += ["-addext", f"subjectAltName={name}", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


@contextmanager
def reachable(stack: Stack, host: str, folder: Path) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Let programs reach the API of a stack at `https://{host}`, through a proxy that knows nothing else.

    Gives the variables that a program needs, and a list that gets the addresses that were asked for.
    """
    certificate, key = certified(folder, f"DNS:{host}")
    with served(Front(stack), (certificate, key)) as url:
        there, asked = (LOOPBACK, urlsplit(url).port), []

        class Proxy(BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                asked.append(self.path)
                with socket.create_connection(there) as api:
                    self.send_response_only(200)
                    self.end_headers()
                    back = threading.Thread(target=pass_on, args=(api, self.connection), daemon=True)
                    back.start()
                    pass_on(self.connection, api)
                    back.join()
                self.close_connection = True

        server = ThreadingHTTPServer((LOOPBACK, 0), Proxy)
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        proxy = f"http://{LOOPBACK}:{server.server_port}"
        try:
            yield {"https_proxy": proxy, "HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(certificate)}, asked
        finally:
            server.shutdown()
            server.server_close()


def pass_on(source: socket.socket, target: socket.socket) -> None:
    """Pass on bytes until their end."""
    while data := source.recv(65_536):
        target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
