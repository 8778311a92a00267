"""`policy`: the IAM permissions that the enabled checks take."""

from __future__ import annotations

from collections.abc import Sequence

from healthcheck.commands.arguments import Arguments
from healthcheck.commands.console import Console
from healthcheck.commands.parts import Parts
from healthcheck.policy import Grant, grants
from healthcheck.surfaces import documents

_INDENT = 2


def execute(arguments: Arguments, console: Console) -> int:
    """Print the policy, or an array of them where identities need different ones."""
    needed = grants(Parts(arguments, console).load(), any_resource=arguments.any_resource)
    policies = [document for grant in needed for document in grant.documents]
    for number, grant in enumerate(needed, start=1):
        _tell(number if len(needed) > 1 else None, grant, console)
    if len(policies) > 1:
        console.note(
            f"These are {len(policies)} policies in one JSON array, in this order. To have one alone, name its targets "
            "with --target, or take it out: `| jq '.[0]'`."
        )
    if policies:
        wanted: object = policies if len(policies) > 1 else policies[0]
        console.document(documents.dump(wanted, indent=_INDENT))
    else:
        console.note("The enabled checks need no permission, so there is no policy to attach.")
    return 0


def _tell(number: int | None, grant: Grant, console: Console) -> None:
    lead = f"{number}. " if number else ""
    purpose = ", to assume the roles of" if grant.is_for_assuming else ", for"
    console.note(f"{lead}For {_listed(grant.holders)}{purpose} {_listed(grant.targets)}.")
    for note in grant.notes:
        console.note(f"   {note}")


def _listed(names: Sequence[str], most: int = 5) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
