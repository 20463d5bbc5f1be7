"""Replacing a callee's parameters by a call's arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet

from scanner.analysis import remote
from scanner.analysis.origins import ELEMENTWISE
from scanner.analysis.summary import (
    ANY,
    FIRST_ELEMENT_TEMPLATE,
    HASHED,
    PARAM,
    PASSED,
    PROJECTED,
    RECEIVER,
    alike,
    depends_on_caller,
    parameter_label,
    parameter_of,
    picked,
    symbolic,
)
from scanner.analysis.templates import (
    FIRST_PARAMETER,
    MAX_OPEN_LENGTH,
    OF_MEMBERS_ALL,
    OF_NAMED,
    OF_UNDER,
    OF_WHOLE,
    STORED,
    HoleTable,
    between_parameters,
    is_known,
    parameters,
)
from scanner.analysis.values import (
    MAX_TEXTS,
    NOTHING,
    Trace,
    Val,
    all_labels,
    bounded_texts,
    join,
    join_all,
    merge_labels,
    same_texts,
)

_NAMES_HOST = re.compile("//[^/\ue000-\U0010ffff]")
"""In a text: an address whose host begins with what is known."""
_OF_STORED = OF_NAMED + STORED
"""Begins the key of an element of an array that a property holds."""

_NO_TEXTS = frozenset[str]()
_THIS = symbolic(RECEIVER)
_KEY = "key"


def same(trace: Trace) -> Trace:
    """A way without a further step."""
    return trace


def _never(_template: str) -> bool:
    return False


def _divided(labels: Mapping[str, Trace]) -> tuple[dict[str, Trace], list[str], dict[str, Trace]]:
    """Labels that stay, those of parameters, and those of answers from addresses that callers decide."""
    kept: dict[str, Trace] = {}
    passed: list[str] = []
    answers: dict[str, Trace] = {}
    for label, trace in labels.items():
        if label.startswith(PARAM):
            passed.append(label)
        elif remote.is_open(label):
            answers[label] = trace
        else:
            kept[label] = trace
    return kept, passed, answers


def _cut(texts: AbstractSet[str]) -> frozenset[str]:
    """Texts that are no longer than those with holes may be."""
    return frozenset(text[:MAX_OPEN_LENGTH] for text in texts)


class Substitution:
    """Replaces a callee's parameters by a call's arguments."""

    def __init__(
        self,
        arguments: Callable[[int], Val],
        project: Callable[[Val, str], Val],
        holes: HoleTable,
        overflow: str,
        step: Callable[[Trace], Trace],
        returned: Callable[[Trace], Trace],
        followed: Callable[[Mapping[str, Trace]], Mapping[str, Trace]],
        digests: Callable[[Mapping[str, Trace]], Mapping[str, Trace]],
        telling: Callable[[Val], Val],
    ) -> None:
        """`telling`: what of a value counts wherever it may be (see `weak`)."""
        self._arguments = arguments
        self._project = project
        self._holes = holes
        self._overflow = overflow
        self._step = step
        self._returned = returned
        self._followed = followed
        self._digests = digests
        self._telling = telling
        self.changed: Callable[[str], bool] = _never
        """Whether a call passes, for a parameter's template, something that it makes of a parameter of its own."""
        self.of_trait = False
        """Whether the callee is a method of a trait."""
        self._labels: dict[str, Mapping[str, Trace]] = {}
        self._elements: dict[str, Val] = {}
        self._told: dict[frozenset[str], frozenset[str]] = {}
        self._fed: dict[tuple[frozenset[str], frozenset[str]], Mapping[str, Trace]] = {}
        self._done: dict[int, tuple[Val, Val]] = {}
        """By identity: what is assigned to a property stands in a summary more than once, and in several elements."""

    def value(self, value: Val) -> Val:
        """The value with arguments in place of parameters: the very same for the same, in however many elements."""
        if value is NOTHING or not depends_on_caller(value):
            return value
        known = self._done.get(id(value))
        if known is None:
            known = self._done[id(value)] = (value, self._value(value))
        return known[1]

    def _value(self, value: Val) -> Val:
        result = Val(
            self._texts(value.texts),
            self._merged_labels(value),
            self._types(value),
            value.refs,
            self.sites(value.sites),
            {key: self.value(item) for key, item in value.items.items()} if value.items else None,
            self.value(value.rest) if value.rest is not None else None,
            value.scalar,
            value.loose,
        )
        whole = self._whole(value)
        if whole is None:
            return result
        if len(value.texts) == 1 and whole.items is not None and not whole.texts:  # an array, and no text beside it
            result = result.replaced(texts=result.texts - {self._holes.template("unknown", PASSED)})
        told = self._telling(result.rest) if whole.items and result.rest is not None else NOTHING
        if told is not NOTHING and whole.items:  # put under a key that the callee does not know
            items = {key: join(item, told, self._overflow) for key, item in whole.items.items()}
            whole = whole.replaced(items=items)
        return join(result, whole, self._overflow)

    def _whole(self, value: Val) -> Val | None:
        """Structure of arguments that pass through unchanged: a template that is nothing but the parameter."""
        found = None
        for text in sorted(text for text in value.texts if len(text) == 1 and parameters(text)):
            argument = self._resolved(text)
            kept = argument.sites and text >= FIRST_ELEMENT_TEMPLATE  # those of a parameter itself come with its own
            if argument.items or argument.rest is not None or argument.refs or argument.types or kept:
                found = argument if found is None else join(found, argument, self._overflow)
        return found

    def _types(self, value: Val) -> frozenset[str]:
        """Classes of a value; what is the object itself in a method of a trait is of its class."""
        return value.types | self._arguments(RECEIVER).types if self.of_trait and _THIS in value.sites else value.types

    def sites(self, sites: frozenset[int]) -> frozenset[int]:
        """Concrete sites for symbolic ones."""
        if not sites or min(sites) >= 0:
            return sites
        found: set[int] = set()
        for site in sites:
            index = parameter_of(site)
            if index is None:
                found.add(site)
            else:
                found |= self._arguments(index).sites
        return frozenset(found)

    def _texts(self, texts: frozenset[str]) -> frozenset[str]:
        known = self._told.get(texts)
        if known is None:
            known = self._told[texts] = same_texts(self._all_expanded(texts))
        return known

    def _all_expanded(self, texts: frozenset[str]) -> frozenset[str]:
        open_texts = [text for text in texts if parameters(text)]
        if not open_texts:
            return texts
        if len(texts) == 1 and len(open_texts[0]) == 1:
            options = self._options(open_texts[0], MAX_TEXTS)
            return options if max(map(len, options)) <= MAX_OPEN_LENGTH else _cut(options)
        out: set[str] = set(texts.difference(open_texts))
        vague, grown = set[str](), set[str]()
        for text in sorted(open_texts):
            told = self._can_be_told(text)
            expanded = self._expanded(text)
            (out if told else vague).update(expanded)
            if told and self._holes.growing and any(map(self._holes.is_growing, parameters(text))):
                grown |= expanded
        if grown:  # what all objects of the class hold are pieces of it
            out = {text for text in out if text in grown or _NAMES_HOST.search(text)}
        return bounded_texts(out or vague, self._overflow)

    def _can_be_told(self, text: str) -> bool:
        """False when a property in it is one of which nothing is known here, or an element that a list has not.

        What else the value may be says more.
        """
        return not any(
            self._is_absent(parameter) or (self._is_kept(parameter) and not self._resolved(parameter).texts)
            for parameter in parameters(text)
            if parameter >= FIRST_ELEMENT_TEMPLATE
        )

    def _is_kept(self, template: str) -> bool:
        """Whether a template stands for what a property holds, or for an element of it."""
        origin = self._holes.origin(template)
        return self._holes.is_property(template) or (origin is not None and origin[1].startswith(_OF_STORED))

    def _is_absent(self, template: str) -> bool:
        """Whether an array is known from its first element to its last, and this one is not among them."""
        origin = self._holes.origin(template)
        if origin is None or origin[1] == ANY or origin[1].startswith(PROJECTED):
            return False
        array = self._resolved(origin[0])
        return bool(array.items) and array.rest is None and not array.texts and origin[1] not in (array.items or {})

    def _expanded(self, text: str) -> frozenset[str]:
        known, *others = between_parameters(text)
        results = {known}
        for parameter, known in zip(parameters(text), others, strict=True):
            options = self._options(parameter, MAX_TEXTS // len(results))
            results = {result + option + known for result in results for option in options}
        return _cut(results)

    def _options(self, parameter: str, most: int) -> frozenset[str]:
        """Texts in the place of a parameter, at most so many."""
        options = bounded_texts(self._resolved(parameter).texts, self._overflow, most)
        return options or frozenset([self._holes.template("unknown", PASSED)])

    def _resolved(self, template: str) -> Val:
        """What the caller passes in the place of a parameter or of an element of one."""
        known = self._elements.get(template)
        if known is None:
            known = self._elements[template] = self._looked_up(template)
        return known

    def _looked_up(self, template: str) -> Val:
        origin = self._holes.origin(template)
        if origin is None:
            return self._arguments(ord(template) - FIRST_PARAMETER - 1)
        if self._has_no_key(origin):
            return NOTHING
        if origin[1].startswith(OF_UNDER):
            return self._under(self._resolved(origin[0]), self._name(origin[1][len(OF_UNDER) :]))
        if origin[1].startswith(_OF_STORED):
            return self._project(self._name(origin[0]), origin[1])
        if origin[1].startswith(PROJECTED):
            return self._project(self._resolved(origin[0]), origin[1])
        array, key = self._resolved(origin[0]), origin[1]
        element = picked(array, key, self._holes, self._overflow)
        if key == ANY and array.types and not array.items:  # `foreach` over an object
            element = join(element, self._project(array, OF_MEMBERS_ALL), self._overflow)
        if key == ANY or ELEMENTWISE.isdisjoint(array.labels):
            return element
        return join(element, self._project(array, OF_WHOLE + key), self._overflow)

    def _has_no_key(self, origin: tuple[str, str]) -> bool:
        """Whether the key of an element is what stands in another array, where nothing does."""
        array, key = origin
        name = key[len(OF_UNDER) :] if key.startswith(OF_UNDER) else array if key.startswith(_OF_STORED) else ""
        return bool(name) and self._is_kept(name) and not self._resolved(name).texts

    def _under(self, array: Val, name: Val) -> Val:
        """Element of an array under the keys that a value may be, and what stands under keys that nobody knows."""
        known = [text for text in name.texts if is_known(text)]
        passed = [text for text in name.texts if len(text) == 1 and parameters(text)]
        is_told = len(known) + len(passed) == max(len(name.texts), 1)
        keys = sorted({one for key in known for one in alike(array, key) or [key]}) if is_told else [ANY]
        if passed and array.height and ANY not in keys:
            keys.append(ANY)
        keys += [OF_UNDER + text for text in sorted(passed)]
        found = [picked(array, key, self._holes, self._overflow) for key in keys]
        return join_all([*found, array.rest or NOTHING], self._overflow)

    def _name(self, template: str) -> Val:
        """What a call passes as a key; a parameter of its own that it has changed is no key that its callers know."""
        name = self._resolved(template)
        if not self.changed(template):
            return name
        unknown = self._holes.template("unknown", _KEY)
        return name.replaced(texts=frozenset(unknown if parameters(text) else text for text in name.texts))

    def _merged_labels(self, value: Val) -> Mapping[str, Trace]:
        kept, passed, answers = _divided(value.labels)
        if not passed and not answers:
            return value.labels
        only_passed = all(len(text) == 1 and parameters(text) for text in value.texts)
        given = self._given(frozenset(passed), value.texts if only_passed else _NO_TEXTS)
        if answers:
            given = merge_labels(given, self._of_answers(answers))
        return merge_labels(kept, given) if kept else given

    def _given(self, passed: frozenset[str], alone: frozenset[str]) -> Mapping[str, Trace]:
        """Labels in the place of those of parameters; `alone`: templates that are all that a value is."""
        key = passed, alone
        found = self._fed.get(key)
        if found is None:
            own = {parameter_label(text): text for text in alone}
            found = {}
            for label in sorted(passed):
                text = own.get(label)
                of_one = self._argument_labels(label[len(PARAM) :]) if text is None else self._own_labels(text)
                found = merge_labels(found, of_one)
            self._fed[key] = found
        return found

    def _of_answers(self, labels: Mapping[str, Trace]) -> Mapping[str, Trace]:
        """Labels of answers from addresses that callers decide, once these are known."""
        found: Mapping[str, Trace] = {}
        for label, trace in labels.items():
            texts = self._texts(frozenset([remote.template_of(label)]))
            told = remote.told(label, texts, self._holes)
            found = merge_labels(found, {name: self._returned(trace) for name in sorted(told)})
        return found

    def _own_labels(self, template: str) -> Mapping[str, Trace]:
        """Labels of what is passed in the place of a parameter, where the value is nothing else.

        Of a list those of its elements stay with them (see `_whole`): one element has not what another has.
        """
        passed = self._resolved(template)
        if not passed.height:
            return self._argument_labels(parameter_label(template)[len(PARAM) :])
        return {label: self._step(trace) for label, trace in self._followed(passed.labels).items()}

    def passed(self, label: str) -> Val:
        """What the call passes, by the label that stands for it in the callee."""
        name = label[len(PARAM) :]
        return self._resolved(name) if name >= "\ue000" else self._arguments(int(name))

    def fed(self, labels: Mapping[str, Trace]) -> Mapping[str, Trace]:
        """Labels that the call's arguments put in the place of those that callers decide."""
        _kept, passed, answers = _divided(labels)
        found = self._given(frozenset(passed), _NO_TEXTS)
        return merge_labels(found, self._of_answers(answers)) if answers else found

    def _argument_labels(self, parameter: str) -> Mapping[str, Trace]:
        known = self._labels.get(parameter)
        if known is None and parameter.startswith(HASHED):
            labels = self._argument_labels(parameter.removeprefix(HASHED))
            known = self._labels[parameter] = self._digests(labels)
        if known is None:
            is_element = parameter >= "\ue000"
            labels = all_labels(self._resolved(parameter) if is_element else self._arguments(int(parameter)))
            known = {label: self._step(trace) for label, trace in self._followed(labels).items()}
            self._labels[parameter] = known
        return known
