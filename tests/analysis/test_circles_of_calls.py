"""What is passed on from call to call comes to an end, whatever it is and however the calls lead."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scanner.analysis.flows import FORM, Flows, Parameter, Passing, Step, Store, Way
from scanner.analysis.kinds import Kinds
from scanner.analysis.summary import PARAM
from scanner.analysis.templates import FIRST_PARAMETER, HoleTable
from scanner.analysis.values import MAX_LABELS, Trace, Val
from scanner.signatures.load import shared_catalogue

_SECRETS = {secret.label: secret for secret in shared_catalogue().secrets}
_LABELS = sorted(_SECRETS)[: 3 * MAX_LABELS]
_OWN = Val(frozenset([chr(FIRST_PARAMETER + 1)]), {f"{PARAM}0": Trace("a.php", 1, "$x", None, 1)})
_STORE: Store = ("\2kept", "x")
_MOST = 2_000
_FUNCTIONS = 4
_CALLS = st.lists(st.tuples(st.integers(0, _FUNCTIONS - 1), st.integers(0, _FUNCTIONS - 1)), max_size=12)


@given(_CALLS, st.integers(1, len(_LABELS)))
def test_secrets_that_go_in_circles_come_to_rest(calls: list[tuple[int, int]], many: int) -> None:
    labels = set(_LABELS[:many])
    written: list[Val] = []

    def write(_store: Store, value: Val) -> None:
        written.append(value)
        assert len(written) < _MOST

    flows = Flows(HoleTable(), "?", Kinds(_SECRETS), write, lambda _function, _has_secret: None)
    for number, (caller, callee) in enumerate(calls):
        flows.call(callee, number, Passing(caller, Step("a.php", number + 1, f"passed {number}"), {0: _OWN}))
    flows.lead(Parameter(0, f"{PARAM}0"), {_STORE: Way(None, frozenset([FORM]))})
    for number, label in enumerate(sorted(labels)):
        secret = Val(labels={label: Trace("a.php", 1, label, None, 1)})
        flows.call(0, 99 + number, Passing(_FUNCTIONS, Step("a.php", 99, "passed"), {0: secret}))
    kept = {label for value in written for label in value.labels}
    assert kept <= labels
    assert len(kept) >= min(len(labels), MAX_LABELS)
