"""The condition operators, on the line and on each side of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from healthcheck.iam import ContextValue
from healthcheck.iam.conditions import parse_conditions
from healthcheck.iam.context import Context
from healthcheck.iam.operators import OPERATORS
from healthcheck.iam.truth import Maybe

YES, NO, OPEN = True, False, "open"
IP = "203.0.113.7"
MOMENT = "2020-04-01T12:00:00Z"
EPOCH = "1585742400"  # the same moment

# operator, value or values of the policy, value or values of the request, expected
PRESENT: list[tuple[str, object, ContextValue, object]] = [
    ("StringEquals", "a", "a", YES),
    ("StringEquals", "a", "A", NO),
    ("StringEquals", "a*", "ab", NO),
    ("StringEquals", ["x", "a"], "a", YES),
    # Access Analyzer: a plain operator with an empty list holds, and the statement has no effect. Which is it?
    ("StringEquals", [], "a", OPEN),
    ("ForAllValues:StringEquals", [], "a", NO),
    ("ForAllValues:StringNotEquals", [], "a", OPEN),
    ("ForAnyValue:StringEquals", [], "a", NO),
    ("ForAnyValue:StringNotEquals", [], "a", OPEN),
    ("StringEqualsIfExists", [], "a", NO),
    ("StringNotEqualsIfExists", [], "a", OPEN),
    ("StringEquals", 5, "5", YES),
    ("StringEquals", True, "true", YES),
    ("StringEquals", "", "", YES),
    ("StringNotEquals", "a", "b", YES),
    ("StringNotEquals", ["b", "a"], "b", NO),
    ("StringNotEquals", [], "b", OPEN),
    ("StringEqualsIgnoreCase", "TRUE", "true", YES),
    ("StringEqualsIgnoreCase", "TRUE", "truth", NO),
    ("StringNotEqualsIgnoreCase", "TRUE", "true", NO),
    ("StringNotEqualsIgnoreCase", "TRUE", "other", YES),
    ("StringLike", "t2.*", "t2.micro", YES),
    ("StringLike", "t2.*", "T2.micro", NO),
    ("StringLike", "t?.*", "t2.micro", YES),
    ("StringLike", "t2.*", "mt2.micro", NO),
    ("StringLike", ["", "home/*"], "", YES),
    ("StringNotLike", "t2.*", "t2.micro", NO),
    ("StringNotLike", "t2.*", "m5.large", YES),
    ("NumericEquals", "10", "10.0", YES),
    ("NumericEquals", "10", "11", NO),
    ("NumericEquals", "10", "ten", OPEN),
    ("NumericEquals", "ten", "10", OPEN),
    ("NumericEquals", "-+1", "1", OPEN),
    ("NumericEquals", "1e1", "10", OPEN),
    ("NumericNotEquals", "10", "10", NO),
    ("NumericNotEquals", "10", "11", YES),
    ("NumericLessThan", "10", 9, YES),
    ("NumericLessThan", "10", 10, NO),
    ("NumericLessThanEquals", "10", 10, YES),
    ("NumericLessThanEquals", "10", 11, NO),
    ("NumericGreaterThan", "10", 11, YES),
    ("NumericGreaterThan", "10", 10, NO),
    ("NumericGreaterThanEquals", "10", 10, YES),
    ("NumericGreaterThanEquals", "10", 9, NO),
    ("DateEquals", MOMENT, "2020-04-01T14:00:00+02:00", YES),
    ("DateEquals", EPOCH, MOMENT, YES),
    ("DateEquals", "2020", "2020-01-01T00:00:00Z", YES),
    ("DateEquals", "2020-04", "2020-04-01", YES),
    ("DateEquals", "2020-04-01", "2020-04-01T00:00:00.5Z", NO),
    ("DateEquals", "soon", MOMENT, OPEN),
    ("DateEquals", MOMENT, "9" * 41, OPEN),
    ("DateEquals", MOMENT, "9" * 40, OPEN),
    ("DateEquals", MOMENT, datetime(2020, 4, 1, 12, tzinfo=UTC), YES),
    ("DateNotEquals", MOMENT, EPOCH, NO),
    ("DateNotEquals", MOMENT, "2020-04-01T12:00:01Z", YES),
    ("DateLessThan", MOMENT, "2020-04-01T11:59:59Z", YES),
    ("DateLessThan", MOMENT, MOMENT, NO),
    ("DateLessThanEquals", MOMENT, MOMENT, YES),
    ("DateLessThanEquals", MOMENT, "2020-04-01T12:00:01Z", NO),
    ("DateGreaterThan", "2020-01-01T00:00:01Z", MOMENT, YES),
    ("DateGreaterThan", MOMENT, EPOCH, NO),
    ("DateGreaterThanEquals", MOMENT, EPOCH, YES),
    ("DateGreaterThanEquals", MOMENT, "1585742399", NO),
    ("Bool", "true", True, YES),
    ("Bool", "TRUE", "true", YES),
    ("Bool", "false", True, NO),
    ("BinaryEquals", "QmluYXJ5", b"Binary", YES),
    ("BinaryEquals", "QmluYXJ5", b"binary", NO),
    ("BinaryEquals", "no base64!", b"Binary", OPEN),
    ("IpAddress", "203.0.113.0/24", IP, YES),
    ("IpAddress", "203.0.114.0/24", IP, NO),
    ("IpAddress", IP, IP, YES),
    ("IpAddress", f"{IP}/32", IP, YES),
    # What AWS makes of an address that is not the first of its range is not documented.
    ("IpAddress", f"{IP}/24", IP, OPEN),
    ("IpAddress", ["2001:DB8:1234:5678::/64", "203.0.113.0/24"], IP, YES),
    ("IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678::1", YES),
    ("IpAddress", "203.0.113.0/33", IP, OPEN),
    ("IpAddress", "2001:db8::1", "2001:db8::1", YES),
    ("IpAddress", "2001:db8::1", "2001:db8::2", OPEN),
    ("IpAddress", "2001:db8::1", "2001:db9::1", NO),
    ("IpAddress", "2001:db8::1/128", "2001:db8::2", NO),
    ("IpAddress", "2001:db8::1", IP, NO),
    ("IpAddress", "0.0.0.0/0", "2001:db8::1", NO),
    ("NotIpAddress", "203.0.113.0/24", IP, NO),
    ("NotIpAddress", "198.51.100.0/24", IP, YES),
    ("ArnLike", "arn:aws:sns:*:111122223333:t*", "arn:aws:sns:eu-west-1:111122223333:topic", YES),
    ("ArnEquals", "arn:aws:sns:*:111122223333:t*", "arn:aws:sns:eu-west-1:111122223333:topic", YES),
    ("ArnLike", "arn:aws:sns:*:topic", "arn:aws:sns:eu-west-1:111122223333:topic", NO),
    ("ArnLike", "arn:aws:sns:*", "arn:aws:sns:eu-west-1:111122223333:topic", OPEN),
    ("ArnLike", "*", "arn:aws:sns:eu-west-1:111122223333:topic", YES),
    ("ArnLike", "arn:aws:sns:*:*:*", "no-arn", NO),
    ("ArnLike", "arn:aws:logs:*:*:*", "arn:aws:logs:eu-west-1:111122223333:log-group:x:*", YES),
    ("ArnLike", "arn:aws:sns:*:*:*", "arn:aws:sns", NO),
    ("ArnLike", "arn:aws:logs:*:*:log-group:/x:*", "arn:aws:logs:eu-west-1:1:log-group:/x:stream", YES),
    ("ArnLike", "arn:aws:logs:*:*:log-group:/x:*", "arn:aws:logs:eu-west-1:1:log-group:/y:stream", NO),
    ("ArnNotLike", "arn:aws:sns:*:111122223333:t*", "arn:aws:sns:eu-west-1:111122223333:topic", NO),
    ("ArnNotEquals", "arn:aws:sns:*:111122223333:t*", "arn:aws:sns:eu-west-1:444455556666:topic", YES),
    ("ArnNotEquals", "arn:aws:sns:*:111122223333:t*", "arn:aws:sns:eu-west-1:111122223333:topic", NO),
    ("Null", "true", "present", NO),
    ("Null", "false", "present", YES),
    ("Null", "true", "", YES),
    ("Null", "false", "", NO),
    ("Null", ["true", "false"], "present", YES),
    ("Null", "perhaps", "present", OPEN),
    # several values in the request
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], YES),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], NO),
    ("ForAllValues:StringEquals", ["a"], "", YES),
    ("ForAllValues:StringNotEquals", ["a"], ["b", "c"], YES),
    ("ForAllValues:StringNotEquals", ["a"], ["b", "a"], NO),
    ("ForAnyValue:StringEquals", ["a", "b"], ["c", "b"], YES),
    ("ForAnyValue:StringEquals", ["a", "b"], ["c", "d"], NO),
    ("ForAnyValue:StringEquals", ["", "b"], "", NO),
    ("ForAnyValue:StringNotLike", ["ml.t3.*"], ["ml.t3.large", "ml.p5.48xlarge"], YES),
    ("ForAnyValue:StringNotLike", ["ml.t3.*"], ["ml.t3.large", "ml.t3.medium"], NO),
    ("ForAnyValue:StringEqualsIfExists", ["a"], ["b"], NO),
    ("StringEquals", "a", ["a", "a"], YES),
    ("StringEquals", "a", ["b", "c"], NO),
    ("StringEquals", "a", ["a", "b"], OPEN),
    # letter case of operators
    ("stringequals", "a", "a", YES),
    ("foranyvalue:stringlikeifexists", "a*", ["b", "ab"], YES),
]

# operator, expected when the key is known to be absent, expected when it is unknown
ABSENT = [
    ("StringEquals", NO, OPEN),
    ("StringNotEquals", YES, OPEN),
    ("StringNotLike", YES, OPEN),
    ("ArnNotLike", YES, OPEN),
    ("NotIpAddress", YES, OPEN),
    ("NumericLessThan", NO, OPEN),
    ("Bool", NO, OPEN),
    ("StringEqualsIfExists", YES, OPEN),
    ("StringNotEqualsIfExists", YES, OPEN),
    ("ForAllValues:StringEquals", YES, OPEN),
    ("ForAllValues:StringNotEquals", YES, OPEN),
    ("ForAnyValue:StringEquals", NO, OPEN),
    ("ForAnyValue:StringNotEquals", NO, OPEN),
    ("ForAnyValue:StringLikeIfExists", YES, OPEN),
]


def outcome(operator: str, values: object, context: Context) -> object:
    (condition,) = parse_conditions({operator: {"aws:Key": values}}, variables=True)
    truth = condition.holds(context)
    return OPEN if isinstance(truth, Maybe) else truth


@pytest.mark.parametrize(("operator", "values", "given", "expected"), PRESENT)
def test_an_operator_compares_as_documented(
    operator: str, values: object, given: ContextValue, expected: object
) -> None:
    assert expected == outcome(operator, values, Context({"aws:KEY": given}, complete=True))


@pytest.mark.parametrize(("operator", "absent", "unknown"), ABSENT)
def test_an_absent_key_is_not_an_unknown_key(operator: str, absent: object, unknown: object) -> None:
    assert absent == outcome(operator, "true", Context({}, complete=True))
    assert absent == outcome(operator, "true", Context({"aws:Key": None}, complete=False))
    assert absent == outcome(operator, "true", Context({"aws:*": None}, complete=False))
    assert unknown == outcome(operator, "true", Context({}, complete=False))


def test_every_documented_operator_is_known_and_tested() -> None:
    documented = {
        *(f"String{name}" for name in ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase")),
        *("StringLike", "StringNotLike", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"),
        *("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"),
        *(
            f"{kind}{name}"
            for kind in ("Numeric", "Date")
            for name in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
        ),
    }
    assert documented == {operator.name for operator in OPERATORS.values()}
    assert len(documented) == 27
    assert documented <= {row[0] for row in PRESENT}


@pytest.mark.parametrize(
    ("operator", "values", "unknown_key", "expected"),
    [
        # The variable has no value: nothing is equal to it, whatever the unknown key is.
        ("StringEquals", "${aws:PrincipalTag/Team}", "s3:ExistingObjectTag/Team", NO),
        ("StringNotEquals", "${aws:PrincipalTag/Team}", "s3:ExistingObjectTag/Team", YES),
        ("StringNotEqualsIfExists", "${aws:PrincipalTag/Team}", "s3:ExistingObjectTag/Team", YES),
        ("StringEqualsIfExists", "${aws:PrincipalTag/Team}", "s3:ExistingObjectTag/Team", OPEN),
        ("ForAllValues:StringNotEquals", "${aws:PrincipalTag/Team}", "s3:ExistingObjectTag/Team", YES),
        # A key that is there and empty fails ForAnyValue.
        ("ForAnyValue:StringNotEqualsIfExists", "${aws:PrincipalTag/Team}", "s3:ExistingObjectTag/Team", OPEN),
        ("ForAnyValue:StringEquals", "${aws:PrincipalTag/Team}", "s3:ExistingObjectTag/Team", NO),
        # Every value matches a star, but an absent key does not.
        ("StringLike", "*", "aws:SourceVpce", OPEN),
        ("StringNotLike", "*", "aws:SourceVpce", OPEN),
        ("StringLikeIfExists", ["vpce-1", "*"], "aws:SourceVpce", YES),
        ("ArnLikeIfExists", "*", "aws:SourceArn", YES),
        ("StringEqualsIfExists", "*", "aws:SourceVpce", OPEN),
        ("ForAllValues:StringLike", "*", "aws:TagKeys", YES),
        ("ForAnyValue:StringLike", "*", "aws:TagKeys", OPEN),
        ("ForAnyValue:StringLikeIfExists", "*", "aws:TagKeys", OPEN),
        ("ForAnyValue:StringNotLike", "*", "aws:TagKeys", NO),
    ],
)
def test_what_is_certain_for_every_value_is_not_left_open(
    operator: str, values: object, unknown_key: str, expected: object
) -> None:
    (condition,) = parse_conditions({operator: {unknown_key: values}}, variables=True)
    truth = condition.holds(Context({"aws:PrincipalTag/*": None}, complete=False))
    assert expected == (OPEN if isinstance(truth, Maybe) else truth)


def test_an_unknown_variable_leaves_open_only_what_it_can_change() -> None:
    context = Context({"s3:prefix": "home/zoe/"}, complete=False)
    can, cannot = parse_conditions(
        {"StringLike": {"s3:prefix": "home/${aws:username}/"}, "stringlike": {"s3:Prefix": "work/${aws:username}/"}},
        variables=True,
    )
    assert can.holds(context) == Maybe(keys=frozenset({"aws:username"}))
    assert cannot.holds(context) is False


def test_of_several_values_an_open_one_leaves_a_plain_operator_open() -> None:
    context = Context({"aws:Key": ["a", "zoe"]}, complete=False)
    assert outcome("StringEquals", ["a", "${aws:username}"], context) == OPEN


def test_an_arn_operator_looks_at_each_part_and_a_string_operator_does_not() -> None:
    """IAM User Guide, Condition operators: the example of someservice."""
    pattern = "arn:aws:someservice:*:111122223333:finance/*"
    value = "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"
    context = Context({"aws:Key": value}, complete=True)
    assert outcome("StringLike", pattern, context) is True
    assert outcome("ArnLike", pattern, context) is False


def test_a_variable_may_stand_for_a_whole_arn() -> None:
    context = Context({"aws:Key": "arn:aws:iam::1:role/x", "aws:PrincipalArn": "arn:aws:iam::1:role/x"}, complete=True)
    assert outcome("ArnEquals", "${aws:PrincipalArn}", context) is True


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("StringLike", "AROAX:*", YES),
        ("StringLike", "AROA*", YES),
        ("StringLike", "AROAX:job", OPEN),
        ("StringLike", "AROAX:job-*", OPEN),
        ("StringLike", "AROAX*end", OPEN),
        ("StringLike", "?ROAX:*", YES),
        ("StringLike", ["AROAY:*", "111122223333"], NO),
        ("StringLike", "AROA", NO),
        ("StringEquals", "AROAX:", OPEN),
        ("StringEquals", "AROAY:job", NO),
        ("StringEqualsIgnoreCase", "aroax:JOB", OPEN),
        ("StringEqualsIgnoreCase", "aroay:JOB", NO),
        ("StringNotLike", ["AROAX:*", "AIDAZ"], NO),
        ("StringNotLike", ["AROAY:*", "AIDAZ"], YES),
        ("StringLikeIfExists", "AROAY:*", NO),
        ("StringLike", "${aws:username}*", OPEN),
        ("ForAnyValue:StringLike", "AROAX:*", OPEN),
        ("NumericEquals", "1", OPEN),
        ("Null", "true", NO),
        ("Null", "false", YES),
    ],
)
def test_the_beginning_of_a_value_settles_what_it_can(operator: str, values: object, expected: object) -> None:
    assert expected == outcome(operator, values, Context({}, complete=False, beginnings={"AWS:key": "AROAX:"}))


def test_a_key_whose_beginning_is_given_is_there_even_if_every_other_is_absent() -> None:
    context = Context({}, complete=True, beginnings={"aws:Key": "a"})
    assert (outcome("StringLike", "a*", context), outcome("StringNotLike", "b*", context)) == (YES, YES)
    assert (outcome("StringLike", "ab*", context), outcome("Null", "true", context)) == (OPEN, NO)


def test_the_whole_value_counts_before_its_beginning() -> None:
    assert outcome("StringEquals", "b", Context({"aws:Key": "b"}, complete=False, beginnings={"aws:Key": "a"})) is True
