"""From settings to a plan, telling every mistake of meaning at once."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields
from pathlib import Path

from healthcheck.config import Config, Mistake, Mistakes, Place, TargetEntry, read
from healthcheck.config.mistakes import did_you_mean, quoted
from healthcheck.plan.binding import Binder, FailedPlugin, narrow
from healthcheck.plan.model import BoundCheck, Plan, PlannedTarget, Selection
from healthcheck.plan.showing import written_settings
from healthcheck.registry import Registry, closest
from healthcheck.target import CredentialSource, Target

ROLE_VARIABLE = "SAGEMAKER_ROLE_ARN"
"""Names the execution role where no settings file does; the variable that newcomers' guides use."""

AMBIENT_NAME = "ambient"
"""The name of the one target that is watched when none is configured."""

_IMAGE_REGION = re.compile(r"[0-9]{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.")
_KEY_REGION = re.compile(r"arn:[a-z-]+:kms:([a-z0-9-]+):")

AmbientRegion = Callable[[CredentialSource], "str | None"]


def load(
    path: Path | None,
    registry: Registry,
    *,
    environ: Mapping[str, str],
    ambient_region: AmbientRegion,
    only_checks: Collection[str] = (),
    only_targets: Collection[str] = (),
    generation: int = 0,
    plugin_failures: Collection[FailedPlugin] = (),
) -> Plan:
    """Read a settings file and plan what it asks for.

    Raises:
        ConfigError: with every mistake, of shape and of meaning, in the order of the file.
    """
    reading = read(path, environ)
    return build(
        reading.config,
        registry,
        environ=environ,
        ambient_region=ambient_region,
        only_checks=only_checks,
        only_targets=only_targets,
        generation=generation,
        plugin_failures=plugin_failures,
        mistakes=reading.mistakes,
    )


def build(
    config: Config,
    registry: Registry,
    *,
    environ: Mapping[str, str],
    ambient_region: AmbientRegion,
    only_checks: Collection[str] = (),
    only_targets: Collection[str] = (),
    generation: int = 0,
    plugin_failures: Collection[FailedPlugin] = (),
    mistakes: Iterable[Mistake] = (),
) -> Plan:
    """Return the plan for settings that were read.

    Args:
        config: the settings, as `healthcheck.config.load` returns them.
        registry: the checks there are.
        environ: where ``SAGEMAKER_ROLE_ARN`` is looked up, if no target is configured.
        ambient_region: the region that a credential source's profile or environment names; asked only where
            the settings name none.
        only_checks: run these and all that they come after; none = all.
        only_targets: names of targets, of entries (all their regions), or patterns such as ``*/eu-west-1``; none = all.
        generation: which reading this is; runs carry it.
        plugin_failures: contributed checks that settings may still speak of.
        mistakes: what was found while reading, to be told together with what is found here.

    Raises:
        ConfigError: with every mistake.
    """
    found = Mistakes(str(config.path), mistakes)
    binder = Binder(registry, config.checks, found, plugin_failures)
    roots = _roots(only_checks, registry, found)
    fingerprints = _Fingerprints()
    planned: list[PlannedTarget] = []
    names: list[str] = []
    for entry in config.targets or (_ambient_entry(environ),):
        selection = binder.bind(entry.checks)
        _look_for_regions(entry, found)
        if not selection.checks and len(registry):
            found.add(entry.place, f"target {entry.name} has every check turned off; turn one on, or remove the target")
        if roots:
            selection = narrow(selection, registry, roots)
        for target in _targets(entry, ambient_region, is_configured=bool(config.targets)):
            if not only_targets or any(_is_meant(target, entry, wanted) for wanted in only_targets):
                fingerprint = fingerprints.of(target, selection)
                planned.append(PlannedTarget(target, selection.checks, selection.disabled, fingerprint))
            names.append(target.name)
    _look_for_targets(only_targets, names, found)
    if planned:
        _look_for_roots(roots, planned, found)
    found.raise_if_any()
    # Where none of the checks that are asked for runs, there is nothing to do.
    watched = tuple(target for target in planned if target.checks or not roots)
    return Plan(watched, config.daemon, generation, config.path, binder.base)


def _ambient_entry(environ: Mapping[str, str]) -> TargetEntry:
    return TargetEntry(AMBIENT_NAME, Place(1, 1), role=environ.get(ROLE_VARIABLE) or None)


def _targets(entry: TargetEntry, ambient_region: AmbientRegion, *, is_configured: bool) -> Iterable[Target]:
    for region in entry.regions or (ambient_region(entry.source),):
        yield Target(
            name=f"{entry.name}/{region}" if region else entry.name,
            source=entry.source,
            region=region or None,
            account=entry.account,
            role=entry.role,
            bucket=entry.bucket,
            purposes=entry.purposes,
            reads=entry.reads,
            writes=entry.writes,
            images=_of_region(entry.images, _IMAGE_REGION, region),
            output_keys=_of_region(entry.output_keys, _KEY_REGION, region),
            volume_keys=_of_region(entry.volume_keys, _KEY_REGION, region),
            subnets=entry.subnets,
            security_groups=entry.security_groups,
            caller=entry.caller,
            labels=entry.labels,
            configured=is_configured,
        )


def _of_region(named: tuple[str, ...], pattern: re.Pattern[str], region: str | None) -> tuple[str, ...]:
    """Return what belongs to a region by its own name."""
    return tuple(text for text in named if region is None or _region_of(text, pattern) == region)


def _region_of(text: str, pattern: re.Pattern[str]) -> str:
    match = pattern.match(text)
    return match[1] if match else ""


def _look_for_regions(entry: TargetEntry, mistakes: Mistakes) -> None:
    """Note what belongs to a region in which the target is not, or to no telling which of several."""
    for field, named, pattern in (
        ("images", entry.images, _IMAGE_REGION),
        ("output_keys", entry.output_keys, _KEY_REGION),
        ("volume_keys", entry.volume_keys, _KEY_REGION),
    ):
        for text in named:
            region = _region_of(text, pattern)
            if entry.regions and region not in entry.regions:
                where = f"is in {region}, and the target in {', '.join(entry.regions)}"
                mistakes.add(
                    entry.place, f"{field} of target {entry.name}: {text} {where}; jobs use what is beside them"
                )
    if entry.subnets and len(entry.regions) > 1:
        sentence = f"target {entry.name} names subnets and {len(entry.regions)} regions; make a target of each region"
        mistakes.add(entry.place, sentence)


class _Fingerprints:
    """Digests of all that decides what runs; independent of the process and of the order in the file."""

    def __init__(self) -> None:
        # By identity: targets share their bound checks, and each is kept here, so no identity is used twice.
        self._texts: dict[int, tuple[BoundCheck, str]] = {}

    def of(self, target: Target, selection: Selection) -> str:
        """Return the fingerprint of a target with these checks."""
        facts = {field.name: getattr(target, field.name) for field in fields(target)}
        parts = [_canonical(facts), _canonical(selection.disabled), *map(self._text, selection.checks)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def _text(self, bound: BoundCheck) -> str:
        if id(bound) not in self._texts:
            self._texts[id(bound)] = (bound, _canonical([bound.id, bound.after, written_settings(bound)]))
        return self._texts[id(bound)][1]


def _canonical(facts: object) -> str:
    return json.dumps(facts, sort_keys=True, default=str)


def _roots(only_checks: Collection[str], registry: Registry, mistakes: Mistakes) -> tuple[str, ...]:
    ids = [check.id for check in registry]
    for wanted in only_checks:
        if wanted not in registry:
            hint = did_you_mean(closest(wanted, ids)) or "; `sagemaker-healthcheck list` shows them all"
            mistakes.add_at_option("--check", f"there is no check {quoted(wanted)}{hint}")
    return tuple(dict.fromkeys(wanted for wanted in only_checks if wanted in registry))


def _is_meant(target: Target, entry: TargetEntry, wanted: str) -> bool:
    return wanted in (target.name, entry.name) or fnmatch.fnmatchcase(target.name, wanted)


def _look_for_targets(only_targets: Collection[str], names: Collection[str], mistakes: Mistakes) -> None:
    entries = {name.partition("/")[0] for name in names}
    for wanted in only_targets:
        if wanted not in entries and not any(fnmatch.fnmatchcase(name, wanted) for name in names):
            suggestion = closest(wanted, [*names, *entries])
            hint = did_you_mean(suggestion) if suggestion else "; there is " + ", ".join(list(names)[:10])
            mistakes.add_at_option("--target", f"there is no target {quoted(wanted)}{hint}")


def _look_for_roots(roots: Collection[str], planned: Iterable[PlannedTarget], mistakes: Mistakes) -> None:
    running = {bound.id for target in planned for bound in target.checks}
    for root in roots:
        if root not in running:
            turn_on = f"turn it on in the settings, under checks: {root}: {{enabled: true}}"
            mistakes.add_at_option("--check", f"check {root} is turned off on every target; {turn_on}")
