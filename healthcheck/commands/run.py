"""`run`: the doctor."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from pathlib import Path

from healthcheck import __version__
from healthcheck.commands.arguments import EXIT_USAGE, Arguments
from healthcheck.commands.console import Console, Progress
from healthcheck.commands.parts import Parts
from healthcheck.commands.pasted import with_settings
from healthcheck.doctor import examine, exit_code
from healthcheck.engine.runner import Runner
from healthcheck.engine.snapshot import Snapshot
from healthcheck.errors import HealthcheckError
from healthcheck.host import LocalHost
from healthcheck.interpreter import short_lived
from healthcheck.registry import Registry
from healthcheck.result import Result, Status
from healthcheck.run import Run
from healthcheck.surfaces import documents, text, textfile
from healthcheck.surfaces.redaction import Redactor, redact, secrets_in

_INDENT = 2


def execute(arguments: Arguments, console: Console) -> int:
    """Look once at everything that is planned, and print what was seen."""
    _listen_to_libraries(console, wanted=arguments.debug)
    try:
        with short_lived():
            return _look(arguments, console)
    except HealthcheckError as error:
        if arguments.format != "nagios":
            raise
        # Monitoring agents show stdout and drop stderr.
        console.document(f"SAGEMAKER UNKNOWN - {' / '.join(str(error).splitlines())}")
        return EXIT_USAGE


def _look(arguments: Arguments, console: Console) -> int:
    parts = Parts(arguments, console)
    plan = parts.load()
    progress = Progress(console, sum(len(target.checks) for target in plan.targets))

    def tell(run: Run) -> None:
        progress.step(text.progress_line(run, encoding=console.stderr.encoding))

    # While the first look at the network waits for its answer; a check that needs a client sooner makes it itself.
    targets = [planned.target for planned in plan.targets]
    threading.Thread(target=parts.gateway.warm, args=(targets, plan.services), daemon=True).start()
    redactor = Redactor(secrets_in(console.environ))

    def cleaned(result: Result) -> Result:
        result = redactor.verdict(result)
        return with_settings(result, arguments.config) if arguments.config else result

    runner = Runner(parts.gateway, LocalHost(console.environ), workers=plan.daemon.workers, cleaned=cleaned)
    try:
        snapshot = examine(plan, runner, clock=_now, plugin_failures=parts.discovery.failures, on_run=tell)
    finally:
        progress.end()
        # Whatever still hangs is past its deadline; its verdict is in, and its thread ends with the process.
        runner.close(0)
        parts.gateway.close()
    document = _rendered(snapshot, arguments.format, parts.discovery.registry, console)
    if arguments.output:
        console.put(document, Path(arguments.output))
    else:
        console.document(document)
    return exit_code(snapshot.status, None if arguments.fail_on == "never" else Status(arguments.fail_on))


def _listen_to_libraries(console: Console, *, wanted: bool) -> None:
    """Show what is logged if somebody wants it: else Python itself would, in the middle of the tree."""
    handler = logging.StreamHandler(console.stderr) if wanted else logging.NullHandler()
    handler.setFormatter(_WithoutSecrets("%(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO)


class _WithoutSecrets(logging.Formatter):
    """Lines of libraries, and tracebacks, as they may be shown."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        return redact.text(super().format(record))


def _rendered(snapshot: Snapshot, wanted: str, registry: Registry, console: Console) -> str:
    match wanted:
        case "json":
            return documents.dump(documents.status_document(snapshot, version=__version__), indent=_INDENT)
        case "nagios":
            return text.nagios(snapshot)
        case "prometheus":
            return textfile.render(snapshot, version=__version__, checks=registry)
        case _:
            return text.render(
                snapshot, colour=console.colour, width=console.width, registry=registry, encoding=console.encoding
            )


def _now() -> datetime:
    return datetime.now(UTC)
