"""Frame of one function's abstract interpretation: variables, handles, and what was found so far."""

from __future__ import annotations

import re
from collections.abc import Callable as Function
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import partial

from scanner.analysis import ordered, weak
from scanner.analysis.by_reference import passed_back
from scanner.analysis.course import Aliases, Course
from scanner.analysis.describe import describe
from scanner.analysis.faces import names_host
from scanner.analysis.flows import Goal, Parameter, Passed, Way
from scanner.analysis.instances import Instances
from scanner.analysis.program import Program
from scanner.analysis.spread import MAX_OUTSIDE_STEPS, is_followed
from scanner.analysis.state import Note, SecretRead, State
from scanner.analysis.substitution import Substitution
from scanner.analysis.summary import (
    MAX_EFFECTS,
    MAX_HITS,
    MAX_OBJECT_LIFTS,
    MAX_TELLING_HITS,
    PARAM,
    RECEIVER,
    Effect,
    Hit,
    Reach,
    Summary,
    certain,
    closed,
    depends_on_caller,
    symbolic,
)
from scanner.analysis.templates import is_known
from scanner.analysis.values import CUT_SITES, NOTHING, Trace, Val, all_labels, all_sites, join, passed_on, text_value
from scanner.analysis.variants import Given
from scanner.model.facts import Call, CallKind, FunctionFact, Value
from scanner.model.signature import Secret

NO_SITES = frozenset[int]()
MAX_OPEN_TEXTS = 2
"""Texts of a returned value up to which properties of the caller's objects stay open in it."""
MAX_OPEN_WEIGHT = 12
"""Values in a returned array up to which they stay so: `return ['name' => $this->name, ...]`."""
_WORD = r"[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*"
_NAME = re.compile(rf"\\?{_WORD}(?:\\{_WORD})*(?:::{_WORD})?", re.ASCII)
"""What PHP takes for a name; any byte above 127 may stand in one."""
PRIMITIVES = frozenset(
    {"array", "bool", "callable", "false", "float", "int", "iterable", "mixed", "never", "null", "object", "string",
     "true", "void"}
)  # fmt: skip


def cell(program: Program, closure: int, name: str) -> tuple[str, str]:
    """Store of a variable that a closure captures by reference: of the outermost that has it, where they are nested."""
    owner = program.local(closure, program.functions[closure].owner)
    while (name, True) in program.functions[owner].captures:
        closure, owner = owner, program.local(owner, program.functions[owner].owner)
    return "\2cell", f"{closure}:{name}"


class Frame:
    """State of one function while it is evaluated; `env` maps local variables to values."""

    def __init__(self, state: State, number: int) -> None:  # noqa: PLR0915  one line per kind of state
        self.state = state
        self.number = number
        self.fact: FunctionFact = state.program.functions[number]
        self.path = state.program.path(number)
        self.cls = state.program.class_key(number)
        self.env: dict[str, Val] = {}
        self.globals: dict[str, str] = {}
        """Local name -> global name, for `global $x` and, at file scope, for every variable."""
        self.file_scope = not self.fact.name and not self.fact.cls
        self.after_include = False
        self.returns = NOTHING
        self.hits: dict[tuple[object, ...], Hit] = {}
        self.effects: dict[tuple[str, tuple[int, str], int], Effect] = {}
        self.led: dict[str, dict[Goal, Way]] = {}
        """Where parameters go of which callers are not told more (see `flows`)."""
        self.passed: dict[tuple[int, int], Passed] = {}
        """What calls pass that can flow further, by callee and place."""
        self.handed: set[int] = set()
        """Objects among it: who takes one out of a store finds in it what it got here."""
        self.sites = Instances(state)
        self.levels: dict[tuple[int, str], int] = {}
        """By object or handle that a callee made, and role: through how many calls what was put on it has come."""
        self._joins: dict[tuple[int, int], tuple[Val, Val, Val]] = {}
        """By the identities of two values, which it keeps alive: their join."""
        self.by_ref: dict[int, Val] = {}
        self.line = self.fact.line
        self.inlined = 0
        self.given: list[Val] | None = None
        """Arguments of a closure that runs inside another function; None where only callers know them."""
        self.reaches: dict[tuple[object, ...], Reach] = {}
        self.promoted: list[tuple[str, Val]] = []
        """Constructor parameters that are properties, too."""
        self.stored_sites: set[int] = set()
        self.computed = False  # a callee whose name is computed is being called
        self.steps = 0
        self.named_globals = False
        """A `global $$name` whose name only callers know has been seen."""
        self.aliases = Aliases()
        self.course = Course()
        self.has_properties = False
        self.attempts: list[dict[str, Val]] = []
        """By `try` around the statement, innermost last: what variables held inside it before they got other values."""
        self.fresh: set[str] = set()
        """Globals and properties that were assigned since the last call (see `shared`)."""
        self.element_references: dict[str, Value] = {}
        """Loop variables of `foreach` by reference, and what they run over."""
        self.printed: Val = NOTHING
        """Secrets and parameters that were printed: an output buffer gives them back."""
        self.late: list[Val] = []
        """Callables that get what was printed when the function is over (`ob_start`)."""
        self.statics: dict[str, tuple[str, str]] = {}
        """Static locals and the stores that keep them between calls."""
        self.extracted: dict[str, Val] = {}
        """By prefix: arrays of unknown keys that became variables; what is not known by name may be in them."""
        self.cells: dict[str, tuple[str, str]] = {}
        """Variables that a closure made here captures by reference, and the stores it writes when it runs elsewhere."""
        self.carried: Mapping[str, Val] | None = None  # captured variables of a closure that was made elsewhere
        self.default_context: frozenset[int] = frozenset()
        """Handles of the stream context that URLs are opened with."""
        self.kept: dict[tuple[str, str], Val] = {}
        """What was kept under a name in this function: seen at once, also when only a caller knows it."""
        self.ending: list[Val] = []
        """Objects made here whose class has a destructor."""
        self.place_references: dict[str, tuple[Value, ...]] = {}
        """Variables that are another name for an element, a property or the result of a call (see `references`)."""
        self.to_result: Val | None = None
        """What is assigned to what the call that is evaluated gives back by reference."""
        self.bound: dict[str, tuple[Value, ...]] = {}
        """By variable of a prepared statement: variables that are bound to it by reference (see `stored`)."""
        self.thrown: Val = NOTHING
        """What exceptions thrown here carry."""
        self.repeating = False
        """A loop's body is being run for the second time: loops inside it run once."""
        self.concrete = False
        """All that decides is known: loops and branches run as PHP would run them (see `unrolling`)."""
        self.uncertain = False
        """In a concrete run: inside a branch of which is not known whether it runs; loops there are approximated."""
        self.tested: list[Val] = []
        """In a concrete run: values of the statements so far, the last of them tests of the branch that follows."""
        self.told = False
        """The function runs with what one call passes (see `dispatching`): closures made here keep all of it."""
        self.crossing = False
        """One of many functions is called: what it does with what this one's caller passes is not told (`mixing`)."""
        self.looping = 0
        """Loops around the statement that is evaluated."""
        self.verdicts: Mapping[str, Trace] = {}
        """Secrets that the tests in front of the branch or loop that follows have told."""
        self.deciding: Mapping[str, Trace] = {}
        """Secrets of which a test decides whether the statement that is evaluated runs (see `implicit`)."""
        self.given_back: dict[int, Val] = {}
        """By closure that was created here: what it gives back that carries something."""
        self.grown: set[tuple[int, str]] = set()
        """Properties of objects made here to which methods add: what was added is all there is (see `growing`)."""
        self.closures: dict[int, dict[str, Val]] = {}
        """Closures created here, and the values of variables that they captured when they were."""
        self.parameter_index = {param.name: i for i, param in enumerate(self.fact.params) if param.by_ref}
        self.is_inside = False  # a closure that runs inside the function that made it
        self.changed: set[str] = set()  # variables that hold what was made of a parameter (see `plain`)
        self.foreign: frozenset[int] = frozenset()
        """Parameters, as symbolic objects, that are connections to a database on a host that a caller names."""
        self.connections: dict[int, frozenset[int]] = {}
        """Connections of prepared statements, by the statement's place."""
        self.libraries: dict[int, frozenset[str]] = {}
        """Libraries that made what callers of this kind pass, by symbolic object."""
        self.late_cls = ""
        """Class of the object, where the method is evaluated for one of its subclasses."""
        self._bind_parameters()

    def _bind_parameters(self) -> None:
        holes = self.state.holes
        for index, param in enumerate(self.fact.params):
            label = {PARAM + str(index): Trace(self.path, self.fact.line, f"parameter ${param.name}", None, 0)}
            classes = frozenset(self._class_key(name) for name in param.types if name not in PRIMITIVES)
            text = frozenset([holes.template("param", str(index))])
            value = Val(text, label, classes, sites=frozenset([symbolic(index)]))
            if param.variadic and classes:
                value = Val(text, label, rest=Val(types=classes, sites=value.sites))
            self.env[param.name] = value
            if param.promoted:
                self.promoted.append((param.name, value))
        if self.cls:
            self.env["this"] = Val(types=frozenset([self.cls]), sites=frozenset([symbolic(RECEIVER)]))

    def accept(self, passed: Given) -> None:
        """Take a caller's clients: their classes become those of the parameters."""
        for client in passed:
            name = self.fact.params[client.position].name
            if client.key:
                element = Val(types=client.types, sites=client.sites)
                array = Val(rest=element) if client.key == "*" else Val(items={client.key: element})
                self.env[name] = self.join(self.env[name], array)
                self.foreign |= client.sites if client.foreign else NO_SITES
                continue
            self.env[name] = self.env[name].replaced(types=self.env[name].types | client.types)
            self.libraries[symbolic(client.position)] = client.libraries
            if client.foreign:
                self.foreign |= {symbolic(client.position)}

    def on_object_of(self, cls: str) -> None:
        """Evaluate the method for objects of one subclass (see `late`)."""
        self.late_cls = cls
        self.env["this"] = self.env["this"].replaced(types=frozenset([cls])) if "this" in self.env else NOTHING

    def note_statement(self, statement: frozenset[int], connection: frozenset[int]) -> None:
        """Remember whose connection a prepared statement is on, where that leads to a host that the code names."""
        foreign = connection & (self.foreign | self.state.variants.foreign)
        for site in statement - foreign if foreign else ():
            self.connections[site] = foreign

    def connections_of(self, handles: frozenset[int]) -> frozenset[int]:
        """The connections of prepared statements; what is bound to a statement is not put on its connection."""
        if not self.connections:
            return NO_SITES
        return NO_SITES.union(*(self.connections.get(site, NO_SITES) for site in handles))

    def of_library(self, site: int, library: str) -> None:
        """A library made an object or a handle; what a caller passed is known as such in this function alone."""
        if site >= 0:
            self.state.site_libraries[site].add(library)
        else:
            self.libraries[site] = self.libraries.get(site, frozenset()) | {library}

    def libraries_of(self, value: Val) -> frozenset[str]:
        """Libraries whose signatures made an object or a handle."""
        known = self.state.site_libraries
        found = [self.libraries[site] if site in self.libraries else known.get(site, ()) for site in value.sites]
        return frozenset().union(*found)

    def _class_key(self, name: str) -> str:
        lower = name.lower()
        if lower in ("self", "static"):
            return self.cls if lower == "self" else self.late_cls or self.cls
        if lower == "parent":
            return self._parent()
        return self.state.program.find_class(name)

    def _parent(self) -> str:
        for unit in self.state.program.classes.get(self.cls, ()):
            if unit.fact.parent:
                return self.state.program.find_class(unit.fact.parent)
        return ""

    def join(self, first: Val, second: Val) -> Val:
        """Join with the overflow hole of this analysis."""
        return join(first, second, self.state.overflow)

    def unknown(self, value: Value | str | None) -> Val:
        """Value of an expression of which nothing is known but its spelling."""
        return text_value(self.state.holes.template("unknown", describe(value)))

    def texts(self, value: Val, shown: Value | str | None) -> frozenset[str]:
        """Templates of a value used as a string."""
        return value.texts or frozenset([self.state.holes.template("unknown", describe(shown))])

    def known_texts(self, value: Val) -> list[str]:
        """Strings without holes that the value may be, sorted."""
        return sorted(text for text in value.texts if is_known(text))

    def known_names(self, value: Val) -> list[str]:
        """Of these, those that can name a class, a function, or a method with its class: a path or an address cannot.

        Unless `class_alias` made it one, which takes any text. Source: the manual, chapter Classes and Objects, "A
        valid class name"; Functions has the same rule.
        """
        program = self.state.program
        return [text for text in self.known_texts(value) if _NAME.fullmatch(text) or program.is_class(text)]

    def read_secret(self, secret: Secret, line: int, how: str, *, certain: bool = True) -> Val:
        """Record the read of a secret and give its value."""
        self.state.reads.add(SecretRead(self.number, secret.label, line, how, certain))
        return self.state.origins.secret_value(secret, self.path, line, how)

    def note(self, kind: str, line: int, text: str) -> None:
        """Record something that could not be followed."""
        self.state.notes.add(Note(self.number, line, kind, text))

    def add_hit(self, hit: Hit) -> None:
        """Record the call of a sink, once per place, signature and wrapper chain."""
        key = (hit.function, hit.start, hit.signature.id, hit.inner)
        if len(self.hits) >= MAX_HITS and key not in self.hits and not self._must_be_kept(hit):
            self.state.limit("sinks-per-function", self.number)
            return
        known = self.hits.get(key)
        if known is not None:
            if len(known.via) < len(hit.via):
                hit = hit._replace(via=known.via, hops=known.hops)
            roles = dict(known.roles)
            for role, value in hit.roles.items():
                roles[role] = self.join(roles[role], value) if role in roles else value
            hit = hit._replace(roles=roles, sites=known.sites | hit.sites)
        self.hits[key] = hit

    def _must_be_kept(self, hit: Hit) -> bool:
        """Whether a sink is kept beyond the bound: many calls of little worth must not hide one that sends."""
        if not hit.via:
            return True  # as many as the code has
        if len(self.hits) >= MAX_TELLING_HITS:
            return False
        return any(
            any("://" in text for text in value.texts) or any(map(self.state.is_secret, all_labels(value)))
            for value in hit.roles.values()
        )

    # -- handles and closures ---------------------------------------------------------------------------------

    def set_site(self, site: int, role: str, value: Val) -> None:
        """Weak update of what is known of a handle or object in this function."""
        known = self.sites.get(site, {}).get(role)
        self.sites.put(site, role, value if known is None else self._joined_once(known, value))

    def _joined_once(self, first: Val, second: Val) -> Val:
        """The join of two values, the very same for the same two: many objects are told the same by one call."""
        key = id(first), id(second)
        known = self._joins.get(key)
        if known is None:
            known = self._joins[key] = (first, second, self.join(first, second))
        return known[2]

    def with_sites(self, roles: Mapping[str, Val], sites: frozenset[int]) -> dict[str, Val]:
        """Roles of a call together with the state of the handles that take part."""
        merged = dict(roles)
        for site in sorted(sites):
            for role, value in self.sites.get(site, {}).items():
                merged[role] = self.join(merged[role], value) if role in merged else value
        if CUT_SITES in sites:
            self.state.limit("handles-per-value", self.number)
            unknown = self.unknown("handles beyond the bound")
            merged = {role: self.join(value, unknown) for role, value in merged.items()}
        return merged

    def run_method(self, number: int, args: list[Val], place: Value, receiver: Val | None = None) -> Val:
        """Effect and value of a method that an operator runs (`offsetSet`, a property hook, `__get`)."""
        start = -1 - self.line * len(self.state.program.functions) - number  # no two such calls of a line are one
        call = Call(CallKind.METHOD, "", place, (), self.line, self.line, start, 0)  # no place in the text: end 0
        receiver = self.env.get("this") if receiver is None else receiver
        return self.state.interpreter.apply(self, call, number, args, receiver)

    def magic_method(self, cls: str, name: str, magic: str) -> int | None:
        """`__get` or `__set` of a class for a property that is not there, or not seen; itself, it sees it bare."""
        number = self.state.program.find_method(cls, magic)
        bare = number is None or self.fact.name.lower() == magic
        return None if bare or not self.state.inaccessible.serves(cls, name, self.cls) else number

    def add_effect(self, effect: Effect) -> None:
        """Record a write that callers decide, once per place that is written and level it comes from.

        Levels are not joined: what a function writes itself would take what comes from far along, again and again.
        """
        key = effect.target, effect.key, effect.lifts
        known = self.effects.get(key)
        if known is not None:
            effect = known._replace(value=self.join(known.value, effect.value))
        elif len(self.effects) >= MAX_EFFECTS:
            self.state.limit("effects-per-function", self.number)
            return
        self.effects[key] = effect._replace(value=passed_on(effect.value))

    def summary(self) -> Summary:
        """What was found, once the body has been evaluated."""
        self.tell_passed()  # first: getters of objects that are passed run for it, with all that they do
        exports = ordered.without(self.env) if self.file_scope else {}
        effects = [
            *self.effects.values(),
            *(Effect("argument", (i, ""), value) for i, value in passed_back(self)),
        ]
        effects += self._told(self._escaping(exports))
        for target, value in (("printed", self.printed), ("thrown", self.thrown)):
            labels = self.state.telling(value.labels)  # every caller would carry the rest, and nobody asks for it
            if labels:
                texts = value.texts if target == "printed" else frozenset[str]()
                effects.append(Effect(target, (0, ""), Val(texts, labels, types=value.types)))
        for label, ways in self.led.items():
            self.state.flows.lead(Parameter(self.number, label), ways)
        return Summary(
            self._returned(), tuple(self.hits.values()), tuple(effects), exports, tuple(self.reaches.values())
        )

    def _told(self, escaping: AbstractSet[int]) -> Iterable[Effect]:
        """What handles and objects were told, of those that callers know; alike for several objects, it is one."""
        effects: dict[tuple[object, ...], Effect] = {}
        for site in sorted(self.sites):
            kept = site >= 0 and self.state.is_kept_handle(site)
            if site < 0 or site in escaping:
                for role, value in sorted(self.sites[site].items()):
                    if role.startswith(".") and not self.state.tells(value):
                        continue
                    level = self.levels.get((site, role), 0)
                    if level > MAX_OBJECT_LIFTS:
                        self.leave_far(site, role, value)
                        continue
                    key = (role, id(value) if site >= 0 and role.startswith(".") else (site,), kept, level)
                    known = effects.get(key)
                    effects[key] = (
                        Effect("site", (site, role), passed_on(value), level)
                        if known is None
                        else known._replace(alike=(*known.alike, site))
                    )
                continue
            if site in self.state.kept_sites:
                self.tell_all(site)
            if kept:
                effects.update(((effect.key[1], effect.key, kept), effect) for effect in self._put_on_kept(site))
        return effects.values()

    def tell_all(self, site: int) -> None:
        """What an object got that a store holds, secrets, hosts, objects with some: whoever takes it out finds it."""
        for role, value in sorted(self.sites[site].items()):
            told = self.state.has_secret(value) or not self.handed.isdisjoint(all_sites(value))
            if role[0] == "." and (told or any(map(names_host, value.texts))):
                self.state.write_site(site, role, self.state.single(certain(value)))

    def _put_on_kept(self, site: int) -> Iterator[Effect]:
        """What was put on a handle that was made elsewhere and is used elsewhere: callers get what they decide of it.

        The rest is in the state of all at once; carried on, it would be in every summary up to the outermost.
        """
        for role, value in sorted(self.sites[site].items()):
            if role.startswith("."):
                continue
            level = self.levels.get((site, role), 0)
            if depends_on_caller(value) and level > MAX_OBJECT_LIFTS:
                self.leave_far(site, role, value)
            elif depends_on_caller(value):
                yield Effect("site", (site, role), value, level)
            else:
                self.state.write_site(site, role, value)

    def _returned(self) -> Val:
        """What the function returns. A getter's property is the caller's to know; of more than that, the store is."""
        value = self.returns
        if len(value.texts) > MAX_OPEN_TEXTS and not self.state.growth.in_texts(value.texts):
            return closed(value, self.state.holes)
        if (value.items is None and value.rest is None) or value.weight <= MAX_OPEN_WEIGHT:
            return value
        # What stands in a large array is in the store; which array it is, is not.
        return closed(value, self.state.holes).replaced(texts=value.texts, labels=value.labels)

    def _escaping(self, exports: Mapping[str, Val]) -> set[int]:
        """Handles that outlive this function: returned, stored, passed out, or left to an including file."""
        found: set[int] = set(self.stored_sites)
        for value in (
            self.returns,
            *self.by_ref.values(),
            *(effect.value for effect in self.effects.values()),
            *exports.values(),
        ):
            found |= all_sites(value)
        if any(site >= 0 and site not in found for site in self.sites):
            self._add_inner(found)
        return found

    def _add_inner(self, found: set[int]) -> None:
        """Add the objects that properties of some objects hold, and so on: who has those reaches these."""
        waiting = list(found)
        while waiting:
            site = waiting.pop()
            for roles in (self.sites.get(site), self.state.site_states.get(site)):
                for role, value in (roles or {}).items():
                    inner = all_sites(value) - found if role[0] == "." else NO_SITES
                    found |= inner
                    waiting += inner

    def substitution(
        self, arguments: Function[[int], Val], step: Function[[Trace], Trace], returned: Function[[Trace], Trace]
    ) -> Substitution:
        """Replacement of a callee's parameters."""
        holes, overflow = self.state.holes, self.state.overflow
        digests = self.state.digests
        telling = partial(weak.telling, self.state)
        return Substitution(arguments, self.project, holes, overflow, step, returned, self.followed, digests, telling)

    def followed(self, labels: Mapping[str, Trace]) -> Mapping[str, Trace]:
        """Those of some labels that are followed through another call."""
        if all(trace.length < MAX_OUTSIDE_STEPS for trace in labels.values()):
            return labels
        kept = {label: trace for label, trace in labels.items() if is_followed(label, trace)}
        if any(label not in kept and self.state.is_secret(label) for label in labels):
            self.state.limit("steps-of-vague-data", self.number)
        return kept

    def tell_passed(self) -> None:
        """Tell what calls pass that can flow further (see `Shared`)."""
        raise AssertionError(self)

    def leave_far(self, site: int, role: str, value: Val) -> None:
        """What an object got is told to callers no more (see `Shared`)."""
        raise AssertionError((site, role, value))

    def project(self, base: Val, key: str) -> Val:
        """What a property of an object, or a row of a query, is known to be here (see `Lookup`)."""
        raise AssertionError((base, key))
