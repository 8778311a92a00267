"""What holds for all policies: a Deny only takes away, an Allow never does, order is irrelevant, nothing crashes."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from healthcheck.iam import (
    ContextValue,
    Decision,
    Document,
    Hole,
    Outcome,
    PolicyError,
    Request,
    assumable,
    evaluate,
    load_document,
)

ACCOUNTS = ("111122223333", "444455556666")
PRINCIPALS = (
    "arn:aws:iam::111122223333:role/p/r",
    "arn:aws:sts::111122223333:assumed-role/r/s",
    "arn:aws:iam::111122223333:user/u",
    "arn:aws:sts::111122223333:federated-user/u",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::444455556666:role/r",
    "sagemaker.amazonaws.com",
)
ACTIONS = ("s3:GetObject", "kms:Decrypt", "sts:AssumeRole")
RESOURCES = (
    "arn:aws:s3:::b/k",
    "arn:aws:kms:eu-west-1:111122223333:key/1",
    "arn:aws:iam::111122223333:role/p/r",
)
KEYS = ("aws:SourceVpce", "aws:RequestedRegion")

conditions = st.dictionaries(
    st.sampled_from(
        ["StringEquals", "StringNotEquals", "StringLikeIfExists", "Null", "ForAllValues:StringEquals", "Bool"]
    ),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["true", "a", "${aws:username}"]), max_size=2),
    max_size=1,
)
statements = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Resource": st.sampled_from(["*", "arn:aws:s3:::b/*", "arn:aws:kms:*", "arn:aws:s3:::${aws:username}/*"]),
        "Condition": conditions,
    },
).flatmap(
    lambda statement: st.sampled_from(
        [{**statement, "Action": "*"}, {**statement, "Action": "s3:Get*"}, {**statement, "NotAction": "kms:*"}]
    )
)
allows = statements.map(lambda statement: {**statement, "Effect": "Allow"})
denies = statements.map(lambda statement: {**statement, "Effect": "Deny"})
NAMED: tuple[Mapping[str, object], ...] = (
    {"Principal": "*"},
    {"Principal": {"AWS": list(PRINCIPALS[:3])}},
    {"Principal": {"AWS": "111122223333"}},
    {"Principal": {"Service": "sagemaker.amazonaws.com"}},
    {"NotPrincipal": {"AWS": PRINCIPALS[0]}},
)
resource_statements = st.tuples(statements, st.sampled_from(NAMED)).map(lambda pair: {**pair[0], **pair[1]})
holes = st.just(Hole("unread", "iam:GetPolicy"))


def document(given_statements: Sequence[Mapping[str, object]]) -> Document:
    return load_document({"Version": "2012-10-17", "Statement": list(given_statements)}, name="P")


documents = st.lists(statements, max_size=3).map(document)
layer = st.lists(st.one_of(documents, documents, documents, holes), max_size=3)
OWNED: tuple[tuple[str, str | None], ...] = (
    *((RESOURCES[0], account) for account in (None, *ACCOUNTS)),
    *((resource, None) for resource in RESOURCES[1:]),
)
requests = st.builds(
    lambda action, owned, *rest: Request(action, *owned, *rest),
    st.sampled_from(ACTIONS),
    st.sampled_from(OWNED),
    st.sampled_from([None, *PRINCIPALS]),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["a", None, "true", ["a", "b"]])),
    st.booleans(),
)
worlds = st.fixed_dictionaries(
    {
        "identity": layer,
        "boundary": st.none() | layer,
        "session": st.none() | layer,
        "scps": st.none() | st.lists(layer, max_size=2),
        "rcps": st.none() | st.lists(layer, max_size=2),
        "resource_policy": st.one_of(st.none(), holes, st.lists(resource_statements, max_size=3).map(document)),
    }
)

ACCESS = {Outcome.EXPLICIT_DENY: 0, Outcome.IMPLICIT_DENY: 0, Outcome.UNKNOWN: 1, Outcome.ALLOWED: 2}


def decide(request: Request, world: Mapping[str, object], **changes: object) -> Decision:
    return evaluate(request, **{**world, **changes})  # type: ignore[arg-type]


@given(requests, worlds, st.lists(denies, min_size=1, max_size=2))
def test_a_deny_never_gives_access(
    request: Request, world: Mapping[str, list[Document]], more: list[Mapping[str, object]]
) -> None:
    before = decide(request, world)
    after = decide(request, world, identity=[*world["identity"], document(more)])
    assert ACCESS[after.outcome] <= ACCESS[before.outcome]


@given(requests, worlds, st.lists(allows, min_size=1, max_size=2))
def test_an_allow_never_takes_access_away(
    request: Request, world: Mapping[str, list[Document]], more: list[Mapping[str, object]]
) -> None:
    before = decide(request, world)
    after = decide(request, world, identity=[*world["identity"], document(more)])
    assert ACCESS[after.outcome] >= ACCESS[before.outcome]


LIMITS = ("boundary", "session", "scps", "rcps")


@given(requests, worlds, st.sampled_from(LIMITS), layer)
def test_a_limit_never_gives_access(
    request: Request, world: Mapping[str, list[Document]], limit: str, more: list[Document]
) -> None:
    """But for the session policy of a federated user, who without one may do nothing."""
    federated = request.principal is not None and ":federated-user/" in request.principal
    assume(not (federated and limit == "session"))
    without = {**world, limit: None}
    levels = limit in ("scps", "rcps")
    after = decide(request, world, **{limit: [more] if levels else more})
    assert ACCESS[after.outcome] <= ACCESS[decide(request, without).outcome]


@given(requests, worlds, st.sampled_from(LIMITS))
def test_a_limit_that_allows_all_changes_nothing(
    request: Request, world: Mapping[str, list[Document]], limit: str
) -> None:
    """But for NotPrincipal, which means whoever has a boundary."""
    federated = request.principal is not None and ":federated-user/" in request.principal
    assume(not (federated and limit == "session"))
    excepts = any("NotPrincipal" in text for text in texts(world["resource_policy"]))
    assume(not (limit == "boundary" and excepts))
    everything = document([{"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}])
    plain = document([{"Effect": "Allow", "Action": "*", "Resource": "*"}])
    limits = {"boundary": [plain], "session": [plain], "scps": [[plain], [plain]], "rcps": [[everything]]}
    before, after = decide(request, {**world, limit: None}), decide(request, world, **{limit: limits[limit]})
    assert before.outcome is after.outcome


def texts(policy: object) -> list[str]:
    return [statement.text for statement in policy.statements] if isinstance(policy, Document) else []


allows_of_resources = resource_statements.map(lambda statement: {**statement, "Effect": "Allow"})


@given(
    requests, worlds, st.lists(resource_statements, max_size=2), st.lists(allows_of_resources, min_size=1, max_size=2)
)
def test_an_allow_of_the_resource_never_takes_access_away(
    request: Request,
    world: Mapping[str, list[Document]],
    held: list[Mapping[str, object]],
    more: list[Mapping[str, object]],
) -> None:
    before = decide(request, world, resource_policy=document(held))
    after = decide(request, world, resource_policy=document([*held, *more]))
    assert ACCESS[after.outcome] >= ACCESS[before.outcome]


@given(requests, worlds)
def test_letter_case_of_actions_and_keys_is_irrelevant(request: Request, world: Mapping[str, list[Document]]) -> None:
    shouted = Request(
        request.action.upper(),
        request.resource,
        request.resource_account,
        request.principal,
        {key.upper(): value for key, value in request.context.items()},
        request.context_complete,
    )
    assert decide(request, world).outcome is decide(shouted, world).outcome


@given(requests, worlds, st.randoms(use_true_random=False))
def test_order_is_irrelevant(request: Request, world: Mapping[str, list[Document]], random: object) -> None:
    shuffled = list(world["identity"])
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(request, world).outcome is decide(request, world, identity=shuffled).outcome


@given(requests, st.lists(statements, max_size=4), st.randoms(use_true_random=False))
def test_how_statements_are_spread_over_documents_is_irrelevant(
    request: Request, given_statements: list[Mapping[str, object]], random: object
) -> None:
    together = evaluate(request, identity=[document(given_statements)])
    random.shuffle(given_statements)  # type: ignore[attr-defined]
    apart = evaluate(request, identity=[document([statement]) for statement in given_statements])
    assert together.outcome is apart.outcome


@given(requests, worlds)
def test_reading_a_hole_only_settles_what_was_open(
    request: Request, world: Mapping[str, list[Document | Hole]]
) -> None:
    """Whatever stands in the unread document, a certain outcome stays as it was."""
    before = decide(request, world)
    for text in ([], [{"Effect": "Allow", "Action": "*", "Resource": "*"}]):
        read = document(text)
        filled = [read if isinstance(each, Hole) else each for each in world["identity"]]
        after = decide(request, world, identity=filled)
        if before.outcome is not Outcome.UNKNOWN:
            assert ACCESS[after.outcome] == ACCESS[before.outcome]


values = st.sampled_from(["a", "true", "z", None, ["a", "z"]])


@given(requests.filter(lambda request: not request.context_complete), worlds, values, values, values)
def test_learning_an_unknown_key_never_overturns_what_was_certain(
    request: Request, world: Mapping[str, list[Document]], first: str | None, second: str | None, third: str | None
) -> None:
    before = decide(request, world)
    learnt = dict(zip((*KEYS, "aws:username"), (first, second, third), strict=True))
    unknown = {key: value for key, value in learnt.items() if request.known.values(key.lower()) is None}
    context = {**unknown, **request.context}
    after = decide(
        Request(request.action, request.resource, request.resource_account, request.principal, context), world
    )
    if before.outcome is not Outcome.UNKNOWN:
        assert ACCESS[after.outcome] == ACCESS[before.outcome]


@given(requests, worlds)
def test_every_unknown_outcome_says_what_it_hangs_on_and_every_other_does_not(
    request: Request, world: Mapping[str, list[Document]]
) -> None:
    decision = decide(request, world)
    reasons = decision.unknown_keys or decision.holes or decision.doubts
    assert bool(reasons) is (decision.outcome is Outcome.UNKNOWN)
    assert decision.explain().startswith(("allowed: ", "denied: ", "cannot tell: "))
    federated = request.principal is not None and ":federated-user/" in request.principal
    is_explained_by_layers = not federated and not decision.barred
    assert bool(decision.blocking) is (decision.outcome is Outcome.IMPLICIT_DENY) or not is_explained_by_layers
    assert bool(decision.deciding) or decision.outcome is not Outcome.EXPLICIT_DENY
    json.dumps(decision.as_json())
    if decision.as_far_as_seen is not decision.outcome:
        assert decision.outcome is Outcome.UNKNOWN
        assert decision.holes


# Fuzzing: anything that JSON, or a caller, can say.
words = st.sampled_from(
    ["Version", "Statement", "Effect", "Allow", "Deny", "Action", "NotAction", "Resource", "NotResource", "Principal",
     "NotPrincipal", "Condition", "AWS", "Service", "*", "s3:*", "2012-10-17", "StringLike", "Null", "DateLessThan",
     "NumericEquals", "IpAddress", "BinaryEquals", "ArnLike", "aws:CurrentTime", "${aws:x, 'y'}", "arn:aws:s3:::b/?"]
)  # fmt: skip
scalars = st.one_of(words, st.text(max_size=8), st.none(), st.booleans(), st.integers(), st.floats())
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
broken_statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": words | st.lists(words, max_size=3)},
    optional={
        "Resource": words | st.lists(words, max_size=3) | junk,
        "Principal": junk | st.dictionaries(st.sampled_from(["AWS", "Service"]), st.text() | st.lists(st.text())),
        "Condition": junk
        | st.dictionaries(words, st.dictionaries(words, scalars | st.lists(scalars, max_size=3), max_size=2)),
        "Sid": junk,
    },
)
CONTEXTS: tuple[Mapping[str, ContextValue], ...] = (
    {},
    {"aws:CurrentTime": "2020-01-01", "${aws:x, 'y'}": "10", "*": ["1.2.3.4", "\ud800"], "s3:*": ""},
)


def use(loaded: Document) -> None:
    for action, resource in (("s3:GetObject", "arn:aws:s3:::b/k"), ("sts:AssumeRole", "*")):
        for context in CONTEXTS:
            request = Request(action, resource, principal=PRINCIPALS[1], context=context)
            evaluate(request, identity=[loaded], resource_policy=loaded).explain()
            assumable(loaded, "sagemaker.amazonaws.com", context).explain()


@given(junk | st.fixed_dictionaries({"Statement": st.lists(broken_statements | junk, max_size=3)}))
def test_no_mapping_raises_anything_but_policy_error(source: Mapping[str, object]) -> None:
    try:
        loaded = load_document(source, name="fuzzed")
    except PolicyError as error:
        assert str(error).startswith("policy fuzzed")  # noqa: PT017 - whether it is raised is the fuzzer's choice
    else:
        use(loaded)


@given(st.text() | st.text(alphabet='{}[]":,StatemenEffctAowDy*%0123456789'))
def test_no_text_raises_anything_but_policy_error(source: str) -> None:
    try:
        use(load_document(source, name="fuzzed"))
    except PolicyError as error:
        assert str(error).startswith("policy fuzzed")  # noqa: PT017 - see above


@pytest.mark.parametrize(
    "statement",
    [
        lambda n: {"Action": ["s3:*a*b*c*"] * n, "Resource": "*"},
        lambda n: {"Action": "s3:" + "*a" * n, "Resource": "*"},
        lambda n: {"Action": "*", "Resource": "arn:aws:s3:::" + "*?" * n},
        lambda n: {"Action": "*", "Resource": "arn:aws:s3:::" + "${aws:username}*" * n},
        lambda n: {"Action": "*", "Resource": "*", "Condition": {"StringLike": {"aws:x": ["*a" * 10] * n}}},
        lambda n: {"Action": "*", "Resource": "*", "Condition": {"ArnLike": {"aws:x": [":*" * 10] * n}}},
        lambda n: {"Action": "*", "Resource": "*", "Condition": {"a" * n: {}}},
        lambda n: {"Action": "*", "Resource": "*", "b" * n: {}},
        lambda n: {"Action": "*", "Resource": "*", "Principal": {"AWS": ["111122223333"] * n}},
        lambda n: {"Action": "*", "Resource": "*", "Condition": {"StringLike": {f"aws:k{i}": "a" for i in range(n)}}},
        lambda n: {"Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:x": ["1.2.3.4/" + "9" * 9] * n}}},
    ],
)
def test_time_grows_no_faster_than_the_document(statement: object) -> None:
    """Eight times the document takes about eight times the time; quadratic would be sixty-four."""

    assert_linear(lambda size: {"Effect": "Deny", **statement(size)})  # type: ignore[operator]


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("condition", [{}, {"StringLike": {"aws:Unknown": "a*"}}], ids=["certain", "open"])
def test_time_grows_no_faster_than_the_number_of_statements(effect: str, condition: Mapping[str, object]) -> None:
    statement = {"Effect": effect, "Action": "s3:*", "Resource": "*", "Condition": condition}
    assert_linear(lambda size: [{"Sid": f"S{index}", **statement} for index in range(size)])


def assert_linear(make: Callable[[int], object]) -> None:
    def seconds(size: int) -> float:
        made = make(size)
        context = {"aws:x": "arn:aws:iam::1:" + "a" * 500, "aws:username": "a"}
        request = Request("s3:GetObject", "arn:aws:s3:::" + "a" * 500, principal=PRINCIPALS[0], context=context)
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            try:
                loaded = load_document({"Version": "2012-10-17", "Statement": made}, name="large")
                evaluate(request, identity=[], resource_policy=loaded).explain()
                evaluate(request, identity=[loaded]).explain()
            except PolicyError:
                pass
            best = min(best, time.process_time() - started)
        return best

    # The collector looks at every object of the whole test run again and again, which is not the engine's time.
    gc.disable()
    try:
        small, large = seconds(750), seconds(6_000)
    finally:
        gc.enable()
    assert large < max(24 * small, 0.1)
