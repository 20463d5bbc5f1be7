"""Abstract interpretation of one function: elements of arrays, of superglobals among them, and letters of strings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scanner.analysis import array_keys, documents, implicit, ordered, plain
from scanner.analysis.describe import describe
from scanner.analysis.named import ENVIRONMENT, SESSION, Named
from scanner.analysis.origins import (
    ALL_SETTINGS,
    ELEMENTWISE,
    MANY,
    ONE_SETTING,
    OWN_CONSTANTS,
    OWN_NAMES,
    REQUEST_GLOBALS,
    RETURNED,
    SETTINGS_TABLE,
    SUPERGLOBALS,
)
from scanner.analysis.remote import FILE_FIELDS, UPLOAD
from scanner.analysis.scalars import STRING
from scanner.analysis.summary import ANY, PARAM, PROJECTED, opened
from scanner.analysis.templates import ELEMENTS, OF_OBJECT, OF_UNDER, PARAMETERS, is_known
from scanner.analysis.values import MAX_TEXTS, NOTHING, Trace, Val, chain, join_all
from scanner.analysis.weak import telling
from scanner.model.facts import ArrayLit, Const, Index, Prop, StaticProp, Var

_ATTRIBUTE = "[]"
"""Name of what brackets read of a node."""
_MAX_DIGITS = 9
_COLUMNS = frozenset({"value", "field_name", "0", "1"})
"""Keys of a row of the settings' table."""
_KINDS = {"_SERVER": ENVIRONMENT, "_ENV": ENVIRONMENT, "_SESSION": SESSION}
"""What stands under the names of superglobals."""
FOUND = ("unknown", "what a pattern finds")
"""Hole in the place of what a pattern finds in a text that is not known."""
MAX_KEYS = 4
"""Keys of a parameter's elements that are kept apart at one place."""


class Elements(Named):
    """Reads what an array, a superglobal or a string holds under a key."""

    def index(self, node: Index) -> Val:
        """Value of `$base[$key]`."""
        key = array_keys.cast(node.key, self.value(node.key)) if node.key is not None else NOTHING
        keys = self.known_texts(key)
        if isinstance(node.base, Var) and node.base.name not in self.env:
            special = self._special_index(node.base.name, keys, node)
            if special is not None:
                return special
        base = self.value(node.base)
        if base.types and node.key is not None and (known := ordered.at(self.env, base, key)) is not None:
            return known
        is_asked = plain.may_be_passed(self, node.key, key)
        under = self.under(node, base, key) if is_asked else None
        if under is not None:
            return under
        if not keys and (base.rest is not None or isinstance(node.base, Var)):
            self.state.mixing.looked_up(self.number, node.base, self.fact.params)
        if keys and base.items and base.items.keys().isdisjoint(keys) and len(keys) < len(key.texts):
            keys = []  # the key may be something else than the texts that are known, which the array does not have
        result = self.element(base, keys, node, self.asked_of_callers(key) if is_asked else ())
        result = self.join(result, self._perhaps_other(node, base, key, keys))
        if not keys and base.labels:
            result = self.join(result, self._named_by_caller(base, key))
        if key.labels:
            self.state.complain(key if isinstance(node.base, ArrayLit) else self.state.only_named(key))
            result = self.join(result, implicit.looked_up(self, node, base, key))
        if base.sites:
            result = documents.inside(self, base, result, _ATTRIBUTE)
        return self.join(result, self._of_brackets(base, key, node)) if base.types else result

    def _perhaps_other(self, node: Index, base: Val, key: Val, keys: Sequence[str]) -> Val:
        """What counts of the elements that a key does not name, where it may be something else: `$_GET['k'] ?? 'a'`.

        In a property, what other functions put under keys that nobody knows may be there, too.
        """
        unsure = bool(keys) and len(keys) < len(key.texts)
        is_number = key.texts.difference(keys) == self.state.some_number.texts
        others = [
            item
            for name, item in (base.items or {}).items()
            if unsure and name not in keys and (name.isdecimal() or not is_number)
        ]
        if base.rest is not None and (unsure or isinstance(node.base, Prop | StaticProp)):
            others.append(base.rest)
        found = [item if unsure else telling(self.state, item) for item in others]
        if unsure and not base.items:
            passed = base.replaced(texts=frozenset(filter(self._is_passed, base.texts)))
            found.append(opened(passed, ANY, self.state.holes))
        return join_all(found, self.state.overflow)

    def _is_passed(self, text: str) -> bool:
        """Whether a text is an argument of a caller, or an element of one: none of what the program keeps by name."""
        origin = self.state.holes.origin(text) if len(text) == 1 else None
        while origin is not None and not origin[1].startswith(PROJECTED):
            text, origin = origin[0], self.state.holes.origin(origin[0])
        return origin is None and len(text) == 1

    def _of_brackets(self, base: Val, key: Val, node: Index) -> Val:
        """What an object gives for a key: what was put into a collection, what a class's own `offsetGet` says."""
        own = self.run_offset("offsetget", base, [key], node.base)
        if base.sites.isdisjoint(self.state.collections):
            return own
        return self.join(own, self.project(base, OF_OBJECT + ELEMENTS))

    def _named_by_caller(self, base: Val, key: Val) -> Val:
        """One element of all of the environment, or of all globals, by a name that a caller gives."""
        found = NOTHING
        if "environment" in base.labels:
            found = self.named(ENVIRONMENT, key)
        return self.join(found, self.global_named(key)) if "globals" in base.labels else found

    def _special_index(self, name: str, keys: list[str], node: Index) -> Val | None:
        kept = NOTHING
        if name in SUPERGLOBALS and keys:
            kept = join_all((self.state.read_store((name, key)) for key in keys), self.state.overflow)
        if name == "_SERVER" and any((name, key) in self.state.vague for key in keys if key in OWN_NAMES):
            kept = self.join(kept, self.unknown(node))  # the name that the program gave its server
        found = self._of_superglobal(name, keys, node)
        return found if kept is NOTHING or found is None else self.join(kept, found)

    def _of_superglobal(self, name: str, keys: list[str], node: Index) -> Val | None:
        shown = describe(node)
        if name == "GLOBALS" and keys:
            return join_all((self.global_value(key, shown) for key in keys), self.state.overflow)
        if name == "GLOBALS" and node.key is not None:
            named = self.value(node.key)
            one = self.global_named(named)
            if self.state.holes.template(*FOUND) in named.texts:  # a text decides which of all it is
                one = self.join(one, Val(labels=self.variable(Var(name)).labels))
            if one is not NOTHING:
                return one
        secrets = [self.state.origins.session[key] for key in keys if key in self.state.origins.session]
        if name == "_SESSION" and secrets:
            return self.read_secret(secrets[0], self.line, shown)
        if name in REQUEST_GLOBALS:
            sent = self.state.origins.request_value(shown, self.path, self.line)
            of_session = [Val(labels=self.read_secret(secret, self.line, shown).labels) for secret in secrets[:1]]
            return join_all([sent, *of_session], self.state.overflow)
        if name in ("_SERVER", "_ENV") and keys:
            return join_all((self.environment(key, shown) for key in keys), self.state.overflow)
        kind = _KINDS.get(name)
        if kind is not None and node.key is not None and not keys:
            one = self.named(kind, self.value(node.key))
            return None if one is NOTHING else one
        if name == "_SESSION" and keys:
            return self.unknown(node)  # one element of the session is not all of it
        return None

    def _named(self, base: Val, keys: list[str], node: Index) -> list[Val]:
        """Elements by key; one that is not known may be a secret by its name."""
        found: list[Val] = []
        for key in keys:
            item = (base.items or {}).get(key) or (base.items or {}).get(key.rpartition("\0")[2])
            if item is not None:
                found.append(item)
            else:
                secret = self.state.origins.named_secret(key, base.labels)
                if secret is not None and base.items is None and "request" not in base.labels:
                    found.append(self.read_secret(secret, self.line, describe(node), certain=False))
        return found

    def element(self, base: Val, keys: list[str], node: Index, asked: Sequence[str] = ()) -> Val:
        """Element of an array value; an element that is not known carries the whole array's labels.

        `asked`: templates of parameters that are the key.
        """
        found = self._named(base, keys, node)
        found.extend(self._others(base, keys, node, known=bool(found)))
        of_whole = self.of_whole(base, keys) if base.labels and not found else ()
        result = join_all([*found, *of_whole], self.state.overflow)
        bulk = any(self._bulk(label, keys) for label in base.labels if label not in MANY)
        derived = any(map(self._made, base.texts))  # text made of all of it: a piece may be any of it
        labels = self._of_whole(base, keys, bulk=bulk, derived=derived)
        if bulk:  # values that were stored under computed keys: only the key's own name says which this is
            kept = {label: trace for label, trace in result.labels.items() if not label.startswith(RETURNED)}
            result = result.replaced(labels=kept)
        if labels:  # one element of $GLOBALS is not all of them
            result = self.join(result, Val(labels=labels))
        of_caller = self._of_caller(base, keys, asked) if not found else NOTHING
        if of_caller is not NOTHING:
            kept = {label: trace for label, trace in result.labels.items() if not label.startswith(PARAM)}
            return self.join(result.replaced(labels=kept), of_caller)
        characters = self._characters(base, keys)
        if characters:
            return self.join(result, Val(frozenset(characters), scalar=STRING))
        if result.texts or result.items or found:
            return result
        return self.join(result, self._of_request(base, node) or self.unknown(node))

    def _of_request(self, base: Val, node: Index) -> Val | None:
        """`$_FILES['f']['name']`: an element of what the request says is said by the request."""
        if not base.texts or not all(map(self._sent, base.texts)):
            return None
        return Val(frozenset([self.state.holes.template("user-input", describe(node))]))

    def _sent(self, text: str) -> bool:
        """Whether a text is what the request says and nothing else: `$_POST`, or a field of it."""
        hole = self.state.holes.hole(text) if len(text) == 1 else None
        return hole is not None and hole.kind == "user-input"

    def _made(self, text: str) -> bool:
        """Whether a text may be made of a whole array: not if it is known, what a caller passes, or what is sent."""
        is_number = text == self.state.counted
        return not (is_known(text) or is_number or self._sent(text) or (len(text) == 1 and PARAMETERS.match(text)))

    def _others(self, base: Val, keys: list[str], node: Index, *, known: bool) -> Iterable[Val]:
        """What an element may be beside those stored under its known keys."""
        moved = base.loose and any(map(array_keys.is_number, keys))
        if base.rest is not None and (not known or not keys or moved):
            yield self._one_setting(base.rest, keys)
        if not keys and base.items:
            yield from (base.items[key] for key in sorted(base.items)[:MAX_TEXTS])
        if "globals" in base.labels:
            yield from (self.global_value(key, describe(node)) for key in keys if not key.isdecimal())

    def _one_setting(self, rest: Val, keys: list[str]) -> Val:
        """An element that is asked for by name: of a list of all settings that is one of them."""
        if not keys or not rest.labels or _COLUMNS.issuperset(keys):
            return rest
        setting = self.state.origins.tables.get(SETTINGS_TABLE, {}).get("value")
        trace = rest.labels.get(setting.label) if setting is not None else None
        if setting is None or trace is None or not chain(trace)[-1][2].startswith(ALL_SETTINGS):
            return rest
        one = Trace(self.path, self.line, ONE_SETTING, trace, trace.length + 1)
        return rest.replaced(labels={**rest.labels, setting.label: one})

    def _of_whole(self, base: Val, keys: list[str], *, bulk: bool, derived: bool) -> dict[str, Trace]:
        """Labels of an array that are those of each of its elements."""
        return {
            label: trace
            for label, trace in base.labels.items()
            if ((derived and label in MANY) or not self._bulk(label, keys))
            and not (label == "constants" and keys and OWN_CONSTANTS.issuperset(keys))
            and not (bulk and label.startswith(RETURNED))
            and not (label == UPLOAD and FILE_FIELDS.issuperset(keys or [UPLOAD]))
        }

    def _of_caller(self, base: Val, keys: list[str], asked: Sequence[str]) -> Val:
        """Elements that only the caller knows: the value is a parameter itself."""
        moved = [ANY] if base.loose and any(map(array_keys.is_number, keys)) else []
        chosen = keys[:MAX_KEYS] + moved or [OF_UNDER + text for text in asked] or [ANY]
        return join_all([opened(base, key, self.state.holes) for key in chosen], self.state.overflow)

    def taken(self, name: str) -> Val:
        """Variable that `extract` may have made of arrays whose keys are not known."""
        found = NOTHING
        for prefix, array in self.extracted.items():
            if name.startswith(prefix):
                key = name[len(prefix) :]
                found = self.join(found, self.element(array, [key], Index(Var("extracted"), Const(key))))
        return found

    def _bulk(self, label: str, keys: list[str]) -> bool:
        """A label that means "many values at once": one element of known name has only what its name says.

        A number is no name of a setting: it is the place in a list that was made of them.
        """
        is_place = bool(keys) and all(map(str.isdecimal, keys))
        return not is_place and (label in ELEMENTWISE or (bool(keys) and self.state.origins.is_bulk(label)))

    def _characters(self, base: Val, keys: list[str]) -> list[str]:
        """`$s[3]` of a known string."""
        found: list[str] = []
        for text in self.known_texts(base) if base.items is None else ():
            numbers = [int(key) for key in keys if key.lstrip("-").isdecimal() and len(key) < _MAX_DIGITS]
            found.extend(text[number] for number in numbers if -len(text) <= number < len(text))
        return found
