"""What outlives a call: globals, properties, variables that closures capture; and how long what is known of it holds.

Between an assignment and a read any call may write the same place: `$x = ''; fill(); send($x);` with `global $x` in the
function. What was assigned before a call is joined with what other functions write there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from scanner.analysis import ordered
from scanner.analysis.destinations import host_in
from scanner.analysis.faces import face, innermost, names_host
from scanner.analysis.flows import Goal, Passed, Passing, Way, forms, has_objects, texts_in
from scanner.analysis.frame import Frame, cell
from scanner.analysis.instances import reachable
from scanner.analysis.origins import SUPERGLOBALS
from scanner.analysis.state import KEPT_OBJECT, NOBODIES, PASSED_OVER, WRITTEN, is_single
from scanner.analysis.substitution import same
from scanner.analysis.summary import (
    MAX_EFFECT_LIFTS,
    MAX_VALUE_LIFTS,
    PARAM,
    Effect,
    certain,
    closed,
    depends_on_caller,
)
from scanner.analysis.templates import parameters
from scanner.analysis.values import NOTHING, Val, all_labels, all_sites, join, text_value
from scanner.model.facts import SHORT_BODY, Call, Index, Prop, Value, Var

_PAST = Way(None, frozenset())
"""How what callers pass gets to a function that is not followed."""
STORE = "store"
LONE = "lone"
"""Targets of effects: a property that objects of a class share, and one of an object whose place nobody knows."""
_MAX_READERS = 100
"""Functions that read a property of the objects made at one place, up to which a secret makes them worth following."""
_MAX_HANDED = 16
"""Objects, and objects in them, that are looked into for a secret where a call passes them."""
_PAIR, _METHOD = 2, "1"
"""Elements of a list that is a method of an object, and the key of the method's name."""
_OLD, _AGED = "?", "!"
"""First characters of marks among the variables: no name of a variable begins with one."""
_MAX_BUFFER = 4_000
_MARK = "-"
"""First character of what else runs along with the variables, so that branches and loops join it as they do those."""
BUFFER = _MARK + ">buffer"
"""The text of an output buffer, in its order (see `output`)."""
YIELDED = _MARK + ">yielded"
"""How many values without keys a generator has yielded (see `generators`)."""


def perhaps_old(written: str) -> str:
    """Mark among the variables for a property that only one arm of a branch has written: it may be what it was."""
    return _OLD + written


def is_property(name: str) -> bool:
    """Whether a name among the variables is one of a property that was written, and no such mark."""
    return "->" in name and name[0] not in (_OLD, _AGED, _MARK)


def aged(written: str) -> str:
    """Mark among the variables for one that was assigned before a call: the call may have written it."""
    return f"{_AGED}->{written}"


def stays(place: Value, variable: str) -> bool:
    """Whether a place is still there to be read: not what a call gave, nor in what the variable was before."""
    while isinstance(place, Index | Prop):
        place = place.base
    return not isinstance(place, Call) and place != Var(variable)


def either(one: Val, two: Val, overflow: str) -> Val:
    """A list, where it may be another one that has any number of elements: each by number may be any of these.

    Not so for a place that both know: what is put behind a list leaves what is there as it is.
    """
    if two.rest is None or not one.items or two.items is None:
        return one
    gone = [key for key in one.items if key.isdecimal() and key not in two.items]
    return (
        one.replaced(items={**one.items, **{key: join(one.items[key], two.rest, overflow) for key in gone}})
        if gone
        else one
    )


class Placed(list[Val]):
    """Arguments by parameter: the last is the list that a parameter for any number of arguments gets."""


class Shared(Frame):
    """Writes places that outlive the call, and knows which of them a call may have written since."""

    collects = False
    """Whether a collection of PHP was made here of which it is known what it holds (see `ordered`)."""
    held_before: Mapping[tuple[str, str], Val] = MappingProxyType({})
    """Static variables and properties that were read here, by store, and what they held at first (see `lasting`)."""

    def adopt(self, outer: Frame, args: list[Val] | None, carried: Mapping[str, Val] | None = None) -> None:
        """Become a closure inside `outer`: captured variables have their values of this moment.

        `carried`: variables of a closure that was made elsewhere.
        """
        self.given = args
        scope = {**outer.env, **outer.closures.get(self.number, {})} if carried is None else carried
        for name, _by_ref in self.fact.captures:
            if name == "*":
                self.env = {**scope, **{p.name: self.env[p.name] for p in self.fact.params}}
            elif name in scope:
                self.env[name] = scope[name]
        if "this" in scope and not self.fact.is_static:
            self.env["this"] = scope["this"]
        for index, param in enumerate(self.fact.params):
            types = self.env[param.name].types
            if args is None:
                value = self.unknown(f"${param.name}")
            elif param.variadic and not isinstance(args, Placed):
                value = Val(items={str(i): arg for i, arg in enumerate(args[index:])})
            else:
                value = args[index] if index < len(args) else self.state.interpreter.default(self, param)
            self.env[param.name] = value.replaced(types=value.types | types)
        self.sites, self.levels = outer.sites, outer.levels
        self.globals = dict(outer.globals) if carried is None else {}
        self.after_include = outer.after_include
        self.is_inside = True

    def take_printed(self, value: Val) -> None:
        """Other code has printed: one text, or what stands in no order."""
        self.printed = self.join(self.printed, value)
        before = self.env.get(BUFFER)
        if before is not None and value is not NOTHING:
            self.env[BUFFER] = Val(frozenset(text + more for text in before.texts for more in value.texts))
            if len(value.texts) != 1 or max(map(len, self.env[BUFFER].texts), default=0) > _MAX_BUFFER:
                del self.env[BUFFER]

    def take_over(self, inner: Frame, *, foreign: bool = False) -> None:
        """What a closure did belongs to the function around it; `foreign`: one that was made elsewhere."""
        for hit in inner.hits.values():
            self.add_hit(hit)
        for effect in inner.effects.values():
            self.add_effect(effect)
        for label, ways in inner.led.items():
            self.add_ways(label, ways)
        for (callee, start), call in inner.passed.items():
            self.note_passed(callee, start, call)
        inner.passed.clear()
        self.handed |= inner.handed
        for key, item in inner.reaches.items():
            self.reaches.setdefault(key, item)
        self.changed |= inner.changed
        self.take_printed(inner.printed)
        self.thrown = self.join(self.thrown, inner.thrown)
        for name, by_ref in inner.fact.captures:
            if by_ref and name in inner.env and foreign:
                self.write_shared("store", cell(self.state.program, inner.number, name), inner.env[name])
            elif by_ref and name in inner.env:
                known = self.env.get(name)
                value = inner.env[name]
                self.env[name] = value if known is None else self.join(known, value)

    def write_shared(
        self, target: str, key: tuple[str, str], value: Val, lifts: int = 0, by: int | None = None
    ) -> None:
        """Write to a store that outlives the call. `by`: the callee that does it, where it is not this function."""
        self.stored_sites |= all_sites(value)
        if lifts > MAX_VALUE_LIFTS:
            flowing = self._flowing(value)
            value = self.join(self._far(value), flowing) if has_objects(flowing) else self._far(value)
        self._note_writer(key, self.number if by is None else by)
        if depends_on_caller(value):
            self._leave_to_callers(target, key, value, lifts)
            return
        self._store(key, value, lifts)

    def _store(self, key: tuple[str, str], value: Val, lifts: int) -> None:
        """Write to a store; what a function writes to a global variable is kept apart from what pages do, too."""
        self.state.write_store(key, value)
        if not key[0] and (lifts or not self.file_scope):
            self.state.write_store((WRITTEN, key[1]), value)

    def note_held(self, key: tuple[str, str], value: Val) -> None:
        """A static variable or a property is read, which holds this."""
        if key not in self.held_before and self.fact.size <= SHORT_BODY:
            self.held_before = {**self.held_before, key: value}

    def _note_writer(self, key: tuple[str, str], function: int) -> None:
        """A constructor runs before anything else does with its object."""
        if key[0] and self.state.program.functions[function].name.lower() != "__construct":
            self.state.written_by[key].add(function)

    def joined(self, outcomes: Sequence[Mapping[str, Val]]) -> dict[str, Val]:
        """Variables behind a branch, from those at the end of each of its arms."""
        result = dict(outcomes[0])
        for other in outcomes[1:]:
            for name, value in other.items():
                known = result.get(name)
                if known is None:
                    result[name] = value
                elif known is not value:
                    result[name] = self.join(either(known, value, self.state.overflow), value)
        if self.has_properties:
            for name in [name for name in result if is_property(name) and not all(name in other for other in outcomes)]:
                result[perhaps_old(name)] = NOTHING
        return result

    def gained(self, before: Mapping[str, Val]) -> bool:
        """Whether a variable has what it had not: a secret of the site, an element included, or another's host."""
        pairs = ((before.get(name, NOTHING), value) for name, value in self.env.items())
        changed = [(old, new) for old, new in pairs if new is not old]
        if any(self._has_more(old, new) for old, new in changed if new.labels or new.height):
            return True
        hosts = {text for old, new in changed for text in new.texts - old.texts if host_in(text)}
        return bool(hosts) and any(not hosts.isdisjoint(value.texts) for value in before.values())

    def _has_more(self, before: Val, after: Val) -> bool:
        new = face(after, self.state.is_decisive) - face(before, self.state.is_decisive)
        places = (before.items or {}).keys() | {"*"}
        return any(
            self.state.is_named(innermost(part))
            for part in new
            if not isinstance(part, tuple) or part[0] in places  # each round of `$list[] = $x` makes another element
        )

    def widen(self, before: Mapping[str, Val]) -> None:
        """Numbers that a round of a loop has changed may be any number."""
        for name, value in self.env.items():
            old = before.get(name)
            if old is None or value is old or not old.texts or len(value.texts) <= len(old.texts):
                continue
            if all(text.isdecimal() for text in value.texts):
                self.env[name] = self.join(value, text_value(self.state.counted))

    # -- what may end early ------------------------------------------------------------------------------------

    def attempt(self, *, ended: bool) -> None:
        """A `try` begins or ends: behind it, a variable may have what it had at any point inside."""
        if not ended:
            self.attempts.append({})
            return
        for name, value in (self.attempts.pop() if self.attempts else {}).items():
            known = self.env.get(name)
            self.env[name] = value if known is None else self.join(known, value)

    def replaced_in_attempt(self, name: str) -> None:
        """A variable is about to get another value."""
        known = self.env.get(name)
        if known is not None:
            for kept in self.attempts:
                kept[name] = self.join(kept[name], known) if name in kept else known

    # -- what a call may have written --------------------------------------------------------------------------

    def note_assigned(self, written: str) -> None:
        """From here on a global variable, or a property as `variable->name`, has the value that the variables tell."""
        self.env.pop(aged(written), None)
        self.fresh.add(written)

    def assign_property(self, variable: str, name: str, value: Val) -> None:
        """From here on the property of what a variable holds has this value, and none that it had before."""
        written = f"{variable}->{name}"
        self.replaced_in_attempt(written)
        for other in self._same_property(written, name) if self.has_properties else ():
            self.env[aged(other)] = NOTHING
        self.env[written] = value
        self.env.pop(perhaps_old(written), None)
        self.note_assigned(written)
        self.has_properties = True

    def _same_property(self, written: str, name: str) -> list[str]:
        """The property of that name of what other variables hold: it may be the same object."""
        end = f"->{name}"
        return [other for other in self.env if other.endswith(end) and other != written and is_property(other)]

    def age(self) -> None:
        """A function of the program is called: it may write what was assigned up to here."""
        if self.collects:
            ordered.lose(self.env)
        for written in self.fresh:
            self.env[aged(written)] = NOTHING
        self.fresh.clear()

    def since_call(self, name: str, known: Val) -> Val:
        """What a global variable holds that was assigned here, and what functions called since may have put there."""
        if aged(name) not in self.env:
            return known
        return self.join(known, self.state.read_store((WRITTEN, self.globals.get(name, name))))

    def written_elsewhere(self, keys: Sequence[tuple[str, str]]) -> bool:
        """Whether other functions write one of some properties; this one is evaluated again when they do."""
        for key in keys:
            self.state.readers[key].add(self.state.current)
        return any(self.state.written_by.get(key, NOBODIES) - {self.number} for key in keys)

    def _leave_to_callers(self, target: str, key: tuple[str, str], value: Val, lifts: int) -> None:
        """A write to a store of what a caller passes: callers make it, as far out as it is followed."""
        single = is_single(key)
        if target in (STORE, LONE):
            self.state.note_instance(key)
        if lifts or not single:  # whoever calls a method knows the object whose property it puts into a global
            value = closed(value, self.state.holes)
        elif depends_on_caller(value) and closed(value, self.state.holes) is not value:
            self._lead(self._far(value), key)  # who calls those callers does not, and is told no more
        if not depends_on_caller(value):
            self._store(key, value, lifts)
            return
        if self.state.has_secret(value):  # of the caller's nobody may ever tell: a framework makes the call
            self._store(key, certain(value), lifts)
        elif value.types:  # the declared class of a parameter holds whoever calls
            self._store(key, Val(types=value.types), lifts)
        if single or target == LONE or key[0] in SUPERGLOBALS:
            if lifts > MAX_VALUE_LIFTS:
                self._lead(value, key)
                return
        elif lifts > MAX_EFFECT_LIFTS:
            self.state.leave_untold(key)  # a property is told apart by the object it belongs to, by other means
            return
        self.add_effect(Effect(target, (0, "\0".join(key)), value, lifts))

    def set_site(self, site: int, role: str, value: Val) -> None:
        """Weak update; of the one object of its kind, what callers decide is found where it is read."""
        super().set_site(site, role, value)
        is_own = site in self.state.single_sites and site not in self.state.site_libraries
        if is_own and role[0] == "." and depends_on_caller(value):
            self._lead(self._far(value), (KEPT_OBJECT, f"{site}\0{role}"))

    def leave_far(self, site: int, role: str, value: Val) -> None:
        """What an object got is told to callers no more: it is in the state of all, as far as nobody decides it.

        Secrets and hosts that callers pass flow there.
        """
        value = closed(value, self.state.holes)
        far = self._far(value)
        self.state.write_site(site, role, self.join(certain(far), Val(types=value.types, refs=value.refs)))
        if depends_on_caller(far):
            self._lead(far, (KEPT_OBJECT, f"{site}\0{role}"))

    def _far(self, value: Val) -> Val:
        """What is left of a value far out: secrets, what callers pass, and texts that can name a host."""
        nested = telling_texts(texts_in(value))
        labels = self.state.lasting(all_labels(value))
        return Val(telling_texts(value.texts), labels, rest=Val(nested) if nested else None)

    def _lead(self, value: Val, key: tuple[str, str]) -> None:
        """What callers pass goes to a store, whatever it is: they are told no more (see `flows`)."""
        nested = forms(value.rest.texts) if value.rest is not None else {}
        plain = forms(value.texts)
        for label in value.labels:
            if label.startswith(PARAM):
                is_nested = label in nested and label not in plain
                made = frozenset((nested if is_nested else plain).get(label, ()))
                self.add_ways(label, {key: Way(None, made, is_nested)})

    def lead_past(self, number: int, args: Sequence[Val]) -> None:
        """What callers pass is given to a function that is not followed: it is, once a secret comes that way."""
        goal = (PASSED_OVER, str(number))
        for label in {label for arg in args for label in all_labels(arg) if label.startswith(PARAM)}:
            self.add_ways(label, {goal: _PAST})

    def add_ways(self, label: str, ways: Mapping[Goal, Way]) -> None:
        """What a caller passes goes to some places."""
        known = self.led.setdefault(label, {})
        for goal, way in ways.items():
            known[goal] = way.widened(known.get(goal))

    def note_passed(self, callee: int, start: int, call: Passed) -> None:
        """Keep what a call passes that can flow: which of it does may turn out later.

        Of one that runs several times, in a loop or in a closure, all counts.
        """
        known = self.passed.get((callee, start))
        if known is not None:
            given = dict(known.given)
            for index, value in call.given.items():
                given[index] = self.join(given[index], value) if index in given else value
            call = known._replace(given=given)
        self.passed[callee, start] = call

    def tell_passed(self) -> None:
        """Tell what calls pass, with what is in objects that they pass, as far as it leads somewhere.

        Then they are forgotten: they hold this frame, and what is in a circle stays until Python looks for circles.
        """
        done = set[tuple[int, int]]()
        while pending := [key for key in self.passed if key not in done]:  # getters that run for it call more
            for callee, start in pending:
                call = self.passed[callee, start]
                given = {index: self._flowing(value) for index, value in call.given.items()}
                told = {label: self._flowing(value) for label, value in self._in_objects(callee, call)}
                self.state.flows.call(callee, start, Passing(self.number, call.step, given, told))
            done.update(pending)
        self.passed.clear()
        for site in sorted(self.handed):
            self.tell_all(site)

    def _in_objects(self, callee: int, call: Passed) -> Iterator[tuple[str, Val]]:
        """What is in objects made at known places that a call passes, by the labels that stand for it in the callee."""
        leading = self.state.flows.of_objects(callee)
        substitution = self.substitution(lambda index: call.given.get(index, NOTHING), same, same)
        substitution.changed = call.changed
        for index, value in call.given.items():
            if any(site >= 0 for site in value.sites):
                for label in leading.get(index, ()):
                    yield label, substitution.passed(label)

    def _flowing(self, value: Val) -> Val:
        """What of an argument can flow; an object, a method of one, or one in a list, where it holds a secret."""
        part = self.state.flows.flowing(value)
        if part is NOTHING:
            return part
        if value.types and value.sites:
            return part.replaced(types=value.types) if self._hands_secret(value.sites) else part
        if not value.items or not all_sites(value):
            return part
        items = {key: self._flowing(item) for key, item in value.items.items()}
        if not any(map(has_objects, items.values())):
            return part
        if len(items) == _PAIR and _METHOD in items:  # `[$object, 'method']`
            items[_METHOD] = value.items[_METHOD]
        return part.replaced(items={key: item for key, item in items.items() if item is not NOTHING})

    def _hands_secret(self, sites: frozenset[int]) -> bool:
        """Whether a secret was put into objects that known places make, or into objects in these; they are noted."""
        states = self.sites, self.state.site_states
        reached = [one for one in reachable(states, sites, _MAX_HANDED) if one >= 0]
        if not any(self._is_worth_handing(site, state.held(site).secrets) for site in reached for state in states):
            return False
        self.handed.update(site for site in reached if site in self.sites)
        return True

    def _is_worth_handing(self, site: int, roles: Sequence[str]) -> bool:
        """Whether one of some properties that hold a secret is not read by all of a program."""
        readers = self.state.site_readers
        return any(len(readers.get((site, role), ())) <= _MAX_READERS for role in roles)


@lru_cache(maxsize=1 << 14)
def telling_texts(texts: frozenset[str]) -> frozenset[str]:
    """Texts that callers decide, or that name a host."""
    return frozenset(text for text in texts if len(parameters(text)) == 1 or names_host(text))
