"""What all functions of one analysis share: symbol tables, stores, summaries and counters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from scanner.analysis.bounds import Limits
from scanner.analysis.computing import COMPUTING
from scanner.analysis.dispatcher import Dispatcher
from scanner.analysis.faces import face, innermost, names_host, places, words
from scanner.analysis.flows import Flows
from scanner.analysis.growth import Growth
from scanner.analysis.inaccessible import Inaccessible
from scanner.analysis.include_graph import common_files
from scanner.analysis.instances import Instances
from scanner.analysis.kept_secrets import INNER as _INNER
from scanner.analysis.kept_secrets import KeptSecrets
from scanner.analysis.kinds import Kinds, Weight
from scanner.analysis.late import LateBound
from scanner.analysis.mixing import Made, Mixing
from scanner.analysis.origins import OWN_NAMES, Origins, own_names
from scanner.analysis.parts import Interpreter
from scanner.analysis.program import Program
from scanner.analysis.rows import written
from scanner.analysis.spread import kept, quoted
from scanner.analysis.summary import Summary, depends_on_caller
from scanner.analysis.templates import A_NUMBER, HoleTable
from scanner.analysis.values import NOTHING, Trace, Val, all_labels, all_sites, join, join_all, merge_labels
from scanner.analysis.variants import Variants
from scanner.analysis.waiting import Waiting
from scanner.model.signature import Catalogue
from scanner.signatures.match import Matcher, local_methods

_FILES = _INNER + "file"
LISTED = (_INNER + "files", "*")
"""Store that tells whether anything was written to a file: who lists files asks it."""
TABLE = _INNER + "table"
"""Space of what was written to tables of the database, by the table's name."""
ANY_PROPERTY = "\0any"
"""Store of what was written to a property of a class whose name nobody knows."""
SESSION = (_INNER + "session", "*")
"""Store of secrets of the site that were put into the session: what saves it gets them."""
MESSAGE = (_INNER + "error", "message")
"""Store of secrets that stand in messages of errors: error handlers of the program get them."""
WRITTEN = _INNER + "written"
"""Space of the stores that hold what functions write to global variables, by name: not what pages do."""
_MAX_STEPS_PAST = 12
"""Steps of a way from which on what is at its end is followed no further into functions that name nothing."""
_TOLD_CALLERS = 3
"""Levels of callers that are evaluated again where a function that they call is followed after all."""
PASSED_OVER = _INNER + "passed-over"
"""Space of functions that are not followed, as places where what callers pass goes."""
KEPT_OBJECT = _INNER + "object"
"""Space of what far callers put into properties of objects that stores hold (see `flows`): by site and role."""
NOBODY = -1
NOBODIES: frozenset[int] = frozenset()

_OF_FILES = frozenset({"bz2", "phar", "spl", "standard", "zip", "zlib"})
"""Libraries whose handles mostly are files: what is written to one is in it at once."""
MAX_INSIDE = 600
"""Closures and included files that run inside one function, those inside them counted: each may run others twice."""


def is_single(key: tuple[str, str]) -> bool:
    """Whether there is one of a store: no property of objects."""
    return key[0][:1] in ("", _INNER) or key[1].startswith("::")


class SecretRead(NamedTuple):
    """A place where a secret is read."""

    function: int
    label: str
    line: int
    how: str
    """As it stands: `$GLOBALS['salt']`, `global $salt`, `$config['x']`."""
    certain: bool


class Output(NamedTuple):
    """Data that matters reaches the browser, a log, a cookie, a header, a file, or code of this machine."""

    function: int
    line: int
    end_line: int
    start: int
    end: int
    effect: str
    api: str
    labels: tuple[tuple[str, Trace], ...]
    places: tuple[str, ...] = ()
    """Templates of the file's path."""
    via: tuple[str, ...] = ()
    """Functions of the program between this call and the effect, outermost first."""
    inner: tuple[str, int] = ("", 0)
    """Path and line of the effect itself."""
    hops: tuple[tuple[str, int, str], ...] = ()
    """Calls between this one and the effect: path, line, text."""


class Note(NamedTuple):
    """Something that could not be followed."""

    function: int
    line: int
    kind: str
    """`dynamic-call`, `dynamic-include`, `dynamic-code`."""
    text: str


class Decoding:
    """What is known of code that computes text, and what following it has cost."""

    def __init__(self) -> None:
        self.inside = 0
        """Closures and included files that have run inside the function that is evaluated."""
        self.unrolled = 0
        """Statements that loops over known bounds have run."""
        self.computes: dict[str, bool] = {}
        self.results: dict[tuple[int, str, tuple[str, ...]], Val] = {}
        """Results of decoders of the program by function, class and known arguments."""
        self.decoders: dict[int, bool] = {}
        """Which functions can be decoders."""
        self.builders: dict[int, bool] = {}
        """Which functions put a text together in a loop, or calling themselves."""
        self.built = 0
        """Calls of these that were run with what they get."""
        self.lookups: dict[int, bool] = {}
        """Which functions read under a name that callers pass (see `lookups`)."""
        self.fillers: dict[int, bool] = {}
        """Which functions put something into a text, and do nothing else."""
        self.filled = 0
        """Calls of these that were run with what they get."""
        self.dispatchers: dict[int, Dispatcher] = {}
        """What functions call that their callers say (see `dispatching`)."""
        self.dispatched = 0
        """Calls of such functions that were followed."""


class State(Kinds):
    """Shared state of one analysis. Stores only grow; summaries are computed once per round."""

    def __init__(  # noqa: PLR0915  one line per part of the state
        self, program: Program, catalogue: Catalogue, matcher: Matcher, limits: Limits, interpreter: Interpreter
    ) -> None:
        self.interpreter = interpreter
        self.program = program
        self.catalogue = catalogue
        self.matcher = matcher
        self.limits = limits
        self.holes = HoleTable()
        self.overflow = self.holes.template("unknown", "...")
        self.counted = self.holes.template("unknown", A_NUMBER)
        self.some_number = Val(frozenset([self.counted]))
        self.origins = Origins(catalogue, self.holes, own_names(program))
        super().__init__(self.origins.by_label)
        self.mixing = Mixing()
        self.flows = Flows(self.holes, self.overflow, self, self._pass, self._ask)
        self.made = Made(program)
        self.variants = Variants(catalogue)
        self.late = LateBound(program)
        self.inaccessible = Inaccessible(program)
        self.included: set[str] = set()
        """Paths that some include resolves to."""
        self.common_files = common_files(program)
        self.stores: dict[tuple[str, str], Val] = {}
        """Properties by (class key, name), static ones with `::` before the name; globals by (``, name)."""
        self.places_of: dict[str, list[str]] = defaultdict(list)
        """By space that no name of the program stands for: second parts of the keys of its stores."""
        self.readers: dict[tuple[str, str], set[int]] = defaultdict(set)
        self.written_by: dict[tuple[str, str], set[int]] = defaultdict(set)
        """By store of a property: functions that write it, constructors left out."""
        self.pooled: set[str] = set()
        """Classes with a property whose name nobody knows (`ANY_PROPERTY`)."""
        self.documents: dict[int, str] = {}
        """Places that make a document, and the role of what is written into it (see `documents`)."""
        self.collections: set[int] = set()
        """Places that make one of PHP's own collections (see `containers`)."""
        self.single_sites: set[int] = set()
        """Places that make an object of which there is one: a global, or a static property, holds it."""
        self.kept_sites: set[int] = set()
        """Places that make objects which stores hold: what is set on them is there wherever they are taken out."""
        self.vague: set[tuple[str, str]] = set()
        """Stores that text of which nothing is known was put into, too."""
        self.vague_sites: set[tuple[int, str]] = set()
        """The same for what is set on handles and objects, by their places."""
        self.waiting = Waiting()
        self.current = NOBODY
        """Function whose summary is being made; closures inside it are part of it."""
        self.users: dict[int, set[int]] = defaultdict(set)
        """By function: those whose summaries took its summary in, or went on without it."""
        self.untold: dict[str, set[str]] = defaultdict(set)
        """Properties that callers put something into from too far out for the store of the class: classes by name."""
        self.instance: set[tuple[str, str]] = set()
        """Properties that get what a caller passes: each object has its own."""
        self.growth = Growth(self.holes)
        self.site_states = Instances(self)
        self.site_readers: dict[tuple[int, str], set[int]] = defaultdict(set)
        self.site_numbers: dict[tuple[int, int], int] = {}
        self.site_libraries: dict[int, set[str]] = defaultdict(set)
        """Which library's signature made a handle: its methods are that library's."""
        self.site_names: list[tuple[int, int]] = []
        self.left_closures: set[int] = set()
        """Closures that a bound kept from running: evaluated by themselves, so that no call goes unseen."""
        self.run_closures: set[int] = set()
        self.kept = KeptSecrets()
        self.followed: frozenset[int] = frozenset()
        """Functions that are worth following into whatever their length."""
        self.decoding = Decoding()
        self.cut: dict[int, set[int]] = defaultdict(set)
        """By function that was called too deep to be evaluated there: those that went on without its summary."""
        self.summaries: dict[int, Summary] = {}
        self.previous: dict[int, Summary] = {}
        """Summaries of the round before, for recursive calls."""
        self.early: dict[int, dict[int, Summary]] = defaultdict(dict)
        """By function: those that asked for its summary while it was evaluated, and what they got instead."""
        self.active: list[int] = []
        self.constants: dict[str, Val] = {}
        self.defaults: dict[tuple[int, int], Val] = {}
        """Values of parameters that are not passed, by function and position."""
        self.property_defaults: dict[tuple[str, str], Val] = {}
        """Values that properties begin with, by class key and name."""
        self.reads: set[SecretRead] = set()
        self.notes: set[Note] = set()
        self.names_own_file: dict[str, bool] = {}
        """By path: whether the code of a file names `database.php` (see `listing`)."""
        self.local_methods = local_methods(catalogue.local_sinks.values())
        self.outputs: dict[tuple[object, ...], Output] = {}
        """By place, effect and the place of the effect itself."""
        self.output_places: dict[tuple[object, ...], set[str]] = defaultdict(set)
        """The same: templates of paths and statements. A wrapper for queries gets thousands, one after another."""
        self.limits_hit: set[tuple[str, int]] = set()
        self.quotes = False
        """Whether a secret stands in a name that PHP may quote in a warning."""

    def computes(self, name: str) -> bool:
        """Whether a function (lower case) only computes: those of PHP that are folded, and what calls only those."""
        known = self.decoding.computes.get(name)
        if known is None:
            self.decoding.computes[name] = False  # a recursive one does not
            numbers = self.program.by_name.get(name, ())
            known = self.decoding.computes[name] = name in COMPUTING or (
                len(numbers) == 1 and all(self.computes(called) for called in self.program.functions[numbers[0]].called)
            )
        return known

    def site(self, function: int, start: int) -> int:
        """Number of an allocation site."""
        key = (function, start)
        number = self.site_numbers.get(key)
        if number is None:
            number = self.site_numbers[key] = len(self.site_names)
            self.site_names.append(key)
        return number

    def read_store(self, key: tuple[str, str]) -> Val:
        """Value of a store; the function that reads it is evaluated again when it changes."""
        self.readers[key].add(self.current)
        return self.stores.get(key, NOTHING)

    def _pass(self, key: tuple[str, str], value: Val) -> None:
        """Something comes to a store from far out (see `flows`)."""
        if key[0] == KEPT_OBJECT:
            site, _separator, role = key[1].partition("\0")
            self.write_site(int(site), role, value)
            return
        if key[0] == PASSED_OVER:
            self._follow(int(key[1]), value)
            return
        self.write_store(key, value)
        if not key[0]:
            self.write_store((WRITTEN, key[1]), value)

    def _follow(self, function: int, value: Val) -> None:
        """A secret comes to a function that was not followed: who calls it is evaluated again, and follows it."""
        named = (trace.length for label, trace in value.labels.items() if self.is_named(label))
        if function in self.kept.wanted or min(named, default=_MAX_STEPS_PAST) >= _MAX_STEPS_PAST:
            return
        self.kept.wanted.add(function)
        callers = self.users[function]
        self.waiting.secrets |= callers
        for _level in range(
            _TOLD_CALLERS
        ):  # what it gives back may be an object, of which summaries' faces say nothing
            self.waiting.code |= callers
            callers = {user for one in callers for user in self.users[one]}

    def _ask(self, function: int, has_secret: bool) -> None:  # noqa: FBT001  a callback
        """A function passes an object on, in which something may flow: it is evaluated again."""
        (self.waiting.secrets if has_secret else self.waiting.code).add(function)

    def leave_untold(self, key: tuple[str, str]) -> None:
        """Some of what callers put into a property does not get into the store of its class; who reads it asks them."""
        classes = self.untold[key[1]]
        if key[0] not in classes:
            classes.add(key[0])
            self.waiting.code |= self.readers.get(key, NOBODIES)

    def note_instance(self, key: tuple[str, str]) -> None:
        """A property gets what a caller passes; who has read it before is evaluated again."""
        if key not in self.instance:
            self.instance.add(key)
            readers = self.readers.get(key, NOBODIES)
            self.waiting.code |= readers
            if self.current in readers:
                self.growth.saw(self.current, self.program.functions[self.current])

    def write_store(self, key: tuple[str, str], value: Val) -> None:
        """Weak update of a store. Of text of which nothing is known it is kept that there is some."""
        if key not in self.vague and any(map(self.says_nothing, value.texts)):
            self.vague.add(key)
            if key in self.stores or key[1] in OWN_NAMES:
                self.waiting.texts |= self.readers.get(key, NOBODIES)
        value = self._kept(value) if key is not MESSAGE else self._telling(value)
        if value is NOTHING:
            return
        known = self.stores.get(key)
        merged = value if known is None else join(known, value, self.overflow)
        if known is None or merged != known:
            self.stores[key] = merged
            if known is None and key[0].startswith(_INNER):
                self.places_of[key[0]].append(key[1])
                if key[0] == _FILES:
                    self.write_store(LISTED, Val(labels=value.labels))
            if merged.sites or merged.height:
                self.kept_sites |= all_sites(value)
                if is_single(key):
                    self.single_sites |= value.sites
            readers = self._who_may_read(key[0]) if key[1] == ANY_PROPERTY else self.readers.get(key, NOBODIES)
            if merged.labels or merged.height:
                self._note_secret(key, merged)
            self._changed(known, merged, readers)

    def is_kept_handle(self, site: int) -> bool:
        """Whether a place makes a handle or client that a store holds, so that any function may set it or use it.

        Objects of the program have stores of their own for what is put on them.
        """
        told_apart = site in self.documents or not _OF_FILES.issuperset(self.site_libraries.get(site, ()))
        return told_apart and site in self.kept_sites

    def _who_may_read(self, cls: str) -> AbstractSet[int]:
        """Who has read any property of a class, its parents and its children: looked for when it matters, not noted."""
        self.pooled.add(cls)
        related = {*self.program.ancestors(cls), *self.program.descendants(cls)}
        return {number for key, numbers in self.readers.items() if key[0] in related for number in numbers}

    def in_any_property(self, cls: str) -> Val:
        """What a property of an object may hold because it was written under a name that nobody knows."""
        if not self.pooled:
            return NOTHING
        owners = [owner for owner in self.program.ancestors(cls) if owner in self.pooled]
        return join_all((self.stores[owner, ANY_PROPERTY] for owner in owners), self.overflow)

    def _note_secret(self, key: tuple[str, str], value: Val) -> None:
        if any(map(self.is_specific, all_labels(value))):
            self.kept.add(key)

    def _changed(self, before: Val | None, after: Val, readers: AbstractSet[int]) -> None:
        """Note who must be evaluated again because of a change: places alone matter only to who calls a sink."""
        if not readers:
            return
        before = NOTHING if before is None else before
        new = face(after, self.is_decisive) - face(before, self.is_decisive)
        if new:
            self.come(readers, map(innermost, new))
        elif (now := places(after)) != (old := places(before)):
            self.waiting.texts |= readers
            if any(map(names_host, now - old)):
                self.waiting.sinks |= readers  # who gives it back has no sink itself
        elif words(after) != words(before):  # a key, or what is compared
            self.waiting.words |= readers

    def come(self, functions: AbstractSet[int], news: Iterable[str]) -> None:
        """Something has come for some functions. `news`: labels, and names of what is no label.

        What is a secret no more (see `Kinds.digests`) counts as what stands for many.
        """
        weights = set(map(self.weight, news))
        if Weight.SECRET in weights:
            self.waiting.secrets |= functions
        elif Weight.CODE in weights:
            self.waiting.code |= functions
        elif weights:
            self.waiting.broad |= functions

    def tells(self, value: Val) -> bool:
        """Whether anything is known of a value: a number, and text of which nothing is known, say nothing."""
        return depends_on_caller(value) or self._telling(value) is not NOTHING

    def _kept(self, value: Val) -> Val:
        """What a store keeps of a value: what tells something, and quotations of PHP not without end."""
        value = self._telling(value)
        if not self.quotes or value is NOTHING:
            return value
        held = kept(value)
        if held is not value and all_labels(held).keys() != all_labels(value).keys():
            self.limit("steps-of-vague-data", self.current)
        return held

    def _telling(self, value: Val) -> Val:
        texts = frozenset(text for text in value.texts if not self.says_nothing(text))
        if not (texts or value.labels or value.types or value.refs or value.sites or value.items or value.rest):
            return NOTHING
        return value if len(texts) == len(value.texts) else value.replaced(texts=texts)

    def says_nothing(self, text: str) -> bool:
        """Whether a template is nothing but one hole of which nothing is known."""
        if len(text) != 1:
            return False
        hole = self.holes.hole(text)
        return hole is not None and hole.kind in ("unknown", "param", "property")

    def write_site(self, site: int, role: str, value: Val) -> None:
        """Weak update of a handle's state."""
        if any(map(self.says_nothing, value.texts)):
            self.vague_sites.add((site, role))
        value = self._kept(value)
        if value is NOTHING:
            return
        known = self.site_states.get(site, {}).get(role)
        merged = value if known is None else join(known, value, self.overflow)
        if known is None or merged != known:
            self.site_states.put(site, role, merged)
            self._changed(known, merged, self.site_readers.get((site, role), NOBODIES))

    def complain(self, *values: Val) -> None:
        """PHP complains about a name, and quotes it: the program's error handler gets it."""
        labels = join_all((Val(labels=all_labels(value)) for value in values), self.overflow).labels
        secrets = {label: quoted(trace) for label, trace in labels.items() if self.is_specific(label)}
        if secrets:
            self.quotes = True
            self.write_store(MESSAGE, Val(labels=secrets))

    def read_site(self, site: int, role: str) -> Val | None:
        """What functions did to an object of a known place; who reads it is evaluated again when it changes."""
        self.site_readers[site, role].add(self.current)
        roles = self.site_states.get(site)
        return None if roles is None else roles.get(role)

    def add_output(self, item: Output) -> None:
        """Record that data reaches an effect; what is known of one place is joined, shortest ways first."""
        path = self.program.path(item.function)
        key = (path, item.start, item.end, item.effect, item.inner)
        known = self.outputs.get(key)
        places = self.output_places[key]
        fresh = [place for place in item.places if place not in places]
        places.update(fresh)
        if known is not None:
            labels = merge_labels(dict(known.labels), dict(item.labels))
            item = min(known, item, key=lambda one: (len(one.via), one.via, one.function))._replace(
                labels=tuple(sorted(labels.items()))
            )
            if labels.keys() != {label for label, _trace in known.labels}:
                fresh = sorted(places)
        self.outputs[key] = item._replace(places=())  # kept apart: to sort them each time takes most of all time
        if item.effect == "sql":
            self._keep_in_table(item, fresh)

    def all_outputs(self) -> Iterator[Output]:
        """All that was recorded, with the places of each."""
        for key, item in self.outputs.items():
            yield item._replace(places=tuple(sorted(self.output_places[key])))

    def _keep_in_table(self, item: Output, statements: Iterable[str]) -> None:
        """What `database.php` holds and a statement writes comes back with whoever reads that table, or setting."""
        secrets = self.origins.credentials(dict(item.labels))
        for text in statements if secrets else ():
            table, settings = written(text)
            for key in [(TABLE, table)] * bool(table) + [("", name) for name in settings]:
                self.write_store(key, Val(labels=secrets))

    def run_inside(self, function: int) -> bool:
        """Whether another closure or included file may run inside the function that is evaluated; counts it."""
        self.decoding.inside += 1
        if self.decoding.inside > MAX_INSIDE:
            self.limit("closures-per-function", function)
            return False
        return True

    def limit(self, name: str, function: int) -> None:
        """Count a limit that was hit, by the function that was evaluated, if any was."""
        if function != NOBODY:
            self.limits_hit.add((name, function))
