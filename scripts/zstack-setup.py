#!/usr/bin/env python3
"""Set up ZStack's side of the webhook: endpoint, topic, alarms, recovery notification, ways back.

It prints a plan, and asks before it changes anything. A second run finds nothing to do. It needs Python 3.9,
the folder `zstack` and the file terminal.py beside it, and nothing else. docs/zstack.md explains it.
"""

import sys

if sys.version_info < (3, 9):  # noqa: UP036 (it says what is needed)
    sys.exit("zstack-setup.py needs Python 3.9 or later: python3.9 zstack-setup.py ...")

import os
import shlex
from pathlib import Path

from terminal import Terminal, language_of
from zstack.arguments import Parser, at_least, offset
from zstack.setup import program
from zstack.setup.texts import TEXTS


def parser() -> Parser:
    """The options. None of them is a secret, because `ps` shows arguments."""
    made = Parser(
        description="Set up ZStack's side of the webhook. It prints a plan, and asks before a change.",
        epilog="Secrets are asked for, or come from the variables ZSTACK_PASSWORD, ZSTACK_SECOND_FACTOR,"
        " ZSTACK_ACCESS_SECRET and WEBHOOK_TOKEN, or from files.",
    )
    zstack = made.add_argument_group("ZStack")
    zstack.add_argument("--zstack", help="a management node (variable ZSTACK, or this machine)")
    zstack.add_argument("--account", default="admin", help="account to log in with (admin)")
    zstack.add_argument("--password-file", help="file with its password")
    zstack.add_argument("--ask-second-factor", action="store_true", help="ask for the second factor's code")
    zstack.add_argument("--access-key", metavar="ID", help="access key to use instead of an account")
    zstack.add_argument("--secret-file", help="file with the secret of the access key")
    zstack.add_argument(
        "--zone", type=offset, help="ZStack's time zone for the access key, such as +08:00 (as here)"
    )
    zstack.add_argument("--ca-file", help="certificate of the CA, if the API is behind HTTPS")
    endpoint = made.add_argument_group("endpoint")
    endpoint.add_argument("--url", help="the stack's WebhookUrl (variable WEBHOOK_URL)")
    endpoint.add_argument("--stack", help="ask the AWS CLI for the WebhookUrl of this stack")
    endpoint.add_argument("--channel", help="name of a channel, which the URL gets at its end")
    endpoint.add_argument("--cloud", help="name of this ZStack, if there are several")
    endpoint.add_argument("--endpoint", metavar="NAME", help="name of the endpoint (Flashduty)")
    endpoint.add_argument("--user", default="zstack", help="user name of the endpoint (zstack)")
    endpoint.add_argument("--token-file", help="file with the webhook token")
    endpoint.add_argument(
        "--new-password", action="store_true", help="replace the endpoint, although its password still works"
    )
    rules = made.add_argument_group("rules")
    rules.add_argument(
        "--only", action="append", default=[], metavar="RULE", help="a name, with * for anything, or a level"
    )
    rules.add_argument("--except", action="append", default=[], metavar="RULE", dest="exclude")
    rules.add_argument(
        "--own-topic", action="store_true", help="a topic for the endpoint alone, in place of system-alarm"
    )
    rules.add_argument(
        "--vm-states",
        action="store_true",
        help="subscribe to every change of every VM, which ends VMHAStarted",
    )
    run = made.add_argument_group("run")
    run.add_argument("--dry-run", action="store_true", help="end after the plan")
    run.add_argument("--yes", action="store_true", help="do not ask")
    run.add_argument("--undo", type=Path, metavar="FILE", help="take back what a run changed")
    run.add_argument("--undo-file", type=Path, metavar="FILE", help="write the undo file here")
    run.add_argument(
        "--patience",
        type=at_least(0.1),
        default=60,
        metavar="SECONDS",
        help="how long a change may take (60)",
    )
    run.add_argument(
        "--pace",
        type=at_least(0.05),
        default=1,
        metavar="SECONDS",
        help="how often to ask if a change is done (1, at least 0.05)",
    )
    run.add_argument("--verbose", action="store_true", help="print every call and every name")
    run.add_argument("--language", choices=("en", "zh"), help="that of the terminal by default (LANG)")
    return made


def main() -> int:
    """Run it; the exit status is 0 if everything is set up."""
    options = parser().parse_args()
    options.program = f"python3 {shlex.quote(sys.argv[0])}"
    terminal = Terminal(TEXTS, options.language or language_of(os.environ))
    try:
        return program.run(terminal, options)
    except BrokenPipeError:
        os._exit(1)
    except Exception as error:
        # A traceback could show a secret.
        at = error.__traceback__
        while at.tb_next and Path(at.tb_next.tb_frame.f_code.co_filename).is_relative_to(
            Path(__file__).parent
        ):
            at = at.tb_next
        file = Path(at.tb_frame.f_code.co_filename).name
        terminal.line(terminal.say("mistake", kind=type(error).__name__, file=file, line=at.tb_lineno))
        return 1


if __name__ == "__main__":
    sys.exit(main())
