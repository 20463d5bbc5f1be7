"""Abstract interpretation of one function: variables that are not local, properties, constants."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis import documents, enums
from scanner.analysis.class_lookup import MAX_DECLARED, MAX_LATE_BOUND, ClassLookup
from scanner.analysis.describe import describe
from scanner.analysis.destinations import stays_here
from scanner.analysis.frame import PRIMITIVES
from scanner.analysis.origins import ELEMENTWISE, REQUEST_GLOBALS
from scanner.analysis.remote import REQUEST
from scanner.analysis.shared import aged, perhaps_old, stays
from scanner.analysis.state import ANY_PROPERTY, SecretRead
from scanner.analysis.summary import opened, opened_property
from scanner.analysis.templates import (
    OF_GLOBALS,
    OF_MEMBERS,
    OF_OBJECT,
)
from scanner.analysis.values import NOTHING, Trace, Val, all_labels, join_all, text_value
from scanner.model.facts import ClassConst, Index, Prop, StaticProp, Unknown, Value, Var

MAX_NAMED = 8
"""Properties that one place may name."""


class Lookup(ClassLookup):
    """Reads what lies outside the function: globals, properties, constants."""

    def value(self, node: Value | None) -> Val:
        """Abstract value of an expression (see `Evaluator`)."""
        raise AssertionError(node)

    def variable(self, node: Var) -> Val:
        known = self.env.get(node.name)
        if known is not None:
            secret = self.state.origins.database.get(node.name)
            if secret is not None and secret.label in known.labels and self.after_include:
                self.state.reads.add(SecretRead(self.number, secret.label, self.line, f"${node.name}", certain=True))
            if node.name in self.cells:
                return self.join(known, self.state.read_store(self.cells[node.name]))
            if node.name in self.place_references:
                known = self.join(known, self._at_places(node.name))
            return self.since_call(node.name, known)
        name = self.globals.get(node.name) or (node.name if self.file_scope else "")
        if name:
            value = self.global_value(name, f"${node.name}", undefined_local=node.name not in self.globals)
            is_own = node.name not in self.globals and self.extracted
            return self.join(value, self.taken(node.name)) if is_own else value
        if self.extracted and (taken := self.taken(node.name)) is not NOTHING:
            return taken
        return self.superglobal(node.name) or self.unknown(node)

    def _at_places(self, name: str) -> Val:
        """What an element or a property holds that a variable is another name for: it may have been written there."""
        places = self.place_references.pop(name)
        try:
            return join_all((self.value(place) for place in places if stays(place, name)), self.state.overflow)
        finally:
            self.place_references[name] = places

    def taken(self, name: str) -> Val:
        """Variable that `extract` made of an array's element (see `Evaluator`)."""
        raise AssertionError(name)

    def superglobal(self, name: str) -> Val | None:
        if name == "GLOBALS":
            return Val(labels={"globals": Trace(self.path, self.line, "all global variables", None, 1)})
        if name in REQUEST_GLOBALS:
            return self.state.origins.request_value(f"${name}", self.path, self.line)
        if name in ("_ENV", "_SERVER"):
            return Val(labels={"environment": Trace(self.path, self.line, f"${name} as a whole", None, 1)})
        if name == "_SESSION":
            return Val(labels={"session": Trace(self.path, self.line, "the session as a whole", None, 1)})
        return None

    def global_value(self, name: str, how: str, *, undefined_local: bool = False) -> Val:
        """Value of a global variable; at file scope an undefined local may be one, once something was included."""
        special = self.superglobal(name)
        if special is not None:
            return special
        origins = self.state.origins
        secret = origins.global_secret(name)
        stored = self.state.read_store(("", name))
        if secret is not None and (not undefined_local or self.after_include or name not in origins.database):
            return self.join(stored, self.read_secret(secret, self.line, how, certain=not undefined_local))
        own = origins.setting_value(name)
        if own is not None:
            return self.join(stored, own)
        if stored is not NOTHING:
            return self._perhaps_else(stored, [("", name)], Val(frozenset([self.state.holes.template("config", name)])))
        if undefined_local and not self.after_include:
            return Val(frozenset([self.state.holes.template("unknown", how)]))
        return Val(frozenset([self.state.holes.template("config", name)]))

    def global_named(self, name: Val) -> Val:
        """The global variable that a value names; the caller's to know when that is a parameter."""
        found = [self.global_value(text, f"$GLOBALS['{text}']") for text in self.known_texts(name)]
        found += [self.chosen("globals", name), opened(name, OF_GLOBALS, self.state.holes)]
        return join_all(found, self.state.overflow)

    def chosen(self, label: str, name: Val) -> Val:
        """Any value of a kind, where whoever calls the page gives the whole name: `$GLOBALS[$_GET['of']]`."""
        holes = (self.state.holes.hole(text) for text in name.texts if len(text) == 1)
        if REQUEST not in name.labels or not any(hole is not None and hole.kind == "user-input" for hole in holes):
            return NOTHING
        return Val(labels={label: Trace(self.path, self.line, f"a request names which of the {label}", None, 1)})

    # -- properties -------------------------------------------------------------------------------------------

    def prop(self, node: Prop) -> Val:
        base = self.value(node.base)
        name = node.name if isinstance(node.name, str) else None
        if name is None:
            named = self.value(node.name if not isinstance(node.name, str) else None)
            names = self.known_texts(named)
            if len(names) != 1:
                return self._property_by(base, named, node)
            name = names[0]
        if name == "value" and base.texts and self._is_case(node, base):
            return base.replaced(types=frozenset(), sites=frozenset())  # of an enum's case
        if isinstance(node.base, Var):
            written = f"{node.base.name}->{name}"
            local = self.env.get(written)
            if local is not None:
                return self._since_write(written, local, base, node)
        return self.read_property(base, name, node)

    def _since_write(self, written: str, local: Val, base: Val, node: Prop) -> Val:
        """What was written here to a property (`$o->p`), and else where that is not sure, or a call came between."""
        name = written.rpartition("->")[2]
        if perhaps_old(written) in self.env:
            return self.join(local, self.read_property(base, name, node))
        if aged(written) not in self.env:
            return local
        if self.written_elsewhere([(self.property_owner(cls, name), name) for cls in sorted(base.types)]):
            return self.join(local, self.read_property(base, name, node))
        return join_all([local, *self._set_on(base, name)], self.state.overflow)

    def run_offset(self, method: str, base: Val, args: list[Val], place: Value) -> Val:
        """Effect and value of a method of `ArrayAccess`, lower-case, that brackets run on an object of the program."""
        if not base.types or method not in self.state.program.by_method:
            return NOTHING
        numbers = (self.state.program.find_method(cls, method) for cls in sorted(base.types))
        found = [self.run_method(number, args, place, base) for number in numbers if number is not None]
        if found:
            found.append(self.state.interpreter.service(self, method, base, args))
        return join_all(found, self.state.overflow)

    def asked_of_objects(self, nodes: Sequence[Value]) -> None:
        """`isset($object->name)`, `isset($object[$key])` ask an object; what is asked has been evaluated before."""
        known = self.state.program.by_method
        for node in nodes:
            if isinstance(node, Index) and node.key is not None and "offsetexists" in known:
                self.run_offset("offsetexists", self.value(node.base), [self.value(node.key)], node.base)
            elif isinstance(node, Prop) and "__isset" in known:
                self.run_magic("__isset", node)

    def run_magic(self, magic: str, node: Prop) -> None:
        """`__isset` or `__unset` of an object, with the name of the property that it has not."""
        base, name = self.value(node.base), node.name if isinstance(node.name, str) else ""
        named = text_value(name) if isinstance(node.name, str) else self.value(node.name)
        for cls in sorted(base.types):
            number = self.magic_method(cls, name, magic)
            if number is not None:
                self.run_method(number, [named], node, base)

    def _property_by(self, base: Val, named: Val, node: Value) -> Val:
        """`$this->$name`: the properties that it may be, the caller's to know when a parameter names it."""
        found = [Val(labels=all_labels(base)), self.unknown(node)]
        self.state.complain(self.state.only_named(named))
        found.extend(self.read_property(base, name, node) for name in self.known_texts(named)[:MAX_NAMED])
        for cls in self.state.program.own_classes(base.types)[:MAX_NAMED]:
            found.append(opened(named, OF_MEMBERS + cls, self.state.holes))
            found.append(self.state.read_store((cls, ANY_PROPERTY)))
            found.append(self.state.in_any_property(cls))
            magic = self.magic_method(cls, "", "__get")
            if magic is not None:
                found.append(self.run_method(magic, [named], node, base))
        return join_all(found, self.state.overflow)

    def _member(self, cls: str, named: Val) -> Val:
        """Property of an object of a class, by the name that a caller gives: as a `__get` itself would read it."""
        base = Val(types=frozenset([cls]))
        names = self.known_texts(named)[:MAX_NAMED]
        found = [self.read_property(base, name, Unknown(name), magic=False) for name in names]
        return join_all([*found, opened(named, OF_MEMBERS + cls, self.state.holes)], self.state.overflow)

    def read_property(self, base: Val, name: str, node: Value, *, magic: bool = True) -> Val:
        """Value of a property by the classes that the object may have, and by what was set on it here."""
        found = self._set_on(base, name)
        owners: list[tuple[str, str]] = []
        for cls in sorted(base.types):
            self._construct(cls)
            owners.append((self.property_owner(cls, name), name))
            found.append(self.state.read_store(owners[-1]))
            self.note_held(owners[-1], found[-1])
            found.append(self.state.in_any_property(cls))
            found.append(self.default_of(cls, name))
            if self._may_be_below(cls, base):
                found.extend(self._redeclared(cls, name))
                below = self.state.program.owners_below(cls, name, MAX_LATE_BOUND)
                owners += [(owner, name) for owner in below]
                found.extend(self.state.read_store((owner, name)) for owner in below)
            getter = self.state.program.find_method(cls, f"${name}::get".lower())
            if getter is not None and getter != self.number:
                found.append(self.run_method(getter, [], node, base))
            getter = self.magic_method(cls, name, "__get") if magic else None
            if getter is not None:
                found.append(self.run_method(getter, [text_value(name)], node, base))
        found.extend(self._of_passed(base, name, owners))
        secret = self.state.origins.named_secret(name, base.labels)
        result = join_all(found, self.state.overflow)
        if secret is not None and not result.labels:
            result = self.join(result, self.read_secret(secret, self.line, describe(node), certain=False))
        of_whole = {label: trace for label, trace in base.labels.items() if secret is None or not self._is_bulk(label)}
        if of_whole:
            result = self.join(result, Val(labels=of_whole))
        if base.sites:
            result = documents.inside(self, base, result, name)
            result = result if result.types or result.sites else self._of_client(base, result)
        result = self._or_unknown(result, [*owners, *((cls, ANY_PROPERTY) for cls in base.types)], node)
        declared = self._declared_types(base.types, name) or self._types_in_document(base, name)
        return result.replaced(types=result.types | declared) if declared else result

    def _or_unknown(self, value: Val, keys: Sequence[tuple[str, str]], node: Value) -> Val:
        """What a property holds; where that says nothing, or may not be all, that it may be anything."""
        if not (value.texts or value.items or value.types or value.refs or value.sites or _holds_all(value)):
            return self.join(value, self.unknown(node))
        return self._perhaps_else(value, keys, self.unknown(node)) if value.texts else value

    def _perhaps_else(self, value: Val, keys: Sequence[tuple[str, str]], unknown: Val) -> Val:
        """What a store holds, and that it may be anything else where known text in it names no host of others.

        `private $host = 'localhost';` and a value of which nothing is known: where that is sent to, nobody can tell.
        """
        if self.state.vague.isdisjoint(keys) or not stays_here(value.texts, self.state.holes):
            return value
        return self.join(value, unknown)

    def _is_bulk(self, label: str) -> bool:
        return self.state.origins.is_bulk(label)

    def _of_passed(self, base: Val, name: str, owners: Sequence[tuple[str, str]]) -> list[Val]:
        """Property of an object that a caller passes, by itself or in an array, as far as only the caller knows it."""
        of_case = name in enums.PROPERTIES and enums.may_be_case(self.state, base.types)
        untyped = not base.types or not base.types.isdisjoint(documents.CLASSES)
        if of_case or untyped or not self.state.instance.isdisjoint(owners):
            found = [opened_property(site, name, self.state.holes) for site in sorted(base.sites) if site < 0]
            in_array = base.texts and untyped and not base.sites
            return [*found, opened(base, OF_OBJECT + name, self.state.holes)] if in_array else found
        return []

    def _may_be_below(self, cls: str, base: Val) -> bool:
        """Whether an object may be of a subclass: one that callers make, or that was caught as an exception of PHP."""
        return any(site < 0 for site in base.sites) or (not base.sites and cls not in self.state.program.classes)

    def _set_on(self, base: Val, name: str) -> list[Val]:
        """What was set on an object here or elsewhere; a row that was fetched as an object has its columns."""
        found = [base.items[name]] if base.items and name in base.items else []
        for site in sorted(base.sites):
            states = (self.sites.get(site, {}).get("." + name), self._shared_site(site, "." + name))
            found.extend(state for state in states if state is not None)
        return found

    def _property_of(self, base: Val, name: str) -> Val:
        """What was set on an object, or its class's default."""
        if name == "value" and base.texts and base.types and enums.is_enum(self.state, base.types):
            return Val(base.texts)
        if len(base.sites) == 1 and self.grown and (*base.sites, "." + name) in self.grown:
            return self.sites[next(iter(base.sites))]["." + name]
        found = self._set_on(base, name)
        found.extend(opened_property(site, name, self.state.holes) for site in sorted(base.sites) if site < 0)
        found.append(opened(base, OF_OBJECT + name, self.state.holes))
        found.extend(self.default_of(cls, name) for cls in sorted(base.types))
        return documents.inside(self, base, join_all(found, self.state.overflow), name)

    def held(self, value: Val, classes: Sequence[str], name: str) -> Val:
        """What is known of a property without asking the caller: what was set on it, what classes keep."""
        found = self._set_on(value, name)
        for cls in classes:
            found.append(self.state.read_store((self.property_owner(cls, name), name)))
            found.append(self.default_of(cls, name))
        return join_all(found, self.state.overflow)

    def _shared_site(self, site: int, role: str) -> Val | None:
        return self.state.read_site(site, role) if site >= 0 else None

    def _construct(self, cls: str) -> None:
        """What a class's constructor puts into properties is there before any other method runs."""
        constructor = self.state.program.find_method(cls, "__construct")
        if constructor is not None:
            self.state.interpreter.summary(constructor)

    def property_owner(self, cls: str, name: str) -> str:
        """Key of the topmost class that declares a property: subclasses and parents share its store."""
        return self.state.program.property_owner(cls, name)

    def default_of(self, cls: str, name: str) -> Val:
        """What a property holds that nothing was stored in; worked out once."""
        known = self.state.property_defaults.get((cls, name))
        if known is None:
            self.state.property_defaults[cls, name] = NOTHING
            known = self.state.property_defaults[cls, name] = self._written_default(cls, name)
        return known

    def _redeclared(self, cls: str, name: str) -> list[Val]:
        """Defaults of a property in subclasses that declare it again."""
        classes = self.state.program.classes
        return [
            self.default_of(child, name)
            for child in self.state.program.descendants(cls)
            if any(item.name == name for unit in classes.get(child, ()) for item in unit.fact.properties)
        ][:MAX_LATE_BOUND]

    def _written_default(self, cls: str, name: str) -> Val:
        for ancestor in self.state.program.ancestors(cls):
            found = [
                self.in_class(ancestor, item.default)
                for unit in self.state.program.classes.get(ancestor, ())[:MAX_DECLARED]
                for item in unit.fact.properties
                if item.name == name and item.default is not None
            ]
            if found:
                return join_all(found, self.state.overflow)
        return NOTHING

    def _declared_types(self, classes: frozenset[str], name: str) -> frozenset[str]:
        program = self.state.program
        written = (one for cls in sorted(classes) for one in program.declared_types(cls, name))
        return frozenset(program.find_class(one) for one in written if one not in PRIMITIVES)

    def _types_in_document(self, base: Val, name: str) -> frozenset[str]:
        """Class of a part of a document, unless the object is of a class of the program."""
        found = documents.part_types(name)
        return frozenset() if found and self.state.program.own_classes(base.types) else found

    def write_property(self, variable: str, cls: str, name: str, value: Val) -> None:
        """Property of an object of a known class; what a caller decides is left to the caller as an effect."""
        self.assign_property(variable, name, value)
        for site in sorted(self.env[variable].sites) if variable in self.env else ():
            self.set_site(site, "." + name, value)
        key = (self.property_owner(cls, name), name)
        self.write_shared("store", key, value)

    def static_property(self, node: StaticProp) -> Val:
        classes = self.late_bound(node.cls)
        names = [node.name] if isinstance(node.name, str) else self.known_texts(self.value(node.name))
        if not names or not classes:
            return self.unknown(node)
        places = [(cls, name, (self.property_owner(cls, name), "::" + name)) for cls in classes for name in names]
        found = [self.join(self.state.read_store(key), self.default_of(cls, name)) for cls, name, key in places]
        for (_cls, _name, key), value in zip(places, found, strict=True):
            self.note_held(key, value)
        result = join_all(found, self.state.overflow)
        if result is NOTHING:
            return self.unknown(node)
        return self._perhaps_else(result, [key for _cls, _name, key in places], self.unknown(node))

    def named_property(self, target: Val, objects: Sequence[Val], node: Value) -> Val:
        """A property by the names of its class and its own (`ReflectionProperty`): of an object, or a static one."""
        owner, name = ((target.items or {}).get(key, NOTHING) for key in ("0", "1"))
        classes = {self.state.program.find_class(text.lstrip("\\")) for text in self.known_texts(owner)} | owner.types
        base = next((value for value in objects if value.types), Val(types=frozenset(classes)))
        found = [self.read_property(base, text, node) for text in self.known_texts(name)]
        found += [
            self.state.read_store((self.property_owner(cls, text), "::" + text))
            for text in self.known_texts(name)
            for cls in sorted(classes)
        ]
        return join_all(found, self.state.overflow)

    def _of_client(self, base: Val, result: Val) -> Val:
        """`$client->messages` belongs to the client of a library."""
        sites = frozenset(site for site in base.sites if site in self.state.site_libraries)
        return result.replaced(sites=sites) if sites else result

    def _is_case(self, node: Prop, base: Val) -> bool:
        return enums.is_enum(self.state, base.types) if base.types else isinstance(node.base, ClassConst)


def _holds_all(value: Val) -> bool:
    """Whether a value is all of the environment or the like: no text was made of it, and an element is one of all."""
    return not ELEMENTWISE.isdisjoint(value.labels)
