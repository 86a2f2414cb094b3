"""The real AWS command line, started already. Most of the time of a call goes into imports and JSON files.

A server has read them before, and forks for each call. The child gets the arguments, environment, folder and
streams of the caller, and runs the command line as it is.

Run as a program, this is the server. It needs the Python of the command line.
"""

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr
from functools import cache
from pathlib import Path
from typing import NoReturn

SERVICES = ("cloudformation", "cloudwatch", "lambda", "logs", "sns", "sqs", "ssm", "sts")

CLIENT = """import json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.connect(sys.argv[1])
    asked = {"arguments": sys.argv[2:], "environment": dict(os.environ), "folder": os.getcwd()}
    socket.send_fds(server, [json.dumps(asked).encode()], [0, 1, 2])
    sys.exit(server.recv(1)[0])
"""
"""What stands in for `aws`. It waits for the exit status."""


@cache
def command(python: Path) -> str:
    """Start the server, which ends with this process. The result is a command for a shell."""
    folder = Path(tempfile.mkdtemp(prefix="aws-"))
    atexit.register(shutil.rmtree, folder)
    (folder / "client.py").write_text(CLIENT)
    # It ends when its standard input does.
    server = subprocess.Popen(
        [python, __file__, folder / "socket"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert server.stdout.readline() == b"ready\n"
    return f"'{sys.executable}' -IS '{folder}/client.py' '{folder}/socket'"


def serve(path: str) -> None:
    """Read and import everything once, then answer calls until the standard input ends."""
    import awscli.clidriver
    from botocore import loaders

    read, models = loaders.JSONFileLoader.load_file, {}

    def read_once(loader: loaders.JSONFileLoader, file: str) -> dict | None:
        if file not in models:
            models[file] = read(loader, file)
        return models[file]

    loaders.JSONFileLoader.load_file = read_once
    nowhere = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    os.environ.update(nowhere, AWS_ENDPOINT_URL="http://127.0.0.1:1", AWS_MAX_ATTEMPTS="1")
    session = awscli.clidriver.create_clidriver().session
    for service in SERVICES:
        session.create_client(service)
    # A call that fails imports the rest.
    sys.argv = ["aws", "sts", "get-caller-identity"]
    with Path(os.devnull).open("w") as nobody, redirect_stderr(nobody):
        awscli.clidriver.main()

    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        listener.listen(16)
        print("ready", flush=True)
        if not (server := os.fork()):
            accept(listener, awscli.clidriver.main)
        sys.stdin.buffer.read()
        os.kill(server, signal.SIGKILL)


def accept(listener: socket.socket, main: Callable[[], int]) -> NoReturn:
    """Fork for each call. Nobody waits for the children."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listener.accept()
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            answer(connection, main)
        connection.close()


def answer(connection: socket.socket, main: Callable[[], int]) -> NoReturn:
    """Be the command line for one call."""
    asked, files, *_ = socket.recv_fds(connection, 1 << 20, 3)
    call, status = json.loads(asked), 255
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.chdir(call["folder"])
    # The command line sets this variable when it is imported.
    data = {"AWS_DATA_PATH": os.environ["AWS_DATA_PATH"]}
    os.environ.clear()
    os.environ.update(data | call["environment"])
    sys.argv = ["aws", *call["arguments"]]
    try:
        status = main() or 0
    except SystemExit as ended:
        status = ended.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(bytes([status & 255]))
        os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1])
