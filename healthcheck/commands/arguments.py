"""What can be typed, and the help that teaches it. Imports argparse and little else: `--help` is instant."""

from __future__ import annotations

import argparse
import difflib
import platform
import re
import sys
from collections.abc import Callable
from typing import Literal, NoReturn

from healthcheck import __version__
from healthcheck.commands import question_texts

PROGRAM = "sagemaker-healthcheck"
EXIT_USAGE = 3
"""argparse's own 2 means "critical" to every scheduler in this field."""

FAIL_ON = ("warning", "unknown", "critical", "never")
FORMATS = ("text", "json", "nagios", "prometheus")

_DESCRIPTION = """\
Find out whether an Amazon SageMaker set-up works, and if not, why, and how to mend it.

  credentials -> network -> region -> execution role -> bucket

Checks run in the order of what depends on what. When one fails, all that it makes
pointless is marked as blocked by it, so that you see one cause, not twenty symptoms."""

_EPILOG = """\
examples:
  sagemaker-healthcheck run                      # look once, at whatever your AWS environment points to
  sagemaker-healthcheck show role.trust          # what one check sees, needs, and cannot see
  sagemaker-healthcheck policy > policy.json     # the IAM permissions that all of it takes
  sagemaker-healthcheck serve                    # keep looking: metrics, logs, a status page
  sagemaker-healthcheck demo                     # see all of that without an AWS account

settings (optional): --config FILE, else $SAGEMAKER_HEALTHCHECK_CONFIG, ./healthcheck.yaml,
/etc/sagemaker-healthcheck/healthcheck.yaml, else one target from the AWS environment and
$SAGEMAKER_ROLE_ARN.

exit codes: 0 ok, 1 warning, 2 critical, 3 unknown or a mistake in how it was called."""

_RUN = """\
Run every check once, in dependency order, and print what was found as a tree grouped by
root cause, each with its fix. Exit code: 0 ok, 1 warning, 2 critical, 3 unknown."""

_RUN_EXAMPLES = """\
examples:
  sagemaker-healthcheck run
  sagemaker-healthcheck run --check bucket.reachable     # that check and all that it comes after
  sagemaker-healthcheck run --target prod/us-east-1 --fail-on critical
  sagemaker-healthcheck run --format json | jq '.incidents[].summary'
  sagemaker-healthcheck run --format nagios              # for a monitoring agent
  sagemaker-healthcheck run --format prometheus --output sagemaker.prom   # for node_exporter's textfile collector"""

_SERVE = """\
Run the checks on their schedule until told to stop, and show what they find:

  /               the status page            /metrics          for Prometheus
  /api/v1/status  the same as JSON           /-/healthy, /-/ready

SIGTERM and SIGINT stop it, SIGHUP reads the settings again, SIGUSR1 looks at every target now."""

_SERVE_EXAMPLES = """\
examples:
  sagemaker-healthcheck serve
  sagemaker-healthcheck serve --config prod.yaml --listen 127.0.0.1:9480
  sagemaker-healthcheck serve --enable-lifecycle &
  curl -X POST http://127.0.0.1:9479/api/v1/targets/prod/us-east-1/run   # mended: look again now
  curl -X POST http://127.0.0.1:9479/-/reload                            # read the settings again"""

_PING = """\
Ask the daemon of this machine whether it is well, and exit with 0 if it says so, else with 1:
a health command for containers, whose images have no curl. It takes no proxy.
Without --url it asks $SAGEMAKER_HEALTHCHECK_URL, else http://127.0.0.1:9479."""

_PING_EXAMPLES = """\
examples:
  sagemaker-healthcheck ping                             # is its scheduler at work?
  sagemaker-healthcheck ping --ready                     # has it looked at every target, and lately?
  sagemaker-healthcheck ping --url https://127.0.0.1:9479 --insecure --user probe --password-file /run/secrets/probe"""

_POLICY = """\
Print the least-privilege IAM policy for the identity that runs the checks: the actions of
exactly the enabled checks, on the roles and buckets of the targets. The document goes to
stdout, notes about it to stderr."""

_POLICY_EXAMPLES = """\
examples:
  sagemaker-healthcheck policy > policy.json
  aws iam put-user-policy --user-name healthcheck --policy-name healthcheck --policy-document file://policy.json
  sagemaker-healthcheck policy --any-resource            # before the roles and buckets are known"""

_DEMO = """\
Start an imitation AWS account on this machine, with targets of which some are broken, and
run the real daemon against it. Nothing leaves the machine. Needs the extra [demo]."""

_DEMO_EXAMPLES = """\
examples:
  sagemaker-healthcheck demo                             # then open the address that it prints
  sagemaker-healthcheck demo --faults                    # what can be broken
  sagemaker-healthcheck demo --break role-deleted        # break it in the demo that is running
  sagemaker-healthcheck demo --mend role-deleted"""


class Arguments(argparse.Namespace):
    """What was typed. A command reads the fields that its own arguments set."""

    command: str
    color: str = "auto"
    config: str | None
    format: str
    check: list[str]
    target: list[str]
    fail_on: str
    debug: bool
    listen: str | None
    enable_lifecycle: bool
    web_config: str | None
    output: str | None
    url: str | None
    ready: bool
    ca: str | None
    insecure: bool
    cert: str | None
    key: str | None
    user: str | None
    password_file: str | None
    log_format: Literal["auto", "json", "console"] | None
    log_level: Literal["debug", "info", "warning", "error"] | None
    any_resource: bool
    check_id: str
    error: list[str]
    schema: bool
    break_fault: str | None
    mend_fault: str | None
    faults: bool


class Parser(argparse.ArgumentParser):
    """argparse with our exit code, line breaks as written, and a nearest match for a mistyped word."""

    def __init__(self, *, prog: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,  # a later option could make an abbreviation ambiguous
        )

    def error(self, message: str) -> NoReturn:
        """End with a usage error."""
        # argparse words it "invalid choice: 'rnu' (choose from 'run', 'serve')", quoting or not by version.
        invalid = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)$", message)
        if invalid:
            choices = [choice.strip(" '") for choice in invalid[2].split(",")]
            nearest = difflib.get_close_matches(invalid[1], choices, n=1)
            message += f"; did you mean {nearest[0]}?" if nearest else ""
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\nTry `{self.prog} --help`.\n")


def build_parser() -> Parser:
    """Return the parser of the whole command line."""
    parser = Parser(prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument(
        "--version", action="version", version=f"{PROGRAM} {__version__} (Python {platform.python_version()})"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)

    def command(name: str, function: str, summary: str, description: str = "", examples: str = "") -> Parser:
        added = commands.add_parser(name, help=summary, description=description or summary, epilog=examples)
        added.set_defaults(command=function)
        return added

    run = command("run", "run:execute", "run every check once and say what is broken and why", _RUN, _RUN_EXAMPLES)
    _add_config(run)
    _add_selection(run)
    run.add_argument("--format", choices=FORMATS, default="text", help="default: %(default)s")
    run.add_argument(
        "--output", metavar="FILE", help="write to FILE instead of stdout; it is replaced whole, or not at all"
    )
    run.add_argument(
        "--fail-on",
        choices=FAIL_ON,
        default="warning",
        help="exit with 0 unless something is at least this bad (default: %(default)s; in this order)",
    )
    run.add_argument(
        "--debug", action="store_true", help="show on stderr where a check crashed, and what libraries log"
    )
    run.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="default: %(default)s")

    serve = command("serve", "serve:execute", "run the checks on their schedule", _SERVE, _SERVE_EXAMPLES)
    _add_config(serve)
    serve.add_argument("--listen", metavar="HOST:PORT", help="default: 127.0.0.1:9479; port 0 chooses a free one")
    serve.add_argument(
        "--enable-lifecycle", action="store_true", help="let POST reload settings and run targets, from this machine"
    )
    serve.add_argument(
        "--web-config",
        metavar="FILE",
        help="TLS, client certificates and passwords, in Prometheus's web.config.yml format",
    )
    serve.add_argument("--log-format", choices=("auto", "json", "console"), help="auto: console on a terminal")
    serve.add_argument("--log-level", choices=("debug", "info", "warning", "error"))

    _add_question(
        command("ping", "ping:execute", "ask the daemon of this machine whether it is well", _PING, _PING_EXAMPLES)
    )

    listing = command("list", "checks:execute_list", "list the checks")
    listing.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")

    show = command("show", "checks:execute_show", "show one check: what it sees, cannot see, and needs")
    show.add_argument("check_id", metavar="CHECK", help="such as role.trust; `list` has them all")

    policy = command("policy", "policy:execute", "print the IAM policy that it takes", _POLICY, _POLICY_EXAMPLES)
    _add_config(policy)
    _add_selection(policy)
    policy.add_argument("--any-resource", action="store_true", help='"Resource": "*" instead of the targets\' ARNs')

    config = command("config", "config:execute_check", "check, show or describe the settings file")
    actions = config.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    for name, summary in (
        ("check", "find every mistake in the settings, without touching the network"),
        ("show", "show the settings as they are in force, defaults included"),
        ("schema", "print a JSON Schema of the settings file, for editors"),
    ):
        added = actions.add_parser(name, help=summary, description=summary)
        added.set_defaults(command=f"config:execute_{name}")
        if name != "schema":
            _add_config(added)

    _add_questions(command)

    demo = command("demo", "demo:execute", "see it at work without an AWS account", _DEMO, _DEMO_EXAMPLES)
    demo.add_argument("--listen", metavar="HOST:PORT", help="default: 127.0.0.1:9479; port 0 chooses a free one")
    deed = demo.add_mutually_exclusive_group()
    deed.add_argument("--break", dest="break_fault", metavar="FAULT", help="break something in the running demo")
    deed.add_argument("--mend", dest="mend_fault", metavar="FAULT", help="mend it again")
    deed.add_argument("--faults", action="store_true", help="list what can be broken")
    return parser


def _add_questions(command: Callable[..., Parser]) -> None:
    """Add what is answered offline."""
    explain = command(
        "explain",
        "explain:execute",
        "say what an error of SageMaker, AWS or their SDKs really means",
        question_texts.EXPLAIN,
        question_texts.EXPLAIN_EXAMPLES,
    )
    explain.add_argument("error", nargs="*", metavar="TEXT", help="the error's text; none, or -, reads stdin")
    explain.add_argument(
        "--target", action="append", default=[], metavar="NAME", help="go on to run the checks that settle it there"
    )
    _add_config(explain)
    explain.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")
    explain.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="default: %(default)s")

    iam = command("iam", "iam:execute_evaluate", "ask the policy engine a question, offline")
    questions = iam.add_subparsers(title="questions", metavar="QUESTION", dest="question", required=True)
    for name, summary, description, examples in (
        (
            "evaluate",
            "is this request allowed by these policies?",
            question_texts.EVALUATE,
            question_texts.EVALUATE_EXAMPLES,
        ),
        (
            "assumable",
            "may SageMaker assume a role with this trust policy?",
            question_texts.ASSUMABLE,
            question_texts.ASSUMABLE_EXAMPLES,
        ),
    ):
        added = questions.add_parser(name, help=summary, description=description, epilog=examples)
        added.set_defaults(command=f"iam:execute_{name}")
        added.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")
        added.add_argument("--schema", action="store_true", help="print the question's JSON Schema and end")


def _add_config(parser: Parser) -> None:
    parser.add_argument("--config", metavar="FILE", help=f"the settings file (default: see `{PROGRAM} --help`)")


def _add_selection(parser: Parser) -> None:
    parser.add_argument(
        "--check",
        action="append",
        default=[],
        metavar="ID",
        help="only this check and all that it comes after; may be repeated",
    )
    parser.add_argument(
        "--target", action="append", default=[], metavar="NAME", help="only this target; may be repeated"
    )


def _add_question(parser: Parser) -> None:
    parser.add_argument("--url", metavar="URL", help="where the daemon listens")
    parser.add_argument("--ready", action="store_true", help="ask whether every target has been looked at lately")
    parser.add_argument("--user", metavar="NAME", help="where its --web-config asks for a password")
    parser.add_argument("--password-file", metavar="FILE", help="the password of --user")
    trust = parser.add_mutually_exclusive_group()
    trust.add_argument("--ca", metavar="FILE", help="who signed the daemon's certificate (default: the system's list)")
    trust.add_argument("--insecure", action="store_true", help="take any certificate: its names seldom have 127.0.0.1")
    parser.add_argument("--cert", metavar="FILE", help="where its --web-config asks for a certificate")
    parser.add_argument("--key", metavar="FILE", help="the key of --cert, if it is not in the same file")
