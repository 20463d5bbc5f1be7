"""Elements under a key that only a caller knows: registries, containers of settings, caches and sessions in functions.

`function set($name, $value) { $this->kept[$name] = $value; }` puts its value under the key that each caller says, and
`get($name)` gives what stands under that key. Were all of it one value, every setting would be every other one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from scanner.analysis.class_lookup import MAX_LATE_BOUND
from scanner.analysis.lookup import MAX_NAMED, Lookup
from scanner.analysis.shared import perhaps_old
from scanner.analysis.substitution import Substitution, same
from scanner.analysis.summary import (
    ANY,
    MAX_KEPT_LIFTS,
    PARAM,
    Effect,
    alike,
    certain,
    opened,
    opened_property,
    parameter_label,
)
from scanner.analysis.templates import (
    HOLES,
    OF_KEYS,
    OF_MEMBERS,
    OF_MEMBERS_ALL,
    OF_METHOD,
    OF_NAMED,
    OF_OBJECT,
    OF_UNDER,
    PARAMETERS,
    STORED,
    HoleTable,
    is_known,
)
from scanner.analysis.values import NOTHING, Trace, Val, all_labels, join_all, stepped
from scanner.model.facts import Const, Index, Prop, StaticProp, Unknown, Value, Var

NAMED: Final = "named"
"""Target of the effect that a value is kept under a name which callers say."""
_NAME, _VALUE, _LIST = "name", "value", "list"
_PROPERTY, _STATIC, _SPACE = "p", "s", "n"
_THEN = "\1"
"""Ends the place in the key of an effect; the templates of the name follow."""
_MAX_PATH = 2
"""Known keys before the one that a caller says: `$this->kept['group'][$name]`."""
_MAX_CLASSES = 4
_OF_CLASS = 1 << 61
_FILES = "\2file"
_FILE_NAME = 5
"""Shortest name of a file that is more than a word."""
_NAMED_IN_PART = frozenset({"file", "cache"})
"""Spaces of what is kept under names of which a part may be an expression: the same one is the same name."""
"""In the place of an object: what all objects of the class share, or a space."""


class _Place(NamedTuple):
    """An array that outlives the call."""

    kind: str
    owner: str
    """Class key; of a space, its name."""
    member: str
    path: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return STORED.join((self.kind, self.owner, self.member, *self.path))


class _Array(NamedTuple):
    """The array of a property, as an expression names it."""

    places: list[_Place]
    """By class."""
    sites: tuple[int, ...] = ()
    """Objects that callers pass."""
    written: str = ""
    """Name among the variables of what this function has written."""


def _place(text: str) -> _Place:
    kind, owner, member, *path = text.split(STORED)
    return _Place(kind, owner, member, tuple(path))


class _Name(NamedTuple):
    """What a value says as a key."""

    keys: list[str]
    """Those that are known."""
    passed: list[str]
    """Templates of parameters that are the key."""
    is_vague: bool
    """Whether it may be something else."""


def _said(name: Val, holes: HoleTable, *, in_part: bool = False) -> _Name:
    """What a value says as a key. `in_part`: a text counts that a parameter is a part of."""
    keys = sorted(text for text in name.texts if is_known(text))[:MAX_NAMED]
    passed = sorted(text for text in name.texts if PARAMETERS.search(text) and (in_part or len(text) == 1))[:MAX_NAMED]
    passed = [text for text in passed if not _is_of_object(text, holes)]
    return _Name(keys, passed, len(keys) + len(passed) < max(len(name.texts), 1))


def named_in_part(space: str, name: Val) -> list[str]:
    """Names of files and of what caches keep of which a part is an expression: `sys_get_temp_dir() . '/x'`."""
    if space.removeprefix("\2") not in _NAMED_IN_PART:
        return []
    texts = (text for text in name.texts if len(text) > 1 and not is_known(text))
    return sorted(text for text in texts if not PARAMETERS.search(text))[:MAX_NAMED]


def file_names(path: str) -> tuple[tuple[str, str], ...]:
    """Stores of the last part of a path, for whoever names the folder in another way: (written to, read from as well).

    `$folder . '/x.dat'` may be the `x.dat` of any folder, `/tmp/x.dat` that of a folder which nobody knows.
    """
    tail = HOLES.split(path)[-1]
    name = tail.rpartition("/")[2]
    if len(name) < _FILE_NAME or name.startswith(".") or "." not in name or "://" in path:
        return ()
    some, known = ("\2name", name), ("\2name of a known folder", name)
    return (known, some) if is_known(path) else (some, known)


def _is_of_object(template: str, holes: HoleTable) -> bool:
    """Whether a key is a property: what else the object does decides it, more than who calls."""
    origin = holes.origin(template) if len(template) == 1 else None
    return origin is not None and origin[1].startswith((OF_OBJECT, OF_METHOD, OF_MEMBERS, OF_MEMBERS_ALL))


class Keyed(Lookup):
    """Reads and writes what stands under a key that only a caller knows."""

    def element(self, base: Val, keys: list[str], node: Index, asked: Sequence[str] = ()) -> Val:
        """Element of an array value (see `Elements`)."""
        raise AssertionError((base, keys, node, asked))

    # -- what is read -----------------------------------------------------------------------------------------

    def under(self, node: Index, base: Val, name: Val) -> Val | None:
        """Element of a property's array under a parameter: the caller's to know. None where it is another array.

        `base`: what is known of the array here.
        """
        said = _said(name, self.state.holes)
        array = self._array(node.base) if said.passed and not base.types else None
        if array is None or array.written in self.env:
            return None
        found = self._left_to_callers(array, said)
        if NOTHING in found:
            return None
        if said.keys or said.is_vague:
            found.append(self.element(base, [] if said.is_vague else said.keys, node))
        return join_all(found, self.state.overflow)

    def asked_of_callers(self, name: Val) -> list[str]:
        """Templates of the parameters that a key is, where it is nothing else."""
        said = _said(name, self.state.holes)
        return [] if said.keys or said.is_vague else said.passed

    def _left_to_callers(self, array: _Array, said: _Name) -> list[Val]:
        """What callers know of an element: that of the class, that of the object."""
        kind = f"{OF_NAMED}{STORED}{self.number}{STORED}"
        name = Val(frozenset(said.passed))
        found = [opened(name, kind + place.text, self.state.holes) for place in array.places]
        return found + [self._of_object(site, array.places[0], text) for site in array.sites for text in said.passed]

    def _of_object(self, site: int, place: _Place, text: str) -> Val:
        """The same of an object that callers know."""
        held = opened_property(site, place.member, self.state.holes)
        for key in place.path:
            held = opened(held, key, self.state.holes)
        return opened(held, OF_UNDER + text, self.state.holes)

    def stored_under(self, kind: str, name: Val) -> Val:
        """What stands under a name in the array of a property, wherever the name is known."""
        number, _separator, text = kind.removeprefix(STORED).partition(STORED)
        place = _place(text)
        said = _said(name, self.state.holes)
        found = [opened(Val(frozenset(said.passed)), OF_NAMED + kind, self.state.holes)]
        if said.keys or said.is_vague:
            node = Index(Unknown(f"${place.member.removeprefix('::')}"), Unknown("name"))
            array = self._held_by_class(place)
            for key in place.path:
                array = self.element(array, [key], node)
            keys = [one for key in said.keys for one in alike(array, key) or [key]]
            if self._is_whole(place, array):
                keys = [key for key in keys if key in (array.items or {})]
            elif array.rest is not None:  # what was put under a key that nobody knows
                found.append(self._any_of(int(number), array.rest))
            if said.is_vague:
                found.append(self._any_of(int(number), self.element(array, [], node)))
            elif keys:
                found.append(self.element(array, keys, node))
        return join_all(found, self.state.overflow)

    def _any_of(self, reader: int, value: Val) -> Val:
        """What a function picks by a key that nobody knows: a guess (see `mixing`)."""
        self.state.mixing.pools.add(reader)
        text = f"returned by {self.state.program.symbol(reader)}()"
        return value.replaced(
            labels={label: stepped(trace, self.path, self.line, text) for label, trace in value.labels.items()}
        )

    def _is_whole(self, place: _Place, array: Val) -> bool:
        """Whether an array has no elements but those that are known."""
        known = self._key(place) not in self.state.vague
        return known and bool(array.items) and array.rest is None and not array.texts and not array.labels

    def _held_by_class(self, place: _Place) -> Val:
        """What all objects of a class are known to hold in a property, or the class itself in a static one."""
        name = place.member.removeprefix("::")
        keys = [self._key(place)]
        found = [self.default_of(place.owner, name)]
        if place.kind == _PROPERTY:
            keys += [(one, name) for one in self.state.program.owners_below(place.owner, name, MAX_LATE_BOUND)]
            found += [self.state.in_any_property(place.owner), *self._redeclared(place.owner, name)]
        held = join_all([*(self.state.read_store(key) for key in keys), *found], self.state.overflow)
        return self.join(held, self.unknown(name)) if not self.state.vague.isdisjoint(keys) else held

    # -- what is written --------------------------------------------------------------------------------------

    def put_under(self, target: Index, name: Val, value: Val) -> bool:
        """`$this->kept[$name] = $value` with a parameter as name: callers put it there. False for another array."""
        said = _said(name, self.state.holes)
        array = self._array(target.base) if said.passed else None
        if array is None:
            return False
        if value.height:  # `$this->kept[$name][] = $value`: what is there already need not be put there again
            value = _without(value, self._left_to_callers(array, said))
        labels = self.state.telling(certain(Val(labels=name.labels)).labels)
        known = Val(items=dict.fromkeys(said.keys, value) or None, rest=value if said.is_vague else None, labels=labels)
        for place in array.places:
            self.state.note_instance(self._key(place))
            secret = certain(value)
            if self.state.has_secret(secret):  # whoever says the name: the secret is in it
                self._keep(place, Val(rest=secret), 0)
            self._put_or_leave(_OF_CLASS, place, said, name, value, known)
        for site in array.sites:
            self._put_or_leave(site, array.places[0], said, name, value, known)
        if array.written:  # in the rest of this function
            here = _within(array.places[0], Val(rest=value))
            before = self.env.get(array.written)
            self.env[array.written] = here if before is None else self.join(before, here)
            if before is None:
                self.env[perhaps_old(array.written)] = NOTHING
                self.has_properties = True
        return True

    def _put_or_leave(  # one place, all that a name says
        self, site: int, place: _Place, said: _Name, name: Val, value: Val, known: Val, lifts: int = 0
    ) -> None:
        if known.height or known.labels:
            self._put(site, place, known, lifts)
        if said.passed:
            self._leave(site, said, place, name, value, lifts)

    def put_in_space(self, space: str, name: Val, value: Val) -> None:
        """What is kept under a name that a parameter is: in a cache, in the session, as a constant, in a file."""
        said = _said(name, self.state.holes, in_part=True)
        if said.passed:
            self._leave(_OF_CLASS, said, _Place(_SPACE, space, ""), name, value)

    def _leave(self, site: int, said: _Name, place: _Place, name: Val, value: Val, lifts: int = 0) -> None:
        packed = {_NAME: Val(frozenset(said.passed), name.labels), _VALUE: value}
        listed = self._listed(said, value)
        if listed is not NOTHING:
            packed[_LIST] = listed
        self.add_effect(Effect(NAMED, (site, place.text + _THEN + "".join(said.passed)), Val(items=packed), lifts))

    def _listed(self, said: _Name, value: Val) -> Val:
        """The list of a caller of which keys and values are kept: `foreach ($given as $name => $value)`."""
        one = said.passed[0] if len(said.passed) == 1 else ""
        origin = self.state.holes.origin(one) if len(one) == 1 else None
        if origin is None or origin[1] != OF_KEYS or self.state.holes.element(origin[0], ANY) not in value.texts:
            return NOTHING
        way = Trace(self.path, self.line, "elements are kept under their keys", None, 0)
        return Val(frozenset([origin[0]]), {parameter_label(origin[0]): way})

    def put_by_callee(self, effect: Effect, substitution: Substitution) -> None:
        """A callee keeps a value under a name that this call says, or the caller of this function."""
        packed = substitution.value(effect.value).items or {}
        name, value = packed.get(_NAME, NOTHING), packed.get(_VALUE, NOTHING)
        place, lifts = _place(effect.key[1].partition(_THEN)[0]), effect.lifts + 1
        said = _said(name, self.state.holes, in_part=place.kind == _SPACE)
        if place.kind == _SPACE:
            said = said._replace(keys=[*said.keys, *named_in_part(place.owner, name)][:MAX_NAMED])
        if said.passed and any(map(substitution.changed, (effect.value.items or {})[_NAME].texts)):
            said = _Name(said.keys, [], is_vague=True)
        listed = packed.get(_LIST, NOTHING)
        if listed.items and listed.rest is None and not said.passed and not said.is_vague:
            for site in sorted(substitution.sites(frozenset([effect.key[0]]))):
                self._put(site, place, Val(items=listed.items), lifts)
            return
        if said.passed and lifts > MAX_KEPT_LIFTS:
            self.state.limit("wrapper-depth", self.number)
            said = _Name(said.keys, [], is_vague=True)
        labels = self.state.telling(certain(Val(labels=name.labels)).labels)
        for site in sorted(substitution.sites(frozenset([effect.key[0]]))):
            is_made_here = 0 <= site != _OF_CLASS  # its callers do not know it
            rest = value if said.is_vague or (said.passed and is_made_here) else None
            known = Val(items=dict.fromkeys(said.keys, value) or None, rest=rest, labels=labels)
            self._put_or_leave(
                site, place, said._replace(passed=[]) if is_made_here else said, name, value, known, lifts
            )

    def put_perhaps(self, effect: Effect, substitution: Substitution) -> None:
        """What `database.php` holds and a function perhaps keeps under a name is there for the methods of its class."""
        packed, place = substitution.value(effect.value).items or {}, _place(effect.key[1].partition(_THEN)[0])
        secrets = Val(labels=self.state.origins.credentials_in([packed.get(_VALUE, NOTHING)]))
        if not secrets.labels or effect.key[0] != _OF_CLASS or place.kind == _SPACE:
            return
        keys = _said(packed.get(_NAME, NOTHING), self.state.holes).keys
        self._keep(place, Val(items=dict.fromkeys(keys, secrets)) if keys else Val(rest=secrets), effect.lifts + 1)

    def _put(self, site: int, place: _Place, held: Val, lifts: int) -> None:
        """Put elements where they belong: into the object of a site, into what a class holds, or into a space."""
        if place.kind == _SPACE:
            for key, value in (held.items or {}).items():
                target = "store" if place.owner else "global"
                for one in sorted({key, key.lower()}):  # `$_SESSION[strtolower($name)] = $value`
                    self.write_shared(target, (place.owner, one), value, lifts)
                if place.owner == _FILES:
                    self.keep_by_name(key, value, lifts)
        elif site != _OF_CLASS:
            self.set_site(site, "." + place.member, _within(place, held))
        else:
            self._keep(place, held, lifts)

    def keep_by_name(self, path: str, value: Val, lifts: int = 0) -> None:
        """What is written to a file is kept under its name alone, too (see `file_names`)."""
        for key in file_names(path)[:1] if value.labels else ():
            self.write_shared("store", key, Val(labels=value.labels), lifts)

    def _keep(self, place: _Place, held: Val, lifts: int) -> None:
        self.write_shared("store", self._key(place), _within(place, held), lifts)

    def _key(self, place: _Place) -> tuple[str, str]:
        """Store of a property: subclasses and parents share it."""
        return self.property_owner(place.owner, place.member.removeprefix("::")), place.member

    # -- which array ------------------------------------------------------------------------------------------

    def _array(self, array: Value) -> _Array | None:
        """The array of a property that an expression names; None for any other.

        Only where the expression has no effects, since it has been evaluated.
        """
        path: list[str] = []
        while isinstance(array, Index) and isinstance(array.key, Const) and len(path) < _MAX_PATH:
            path.insert(0, str(array.key.value))
            array = array.base
        if isinstance(array, StaticProp) and isinstance(array.name, str) and isinstance(array.cls, str):
            classes = self.late_bound(array.cls)[:_MAX_CLASSES]
            places = [_Place(_STATIC, cls, "::" + array.name, tuple(path)) for cls in classes]
            return _Array(places) if places else None
        if isinstance(array, Prop) and isinstance(array.name, str) and isinstance(array.base, Var):
            return self._of_property(array.base.name, array.name, tuple(path))
        return None

    def _of_property(self, variable: str, name: str, path: tuple[str, ...]) -> _Array | None:
        holder = self.env.get(variable, NOTHING)
        classes = self.state.program.own_classes(holder.types)
        unsure = len(classes) < len(holder.types) or len(classes) > _MAX_CLASSES or max(holder.sites, default=-1) >= 0
        if not classes or unsure or any(self._hooked(cls, name) for cls in classes):
            return None
        places = [_Place(_PROPERTY, cls, name, path) for cls in classes]
        return _Array(places, tuple(sorted(holder.sites)), f"{variable}->{name}")

    def _hooked(self, cls: str, name: str) -> bool:
        """Whether methods run in the place of a property: its own, or those of all that are not declared."""
        find = self.state.program.find_method
        return any(
            find(cls, f"${name}::{kind}".lower()) is not None or self.magic_method(cls, name, f"__{kind}") is not None
            for kind in ("get", "set")
        )


def _without(value: Val, own: list[Val]) -> Val:
    """A list with something added, without what it had before."""
    texts = {text for one in own for text in one.texts}
    labels = {label for one in own for label in one.labels}
    kept = {label: trace for label, trace in value.labels.items() if label not in labels}
    return value.replaced(texts=value.texts - texts, labels=kept)


def _within(place: _Place, held: Val) -> Val:
    """The whole array, where something is known of the array at a place in it."""
    for key in reversed(place.path):
        held = Val(items={key: held})
    return held


def asks_for_unsaid(value: Val, holes: HoleTable) -> bool:
    """Whether a value is what stands in an array of a property under a key which callers say."""
    templates = (label[len(PARAM) :] for label in all_labels(value) if label.startswith(PARAM))
    return any(_of_stored(template, holes) for template in templates)


def _of_stored(template: str, holes: HoleTable) -> bool:
    origin = holes.origin(template) if len(template) == 1 and PARAMETERS.match(template) else None
    while origin is not None:
        if origin[1].startswith((OF_NAMED + STORED, OF_UNDER)):
            return True
        origin = holes.origin(origin[0])
    return False


def under_any_key(evaluator: Keyed, roles: Mapping[str, Val]) -> dict[str, Val]:
    """Arguments of a call in a function that nothing calls: what it asks for may be anything that the array holds."""
    substitution = _unsaid(evaluator)
    return {role: evaluator.join(value, substitution.value(value)) for role, value in roles.items()}


def put_unsaid(evaluator: Keyed, effects: Iterable[Effect]) -> None:
    """What a function keeps that nothing calls may stand under any key."""
    substitution = _unsaid(evaluator)
    for effect in effects:
        if effect.target == NAMED:
            evaluator.put_by_callee(effect, substitution)


def _unsaid(evaluator: Keyed) -> Substitution:
    """Replacement of parameters that nobody passes."""
    unsaid = Val(frozenset([evaluator.state.holes.template("unknown", "key")]))

    def argument(index: int) -> Val:
        return unsaid if index >= 0 else evaluator.env.get("this", NOTHING)

    return evaluator.substitution(argument, same, same)
