"""All file facts linked: functions, classes, constants and files by name.

Functions get a dense number in the order of (path, position in file), so that nothing depends on the order in which
facts arrived. Names of functions and classes are compared in lower case; REDCap's autoloader drops namespaces, so a
class that is not found by its full name is looked up by its last part.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from scanner.analysis import throwables
from scanner.analysis.release_data import ReleaseData, common_folders
from scanner.model.facts import Annotation, Call, ClassFact, FileFacts, FunctionFact, PropertyFact, Value

MAX_ANCESTORS = 64


def _no_bodies(_path: str) -> FileFacts | None:
    return None


class FileUnit(NamedTuple):
    """One file of the program."""

    path: str
    facts: FileFacts
    first: int
    """Number of its first function."""


class ClassUnit(NamedTuple):
    """One class of the program."""

    fact: ClassFact
    file: int
    key: str
    """Lower-case name; anonymous classes are told apart by their file."""


class ConstantUnit(NamedTuple):
    """A constant's expression and the function in whose context it stands."""

    value: Value
    function: int
    line: int


_NONE: frozenset[str] = frozenset()


class CodeUnit(NamedTuple):
    """Where a piece of decoded code is run."""

    host: int
    """Function in which the `eval` stands."""
    line: int
    end_line: int
    start: int
    end: int
    text: str
    """The code, as a template."""


class Program:
    """Symbol tables of one release.

    Shape: `files[i]`; `functions[n]` with `file_of[n]`; classes by lower-case name, several of one name possible.
    """

    def __init__(
        self,
        facts: Mapping[str, FileFacts],
        lower: Callable[[str], FileFacts | None] = _no_bodies,
        foreign: AbstractSet[str] = _NONE,
        data: ReleaseData | None = None,
    ) -> None:
        """`lower` gives the facts of a file with all its bodies, for functions that are only outlines.

        `foreign`: lower-case names of classes of PHP and of known libraries, which the program need not hold itself.
        `data`: files of the release that the program may read while it runs.
        """
        self.data = data or ReleaseData()
        self._lower = lower
        self._foreign = foreign
        self.aliases: dict[str, str] = {}
        """Further names of classes that the program does not declare, in lower case (see `add_alias`)."""
        self._whole: dict[int, dict[int, int]] = {}
        self._annotations: dict[int, dict[str, Annotation]] = {}
        self.files: list[FileUnit] = []
        self.functions: list[FunctionFact] = []
        self.file_of: list[int] = []
        self.by_name: dict[str, list[int]] = defaultdict(list)
        self.by_method: dict[str, list[int]] = defaultdict(list)
        self.classes: dict[str, list[ClassUnit]] = defaultdict(list)
        self.by_last_part: dict[str, list[str]] = defaultdict(list)
        self.children: dict[str, list[str]] = defaultdict(list)
        self.constants: dict[str, list[ConstantUnit]] = defaultdict(list)
        self.in_traits: set[int] = set()
        """Functions that stand in a trait, closures included."""
        self._in_folder: dict[str, list[int]] = defaultdict(list)
        """By the name of the folder that they lie in; made when first asked."""
        self.by_base_name: dict[str, list[int]] = defaultdict(list)
        self.code: dict[str, CodeUnit] = {}
        """Code that is run by an `eval` and its kin, by the path that it got."""
        self.code_bytes = 0
        self.replaces_wrappers = False
        """Some function takes a wrapper of PHP away (`http://`): another may be put in its place."""
        self._code_units: dict[tuple[int, int, str], int] = {}
        self.outline_of: dict[int, int] = {}
        """By function that was lowered anew: the outline by which others know it."""
        self._methods: dict[str, dict[str, int]] = {}
        self._return_classes: dict[int, frozenset[str]] = {}
        self._declared: dict[tuple[str, str], frozenset[str]] = {}
        self._properties: dict[str, tuple[PropertyFact, ...]] = {}
        self._owners: dict[tuple[str, str], str] = {}
        self._owners_below: dict[tuple[str, str], tuple[str, ...]] = {}
        self._descendants: dict[tuple[str, int], list[str]] = {}
        self._ancestors: dict[str, tuple[str, ...]] = {}
        for path in sorted(facts):
            self._add_file(path, facts[path])
        for units in self.classes.values():
            for unit in units:
                for base in _bases(unit.fact):
                    self.children[base].append(unit.key)
                    for kind in throwables.above(base) if base not in self.classes else ():
                        self.children[kind].append(unit.key)

    # -- building ---------------------------------------------------------------------------------------------

    def _add_file(self, path: str, facts: FileFacts) -> None:
        number, first = len(self.files), len(self.functions)
        self.files.append(FileUnit(path, facts, first))
        self.by_base_name[path.rpartition("/")[2].lower()].append(number)
        traits = {fact.name for fact in facts.classes if fact.kind == "trait"}
        for offset, function in enumerate(facts.functions):
            self.functions.append(function)
            self.file_of.append(number)
            if function.cls in traits:
                self.in_traits.add(first + offset)
            self.replaces_wrappers |= "stream_wrapper_unregister" in function.called
            if function.name and not function.cls and function.name != "{closure}":
                self.by_name[function.name.lower()].append(first + offset)
        for fact in facts.classes:
            key = f"{path}#{fact.name}" if fact.kind == "anonymous" else fact.name.lower()
            self.classes[key].append(ClassUnit(fact, number, key))
            self.by_last_part[key.rpartition("\\")[2]].append(key)
            for method in fact.methods:
                self.by_method[facts.functions[method].name.lower()].append(first + method)
        for name, value, line in facts.constants:
            self.constants[name.lstrip("\\")].append(ConstantUnit(value, first, line))
        for name, value, line, function_index in facts.defines:
            self.constants[name.lstrip("\\")].append(ConstantUnit(value, first + function_index, line))

    # -- bodies on demand -------------------------------------------------------------------------------------

    def with_body(self, function: int) -> int:
        """Number of the same function with its body: an outline's file is lowered as a whole when first asked."""
        fact = self.functions[function]
        if not fact.outline:
            return function
        file = self.file_of[function]
        known = self._whole.get(file)
        if known is None:
            known = self._whole[file] = self._append_whole(file)
        return known.get(fact.start, function)

    def annotations(self, file: int) -> Mapping[str, Annotation]:
        """What the declarations of a file say of themselves, by their owners (see `Annotation`)."""
        known = self._annotations.get(file)
        if known is None:
            facts = self._lower(self.files[file].path)
            known = {item.owner: item for item in facts.annotations} if facts is not None else {}
            self._annotations[file] = known
        return known

    def _append_whole(self, file: int) -> dict[int, int]:
        """Numbers by start offset of the functions of a file lowered anew; they follow all others."""
        facts = self._lower(self.files[file].path)
        if facts is None:
            return {}
        first = len(self.functions)
        self.files.append(FileUnit(self.files[file].path, facts, first))
        self.functions.extend(facts.functions)
        self.file_of.extend([len(self.files) - 1] * len(facts.functions))
        found = {fact.start: first + offset for offset, fact in enumerate(facts.functions) if offset}
        start = self.files[file].first
        for offset, fact in enumerate(self.files[file].facts.functions):
            if fact.outline and fact.start in found:
                self.outline_of[found[fact.start]] = start + offset
        return found

    # -- code that is run from text ---------------------------------------------------------------------------

    @property
    def code_units(self) -> int:
        """Decoded texts that are part of the program."""
        return len(self.code)

    def code_unit(self, host: int, start: int, source: str) -> int | None:
        """Number of the own code of a text that was run at this place before."""
        return self._code_units.get((host, start, source))

    def layers(self, function: int) -> int:
        """How many layers of decoded code a function stands in."""
        count, path = 0, self.path(function)
        while path in self.code:
            path = self.path(self.code[path].host)
            count += 1
        return count

    def add_code(self, host: int, call: Call, text: str, source: str, facts: FileFacts) -> int:
        """Make decoded code part of the program, as a file of its own; gives the number of its own code.

        `text` is what was found, `source` what was parsed of it.
        """
        path = f"{self.path(host)}//{len(self.code) + 1}"
        self.code[path] = CodeUnit(host, call.line, call.end_line, call.start, call.end, text)
        self.code_bytes += len(source)
        first = len(self.functions)
        self._code_units[host, call.start, source] = first
        self._add_file(path, facts)
        for fact in facts.classes:
            for base in _bases(fact):
                self.children[base].append(fact.name.lower())
        self._methods.clear()
        self._ancestors.clear()
        return first

    def declared_by(self, first: int) -> range:
        """Named functions are all but the first of a file's."""
        return range(first + 1, first + len(self.files[self.file_of[first]].facts.functions))

    # -- places -----------------------------------------------------------------------------------------------

    def path(self, function: int) -> str:
        """Canonical path of the file that a function stands in."""
        return self.files[self.file_of[function]].path

    def local(self, function: int, index: int) -> int:
        """Number of the function with a file-local index, seen from a function of the same file."""
        return self.files[self.file_of[function]].first + index

    def symbol(self, function: int) -> str:
        """Enclosing symbol as reports show it."""
        fact = self.functions[function]
        if fact.name == "{closure}":
            outer = self.symbol(self.local(function, fact.owner)) if fact.owner >= 0 else ""
            return f"{outer}{{closure}}"
        cls = "class@anonymous" if fact.cls.startswith("class@anonymous") else fact.cls
        return f"{cls}::{fact.name}" if cls else fact.name

    def homes(self) -> dict[str, frozenset[str]]:
        """Symbol -> paths of the files that functions of that name stand in."""
        found: dict[str, set[str]] = defaultdict(set)
        for number in range(len(self.functions)):
            found[self.symbol(number)].add(self.path(number))
        return {symbol: frozenset(paths) for symbol, paths in found.items()}

    def return_classes(self, function: int) -> frozenset[str]:
        """Classes that a function declares to return."""
        known = self._return_classes.get(function)
        if known is None:
            names = self.functions[function].return_types
            found = (self.find_class(name) for name in names if "\\" in name or name[:1].isupper())
            known = self._return_classes[function] = frozenset(found)
        return known

    def class_key(self, function: int) -> str:
        """Key of the class that a function's `$this` and `self` mean, `` outside classes."""
        cls = self.functions[function].cls
        if cls.startswith("class@anonymous"):
            return f"{self.path(function)}#{cls}"
        return cls.lower()

    # -- classes ----------------------------------------------------------------------------------------------

    def find_class(self, name: str) -> str:
        """Key of a class by written name: as it stands, else by its last part when that is unique."""
        key = name.lower()
        key = self.aliases.get(key, key)
        if key in self.classes or key in self._foreign:
            return key  # a class of PHP or of a known library is just that, even if it lies outside the release
        same = self.by_last_part.get(key.rpartition("\\")[2])
        return same[0] if same and len(set(same)) == 1 else key

    def is_class(self, name: str) -> bool:
        """Whether a name stands for a class of the program, or for another class by `class_alias`."""
        key = name.lstrip("\\").lower()
        return key in self.classes or key in self.aliases

    def own_classes(self, types: frozenset[str]) -> list[str]:
        """Those of some classes that the program declares, in order of their keys."""
        return sorted(key for key in types if key in self.classes) if types else []

    def ancestors(self, key: str) -> tuple[str, ...]:
        """The class itself and all it uses, extends and implements, in the order in which PHP asks them, bounded.

        Names that the program does not hold stay in the list: signatures match on them.
        """
        known = self._ancestors.get(key)
        if known is not None:
            return known
        seen: dict[str, None] = {}
        queue = [key]
        while queue and len(seen) < MAX_ANCESTORS:
            current = queue.pop(0)
            if current in seen:
                continue
            seen[current] = None
            resolved = self.find_class(current)
            if resolved != current:
                seen[resolved] = None
            queue[:0] = [base for unit in self.classes.get(resolved, ()) for base in _bases(unit.fact)]
        result = self._ancestors[key] = tuple(seen)
        return result

    def add_alias(self, old: str, new: str) -> None:
        """`class_alias`: the class is known by another name from now on, unless that name is taken."""
        known, key = self.find_class(old), new.lower()
        if known in self._foreign and key not in self.classes:
            self.aliases[key] = known
        elif known in self.classes and key not in self.classes:
            self.classes[key] = self.classes[known]
            self.by_last_part[key.rpartition("\\")[2]].append(key)
            self._ancestors.clear()
            self._methods.clear()
            self._return_classes.clear()
            self._owners.clear()
            self._declared.clear()
            self._properties.clear()

    def property_owner(self, key: str, name: str) -> str:
        """Key of the topmost class that declares a property; the class itself when none does."""
        owner = self._owners.get((key, name))
        if owner is None:
            owner = self.classes[key][0].key if key in self.classes else key  # the key may be an alias
            for unit in self._family(key):
                if any(item.name == name for item in unit.fact.properties):
                    owner = unit.key
            self._owners[key, name] = owner
        return owner

    def owners_below(self, key: str, name: str, limit: int) -> tuple[str, ...]:
        """Subclasses and implementors that declare a property which the class itself, or a parent, does not."""
        known = self._owners_below.get((key, name))
        if known is None:
            declared = any(item.name == name for unit in self._family(key) for item in unit.fact.properties)
            below = () if declared else self.descendants(key)
            owners = (
                self.property_owner(child, name)
                for child in below
                if any(item.name == name for unit in self.classes.get(child, ()) for item in unit.fact.properties)
            )
            known = self._owners_below[key, name] = tuple(dict.fromkeys(owners))[:limit]
        return known

    def constant_names(self, key: str) -> list[str]:
        """Constants and cases that a class has, its own and its parents', in the order of their names."""
        found = {name for unit in self._family(key) for name, _value in unit.fact.constants}
        return sorted(found)

    def declared_types(self, key: str, name: str) -> frozenset[str]:
        """Types that a property is declared with, by a property or a constructor's parameter, parents included."""
        known = self._declared.get((key, name))
        if known is None:
            declared = (item for ancestor in self.ancestors(key) for item in self.own_properties(ancestor))
            types = (written for item in declared if item.name == name for written in item.types)
            known = self._declared[key, name] = frozenset(types)
        return known

    def _family(self, key: str) -> Iterable[ClassUnit]:
        """The class and all above it."""
        return (unit for ancestor in self.ancestors(key) for unit in self.classes.get(ancestor, ()))

    def own_properties(self, key: str) -> tuple[PropertyFact, ...]:
        """Properties that a class declares itself, those that its constructor's parameters are included."""
        known = self._properties.get(key)
        if known is None:
            units = self.classes.get(key, ())
            known = self._properties[key] = tuple(item for unit in units for item in self._properties_in(unit))
        return known

    def _properties_in(self, unit: ClassUnit) -> Iterable[PropertyFact]:
        yield from unit.fact.properties
        for method in unit.fact.methods:
            fact = self.functions[self.files[unit.file].first + method]
            for param in fact.params if fact.name.lower() == "__construct" else ():
                if param.promoted:
                    yield PropertyFact(param.name, param.types, hidden=param.hidden)

    def is_trait(self, key: str) -> bool:
        """Whether a class key names a trait."""
        return any(unit.fact.kind == "trait" for unit in self.classes.get(key, ()))

    def parents_of_users(self, trait: str, limit: int) -> list[str]:
        """What `parent` may be in a trait: the parents of the classes that use it."""
        users = self.descendants(trait, limit)
        parents = {unit.fact.parent for user in users for unit in self.classes.get(user, ()) if unit.fact.parent}
        return sorted({self.find_class(parent) for parent in parents})

    def own_methods(self, key: str) -> dict[str, int]:
        """Methods that a class declares itself: lower-case name -> function."""
        known = self._methods.get(key)
        if known is None:
            known = self._methods[key] = {}
            for unit in self.classes.get(key, ()):
                first = self.files[unit.file].first
                for method in unit.fact.methods:
                    known.setdefault(self.functions[first + method].name.lower(), first + method)
                for rule in unit.fact.trait_rules:  # one without an alias says which trait's method it is
                    target = self._trait_method(unit.fact, rule.trait, rule.method)
                    if target is not None:
                        known.setdefault((rule.alias or rule.method).lower(), target)
        return known

    def _trait_method(self, fact: ClassFact, trait: str, method: str) -> int | None:
        for name in (trait,) if trait else fact.traits:
            found = self.own_methods(self.find_class(name)).get(method.lower())
            if found is not None:
                return found
        return None

    def find_method(self, key: str, method: str) -> int | None:
        """The method that a call on an object of exactly this class runs."""
        for ancestor in self.ancestors(key):
            found = self.own_methods(ancestor).get(method)
            if found is not None:
                return found
        return None

    def declared_again(self, number: int) -> list[int]:
        """The same method in further declarations of its class: only one of them runs, under its condition."""
        units = self.classes.get(self.class_key(number), ())
        if len(units) <= 1:
            return []
        methods = (self.files[unit.file].first + one for unit in units[:8] for one in unit.fact.methods)
        name = self.functions[number].name.lower()
        return [one for one in methods if name and one != number and self.functions[one].name.lower() == name]

    def descendants(self, key: str, limit: int = 200) -> list[str]:
        """All known subclasses and implementors, bounded, in a stable order."""
        known = self._descendants.get((key, limit))
        if known is None:
            known = self._descendants[key, limit] = self._find_descendants(key, limit)
        return list(known)

    def _find_descendants(self, key: str, limit: int) -> list[str]:
        seen: dict[str, None] = {}
        queue = [key]
        while queue and len(seen) < limit:
            current = queue.pop()
            names = {current, current.rpartition("\\")[2]} if "\\" in current else {current}
            for name in sorted(names):
                for child in self.children.get(name, ()):
                    if child not in seen:
                        seen[child] = None
                        queue.append(child)
        return sorted(seen)

    # -- files ------------------------------------------------------------------------------------------------

    def files_by_tail(self, tail: str, near: str) -> list[int]:
        """Files whose path ends in `tail`; among several those nearest to `near` (longest common folder)."""
        tail = tail.lstrip("./").lower()
        base = tail.rpartition("/")[2]
        found = [
            number
            for number in self.by_base_name.get(base, ())
            if self.files[number].path.lower() == tail or self.files[number].path.lower().endswith("/" + tail)
        ]
        if len(found) <= 1:
            return found
        best = max(common_folders(self.files[number].path, near) for number in found)
        return [number for number in found if common_folders(self.files[number].path, near) == best]

    def files_in(self, folder: str, name: re.Pattern[str]) -> list[int]:
        """Files that lie in a folder, given by the end of its path, and whose whole name matches."""
        if not self._in_folder:
            for number, unit in enumerate(self.files):
                self._in_folder[unit.path.rpartition("/")[0].rpartition("/")[2].lower()].append(number)
        end = f"/{folder.lower()}"
        return [
            number
            for number in self._in_folder.get(end.rpartition("/")[2], ())
            if f"/{self.files[number].path.rpartition('/')[0].lower()}".endswith(end)
            and name.fullmatch(self.files[number].path.rpartition("/")[2])
        ]


def _bases(fact: ClassFact) -> Iterable[str]:
    """What a class uses, extends and implements: a trait's method stands before one of the parent."""
    parent = (fact.parent,) if fact.parent else ()
    for name in (*fact.traits, *parent, *fact.interfaces):
        yield name.lower()
