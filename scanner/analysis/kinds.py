"""Kinds of labels: which name a secret, which many at once, and which are worth a way through any number of functions.

Asked for every label of every value that passes a call; what a label is does not change, so it is worked out once.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from scanner.analysis.faces import is_of_code
from scanner.analysis.origins import DIGEST, FILE, MANY, REQUEST_FIELD, is_nameless
from scanner.analysis.remote import OUTSIDE, is_named
from scanner.analysis.spread import is_far
from scanner.analysis.summary import PARAM, digest
from scanner.analysis.values import Trace, Val, all_labels
from scanner.model.signature import Secret

_OF_VISITORS = ("~", REQUEST_FIELD, "session.")


class Weight(Enum):
    """What something is worth that comes for a function that has been evaluated (see `waiting`)."""

    SECRET = auto()
    CODE = auto()
    BROAD = auto()


class Kinds:
    """Tells labels apart, for one catalogue of secrets."""

    def __init__(self, secrets: Mapping[str, Secret]) -> None:
        """`secrets`: by label."""
        self._secrets = secrets
        self._is_secret: dict[str, bool] = {}
        self._is_specific: dict[str, bool] = {}
        self._is_named: dict[str, bool] = {}
        self._lasts: dict[str, bool] = {}

    def is_secret(self, label: str) -> bool:
        """Whether a label names a secret (or a digest of one), not just where data came from."""
        known = self._is_secret.get(label)
        if known is None:
            plain = label.removeprefix(DIGEST)
            known = plain in self._secrets or label in MANY or plain.startswith(FILE)
            self._is_secret[label] = known
        return known

    def is_specific(self, label: str) -> bool:
        """Whether a label names one secret of the site: not many at once, and not what any visitor types or has."""
        known = self._is_specific.get(label)
        if known is None:
            known = not label.startswith(_OF_VISITORS) and label not in MANY and self.is_secret(label)
            self._is_specific[label] = known
        return known

    def secrets_of(self, value: Val) -> set[str]:
        """Secrets with a name of their own that a value, or a part of it, carries."""
        return set(filter(self.is_named, all_labels(value)))

    def has_secret(self, value: Val) -> bool:
        """Whether a value, or a part of it, carries such a secret."""
        if value.secret is None:
            value.secret = any(map(self.is_named, all_labels(value)))
        return value.secret

    def is_named(self, label: str) -> bool:
        """Whether a label is such a secret."""
        known = self._is_named.get(label)
        if known is None:
            known = self._is_named[label] = not is_nameless(label) and self.is_specific(label)
        return known

    def only_named(self, value: Val) -> Val:
        """Of a value, the secrets with a name that it carries itself."""
        return Val(labels={label: trace for label, trace in value.labels.items() if self.is_named(label)})

    def weight(self, part: str) -> Weight:
        """What a part of a face is worth. A digest is no secret any more (see `digests`)."""
        if is_of_code(part):
            return Weight.CODE
        if part.startswith(DIGEST) or not self.is_specific(part):
            return Weight.BROAD
        return Weight.SECRET if self.is_named(part) else Weight.CODE

    def telling(self, labels: Mapping[str, Trace]) -> dict[str, Trace]:
        """Secrets, data of other machines, and what only a caller knows."""
        return {label: trace for label, trace in labels.items() if label.startswith(PARAM) or self.is_followed(label)}

    def lasting(self, labels: Mapping[str, Trace]) -> Mapping[str, Trace]:
        """Single secrets of the site, and what only a caller knows: worth a way through any number of functions."""
        lasts = self._lasts
        for label in labels:
            if label not in lasts:
                lasts[label] = label.startswith(PARAM) or self.is_specific(label)
        if all(map(lasts.__getitem__, labels)):
            return labels
        return {label: trace for label, trace in labels.items() if lasts[label]}

    def single(self, value: Val) -> Val:
        """The value without what stands for many secrets at once: what one call puts on an object is not on all."""
        if MANY.isdisjoint(all_labels(value)):
            return value
        labels = {label: trace for label, trace in value.labels.items() if label not in MANY}
        items = value.items and {key: self.single(item) for key, item in value.items.items()}
        return value.replaced(labels=labels, items=items, rest=value.rest and self.single(value.rest))

    def digests(self, labels: Mapping[str, Trace]) -> dict[str, Trace]:
        """Labels of what a one-way function makes of a value: of many values together, a digest tells nothing."""
        told = (label for label in labels if label.startswith(PARAM) or (label not in MANY and self.is_secret(label)))
        return {digest(label): labels[label] for label in told}

    def is_followed(self, label: str) -> bool:
        """Whether a label matters to whoever gets a value: it names a secret, or data of another machine."""
        return label.startswith("~") or self.is_secret(label)

    def matters(self, label: str) -> bool:
        """Whether any rule asks for a label."""
        return label in OUTSIDE or self.is_followed(label)

    def is_decisive(self, label: str, trace: Trace) -> bool:
        """Whether a label is worth another round: a secret, or the answer of a host that is known.

        Uploads and answers from anywhere spread through every store of a large application, one round after another,
        and what they add so late is noise: they are followed as far as the first round takes them. So is what stands
        for many values and has come a long way.
        """
        return is_named(label) or (self.is_secret(label) and not is_far(label, trace))
