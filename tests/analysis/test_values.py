"""Joins are independent of order, give back what they do not change, and lose nothing within the bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scanner.analysis.summary import depends_on_caller, parameters_only
from scanner.analysis.values import NOTHING, Trace, Val, all_labels, chain, join, merge_labels

OVERFLOW = "\ue100"
LABELS = ("db.password", "config.salt", "param:0", "request")


def traces() -> st.SearchStrategy[Trace]:
    first = st.builds(lambda line, text: Trace("a.php", line, text, None, 1), st.integers(1, 2), st.sampled_from("pq"))
    step = st.builds(lambda line, before: Trace("b.php", line, "x", before, 2), st.integers(1, 2), first)
    return st.one_of(first, step)


def flat() -> st.SearchStrategy[Val]:
    return st.builds(
        Val,
        st.frozensets(st.sampled_from(["https://one.example/", "two", "\ue001", "\ue001/x", OVERFLOW]), max_size=3),
        st.dictionaries(st.sampled_from(LABELS), traces(), max_size=3),
        st.frozensets(st.sampled_from(["client", "mailer"]), max_size=2),
        sites=st.frozensets(st.integers(-2, 3), max_size=3),
    )


def values() -> st.SearchStrategy[Val]:
    return st.recursive(
        flat(),
        lambda inner: st.builds(
            lambda own, items, rest: own.replaced(items=items, rest=rest),
            flat(),
            st.one_of(st.none(), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)),
            st.one_of(st.none(), inner),
        ),
        max_leaves=6,
    )


def shown(value: Val | None) -> object:
    """All of a value, traces included: `==` on values leaves traces out."""
    if value is None:
        return None
    labels = {label: chain(trace) for label, trace in value.labels.items()}
    items = None if value.items is None else {key: shown(item) for key, item in value.items.items()}
    return (
        value.texts,
        labels,
        value.types,
        value.sites,
        items,
        shown(value.rest),
        value.weight,
        value.height,
        value.loose,
    )


@given(values(), values())
def test_a_join_does_not_depend_on_order(one: Val, two: Val) -> None:
    assert shown(join(one, two, OVERFLOW)) == shown(join(two, one, OVERFLOW))


@given(values(), values(), values())
def test_a_join_does_not_depend_on_grouping(one: Val, two: Val, three: Val) -> None:
    left = join(join(one, two, OVERFLOW), three, OVERFLOW)
    assert shown(left) == shown(join(one, join(two, three, OVERFLOW), OVERFLOW))


@given(values(), values())
def test_what_adds_nothing_changes_nothing(one: Val, two: Val) -> None:
    both = join(one, two, OVERFLOW)
    assert join(both, two, OVERFLOW) is both
    assert join(both, one, OVERFLOW) is both
    assert join(one, NOTHING, OVERFLOW) is one


def leaving(value: Val) -> dict[str, list[tuple[str, int, str]]]:
    """As `all_labels`, worked out anew."""
    labels = value.labels
    for item in (*(value.items or {}).values(), *([value.rest] if value.rest is not None else [])):
        labels = merge_labels(labels, all_labels(Val(labels=item.labels, items=item.items, rest=item.rest)))
    return {label: chain(trace) for label, trace in labels.items()}


@given(values())
def test_what_leaves_with_a_value_is_remembered_rightly(value: Val) -> None:
    first = {label: chain(trace) for label, trace in all_labels(value).items()}
    assert first == {label: chain(trace) for label, trace in all_labels(value).items()} == leaving(value)


@given(values())
def test_labels_of_its_own_are_taken_off_once_and_for_all(value: Val) -> None:
    part = parameters_only(value)
    assert all(label.startswith("param:") for label in all_labels(part))
    assert shown(parameters_only(part)) == shown(part) == shown(parameters_only(value))
    assert depends_on_caller(part) == depends_on_caller(value)


def test_of_two_traces_with_one_head_the_same_stays_in_either_order() -> None:
    old, other = Trace("a.php", 1, "p", None, 1), Trace("a.php", 2, "p", None, 1)
    one, two = ({"request": Trace("b.php", 1, "x", before, 2)} for before in (old, other))
    assert merge_labels(one, two)["request"] is merge_labels(two, one)["request"]
