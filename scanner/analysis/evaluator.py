"""Abstract interpretation of one function: expressions.

Branches are joined, loops run twice, assignments on the straight line replace what was there. Every expression is
evaluated exactly once in order, since calls have effects.
"""

from __future__ import annotations

from collections.abc import Callable as Function
from collections.abc import Iterable, Mapping

from scanner.analysis import calls, folding
from scanner.analysis.describe import describe
from scanner.analysis.state import Note, SecretRead, State
from scanner.analysis.summary import (
    MAX_EFFECT_LIFTS,
    MAX_EFFECTS,
    MAX_HITS,
    PARAM,
    RECEIVER,
    Effect,
    Hit,
    Substitution,
    Summary,
    symbolic,
)
from scanner.analysis.templates import MAX_LENGTH, MAX_OPEN_LENGTH, is_known
from scanner.analysis.values import (
    MAX_TEXTS,
    NOTHING,
    FunctionRef,
    Trace,
    Val,
    all_labels,
    all_sites,
    join,
    join_all,
    merge_labels,
    text_value,
)
from scanner.model.facts import (
    ArrayLit,
    Assign,
    AssignExpr,
    Call,
    Callable,
    CallKind,
    Choice,
    ClassConst,
    Closure,
    Concat,
    Const,
    ConstRef,
    DynVar,
    FunctionFact,
    Index,
    Op,
    Prop,
    StaticProp,
    Unknown,
    Value,
    Var,
)
from scanner.model.signature import Secret

_NUMERIC = frozenset({"(int)", "(integer)", "(float)", "(double)", "-", "*", "/", "%", "**", "++", "--", "<<", ">>"})
_BOOLEAN = frozenset(
    {"!", "==", "===", "!=", "!==", "<>", "<", ">", "<=", ">=", "<=>", "&&", "||", "and", "or", "xor", "instanceof",
     "isset", "empty", "(bool)", "(boolean)", "condition", "(unset)"}
)  # fmt: skip
_PASSING = frozenset({"(string)", "(array)", "(object)", "(binary)", "sequence", "parenthesized_expression"})
_MAX_NESTED_ITEMS = 5
_MAX_INLINE_CLOSURES = 40


class Evaluator:
    """Evaluates one function; `env` maps local variables to values."""

    def __init__(self, state: State, number: int) -> None:
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
        self.effects: dict[tuple[str, tuple[int, str]], Effect] = {}
        self.sites: dict[int, dict[str, Val]] = {}
        self.by_ref: dict[int, Val] = {}
        self.line = self.fact.line
        self.inlined = 0
        self.stored_sites: set[int] = set()
        self.computed = False
        """A callee whose name is computed is being called."""
        self.steps = 0
        self.aliases: dict[str, frozenset[str]] = {}
        self.has_properties = False
        self.repeating = False
        """A loop's body is being run for the second time: loops inside it run once."""
        self.closures: set[int] = set()
        """Closures created here: calling one runs it with this function's variables."""
        self.parameter_index = {param.name: i for i, param in enumerate(self.fact.params) if param.by_ref}
        self._bind_parameters()

    def _bind_parameters(self) -> None:
        holes = self.state.holes
        for index, param in enumerate(self.fact.params):
            label = {PARAM + str(index): Trace(self.path, self.fact.line, f"parameter ${param.name}", None, 0)}
            classes = frozenset(self._class_key(name) for name in param.types if name not in _PRIMITIVES)
            text = frozenset([holes.template("param", str(index))])
            value = Val(text, label, classes, sites=frozenset([symbolic(index)]))
            if param.variadic:
                value = Val(text, label, rest=value)
            self.env[param.name] = value
            if param.promoted:
                self.write_property("this", self.cls, param.name, value)
        if self.cls:
            self.env["this"] = Val(types=frozenset([self.cls]), sites=frozenset([symbolic(RECEIVER)]))

    def _class_key(self, name: str) -> str:
        lower = name.lower()
        if lower in ("self", "static"):
            return self.cls
        if lower == "parent":
            return self._parent()
        return self.state.program.find_class(name)

    def _parent(self) -> str:
        for unit in self.state.program.classes.get(self.cls, ()):
            if unit.fact.parent:
                return self.state.program.find_class(unit.fact.parent)
        return ""

    # -- small helpers ----------------------------------------------------------------------------------------

    def join(self, first: Val, second: Val) -> Val:
        """Join with the overflow hole of this analysis."""
        return join(first, second, self.state.overflow)

    def unknown(self, value: Value | str | None) -> Val:
        """Value of an expression of which nothing is known but its spelling."""
        return Val(frozenset([self.state.holes.template("unknown", describe(value))]))

    def texts(self, value: Val, shown: Value | str | None) -> frozenset[str]:
        """Templates of a value used as a string."""
        return value.texts or frozenset([self.state.holes.template("unknown", describe(shown))])

    def known_texts(self, value: Val) -> list[str]:
        """Strings without holes that the value may be, sorted."""
        return sorted(text for text in value.texts if is_known(text))

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
        if len(self.hits) >= MAX_HITS and key not in self.hits:
            self.state.limit("sinks-per-function", self.number)
            return
        known = self.hits.get(key)
        if known is not None:
            if len(known.via) < len(hit.via):
                hit = hit._replace(via=known.via)
            roles = dict(known.roles)
            for role, value in hit.roles.items():
                roles[role] = self.join(roles[role], value) if role in roles else value
            hit = hit._replace(roles=roles, sites=known.sites | hit.sites)
        self.hits[key] = hit

    # -- handles and closures ---------------------------------------------------------------------------------

    def set_site(self, site: int, role: str, value: Val) -> None:
        """Weak update of what is known of a handle or object in this function."""
        roles = self.sites.setdefault(site, {})
        known = roles.get(role)
        roles[role] = value if known is None else self.join(known, value)

    def with_sites(self, roles: Mapping[str, Val], sites: frozenset[int]) -> dict[str, Val]:
        """Roles of a call together with the state of the handles that take part."""
        merged = dict(roles)
        for site in sorted(sites):
            for role, value in self.sites.get(site, {}).items():
                merged[role] = self.join(merged[role], value) if role in merged else value
        return merged

    def run_method(self, number: int, args: list[Val], place: Value) -> None:
        """Effect of a method that an operator runs (`offsetSet`, a property hook)."""
        call = Call(CallKind.METHOD, "", place, (), self.line, self.line, -1 - number, -1)
        calls.apply_summary(self, call, number, args, self.env.get("this"))

    def adopt(self, outer: Evaluator, args: list[Val] | None) -> None:
        """Become a closure inside `outer`: captured variables have their values of this moment."""
        for name, _by_ref in self.fact.captures:
            if name == "*":
                self.env = {**outer.env, **{p.name: self.env[p.name] for p in self.fact.params}}
            elif name in outer.env:
                self.env[name] = outer.env[name]
        if "this" in outer.env and not self.fact.is_static:
            self.env["this"] = outer.env["this"]
        for index, param in enumerate(self.fact.params):
            types = self.env[param.name].types
            if args is None:
                value = self.unknown(f"${param.name}")
            elif param.variadic:
                value = Val(items={str(i): arg for i, arg in enumerate(args[index:])})
            else:
                value = args[index] if index < len(args) else self.value(param.default)
            self.env[param.name] = value.replaced(types=value.types | types)
        self.sites, self.globals = outer.sites, dict(outer.globals)
        self.after_include = outer.after_include
        self.parameter_index = {}

    def take_over(self, inner: Evaluator) -> None:
        """What a closure did belongs to the function around it."""
        for hit in inner.hits.values():
            self.add_hit(hit)
        for effect in inner.effects.values():
            self.add_effect(effect)
        for name, by_ref in inner.fact.captures:
            if by_ref and name in inner.env:
                known = self.env.get(name)
                value = inner.env[name]
                self.env[name] = value if known is None else self.join(known, value)

    # -- expressions ------------------------------------------------------------------------------------------

    def value(self, node: Value | None) -> Val:
        """Abstract value of an expression, with its effects."""
        if node is None:
            return NOTHING
        return _EXPRESSIONS[type(node)](self, node)

    def const(self, node: Const) -> Val:
        raw = node.value
        if isinstance(raw, str):
            return text_value(raw if len(raw) <= folding.MAX_INPUT else raw[: folding.MAX_INPUT])
        if raw is None or isinstance(raw, bool):
            return text_value("1") if raw else NOTHING
        return text_value(str(raw))

    def variable(self, node: Var) -> Val:
        known = self.env.get(node.name)
        if known is not None:
            secret = self.state.origins.database.get(node.name)
            if secret is not None and secret.label in known.labels and self.after_include:
                self.state.reads.add(SecretRead(self.number, secret.label, self.line, f"${node.name}", certain=True))
            return known
        name = self.globals.get(node.name) or (node.name if self.file_scope else "")
        if name:
            return self.global_value(name, f"${node.name}", undefined_local=node.name not in self.globals)
        return self.superglobal(node.name) or self.unknown(node)

    def superglobal(self, name: str) -> Val | None:
        if name == "GLOBALS":
            return Val(labels={"globals": Trace(self.path, self.line, "all global variables", None, 1)})
        if name in calls.REQUEST_GLOBALS:
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
        stored = self.state.read_store(("", name), self.number)
        if secret is not None and (not undefined_local or self.after_include or name not in origins.database):
            return self.join(stored, self.read_secret(secret, self.line, how, certain=not undefined_local))
        own = origins.setting_value(name)
        if own is not None:
            return self.join(stored, own)
        if stored is not NOTHING:
            return stored
        if undefined_local and not self.after_include:
            return Val(frozenset([self.state.holes.template("unknown", how)]))
        return Val(frozenset([self.state.holes.template("config", name)]))

    def concat(self, node: Concat) -> Val:
        return self.concatenated([(self.value(part), part) for part in node.parts])

    def concatenated(self, parts: Iterable[tuple[Val, Value | str | None]]) -> Val:
        """String building: product of the parts' templates, bounded; labels are joined."""
        results: set[str] = {""}
        labels: Mapping[str, Trace] = {}
        for part, shown in parts:
            if part.labels or part.items or part.rest is not None:
                labels = merge_labels(labels, all_labels(part))
            options: Iterable[str] = self.texts(self._stringified(part), shown)
            if len(results) == 1 == len(options):  # type: ignore[arg-type]  # the usual case
                (left,), (right,) = results, options
                results = {left + right}
            else:
                if len(results) * len(options) > MAX_TEXTS:  # type: ignore[arg-type]  # a frozen set
                    options = (self.state.holes.template("unknown", describe(shown)),)
                results = {result + option for result in results for option in options}
            if any(len(result) > MAX_OPEN_LENGTH for result in results):
                results = self._shortened(results)
        return Val(frozenset(results), labels)

    def _shortened(self, results: set[str]) -> set[str]:
        """Long text with holes is a page or a query, not a URL: its beginning is kept. Known text stays longer."""
        tail = self.state.holes.template("too-long", "...")
        kept = set[str]()
        for result in results:
            limit = MAX_LENGTH if is_known(result) else MAX_OPEN_LENGTH
            kept.add(result if len(result) <= limit else result[:limit].rstrip(tail) + tail)
        return kept

    def _stringified(self, value: Val) -> Val:
        """Objects in a string run `__toString`."""
        if not value.types or value.texts:
            return value
        for name in sorted(value.types):
            method = self.state.program.find_method(name, "__tostring")
            if method is not None:
                return self.join(value, calls.summary_of(self.state, method).returns)
        return value

    def array(self, node: ArrayLit) -> Val:
        items: dict[str, Val] = {}
        rest: Val | None = None
        position = 0
        for item in node.items:
            value = self.value(item.value)
            if item.spread:
                rest = value if rest is None else self.join(rest, value)
                items.update(value.items or {})
                continue
            if item.key is None:
                items[str(position)] = value
                position += 1
                continue
            keys = self.known_texts(self.value(item.key))
            if len(keys) == 1:
                items[keys[0]] = value
                if keys[0].isdecimal():
                    position = max(position, int(keys[0][:9]) + 1)
            else:
                rest = value if rest is None else self.join(rest, value)
        return Val(items=items, rest=rest)

    def index(self, node: Index) -> Val:
        key = self.value(node.key) if node.key is not None else NOTHING
        keys = self.known_texts(key)
        if isinstance(node.base, Var) and node.base.name not in self.env:
            special = self._special_index(node.base.name, keys, node)
            if special is not None:
                return special
        base = self.value(node.base)
        return self.element(base, keys, node)

    def _special_index(self, name: str, keys: list[str], node: Index) -> Val | None:
        shown = describe(node)
        if name == "GLOBALS" and keys:
            return join_all((self.global_value(key, shown) for key in keys), self.state.overflow)
        if name in calls.REQUEST_GLOBALS:
            return self.state.origins.request_value(shown, self.path, self.line)
        if name in ("_SERVER", "_ENV") and keys:
            return join_all((self.environment(key, shown) for key in keys), self.state.overflow)
        if name == "_SESSION":
            secrets = [self.state.origins.session[key] for key in keys if key in self.state.origins.session]
            if secrets:
                return self.read_secret(secrets[0], self.line, shown)
        return None

    def environment(self, name: str, shown: str) -> Val:
        """Value of an environment variable or a server variable."""
        secret = self.state.origins.environment.get(name)
        if secret is not None:
            return self.read_secret(secret, self.line, shown)
        if name in ("SERVER_NAME", "HTTP_HOST", "SERVER_ADDR"):
            return Val(frozenset([self.state.holes.template("own-server", name)]))
        if name.startswith(calls.SERVER_REQUEST_PREFIXES):
            return self.state.origins.request_value(shown, self.path, self.line)
        label = {f"env.{name}": Trace(self.path, self.line, f"{shown} is the environment", None, 1)}
        return Val(frozenset([self.state.holes.template("env", name)]), label)

    def element(self, base: Val, keys: list[str], node: Index) -> Val:
        """Element of an array value; an element that is not known carries the whole array's labels."""
        found: list[Val] = []
        for key in keys:
            item = (base.items or {}).get(key)
            if item is not None:
                found.append(item)
            else:
                secret = self.state.origins.named_secret(key, from_database="database" in base.labels)
                if secret is not None and base.items is None and "request" not in base.labels:
                    found.append(self.read_secret(secret, self.line, describe(node), certain=False))
        if base.rest is not None and (not found or not keys):
            found.append(base.rest)
        if not keys and base.items:
            found.extend(base.items[key] for key in sorted(base.items)[:MAX_TEXTS])
        result = join_all(found, self.state.overflow)
        labels = {label: trace for label, trace in base.labels.items() if not self._bulk(label, keys)}
        if labels:  # one element of $GLOBALS is not all of them
            result = self.join(result, Val(labels=labels))
        characters = self._characters(base, keys)
        if characters:
            return self.join(result, text_value(*characters))
        return result if result.texts or result.items or found else self.join(result, self.unknown(node))

    def _bulk(self, label: str, keys: list[str]) -> bool:
        """A label that means "many values at once": one element of known name has only what its name says."""
        if label == "globals":
            return True
        return bool(keys) and label.removeprefix("function.").lower() in self.state.origins.bulk

    def _characters(self, base: Val, keys: list[str]) -> list[str]:
        """`$s[3]` of a known string."""
        found: list[str] = []
        for text in self.known_texts(base) if base.items is None else ():
            for key in keys:
                if key.lstrip("-").isdecimal() and len(key) < 9 and -len(text) <= int(key) < len(text):  # noqa: PLR2004
                    found.append(text[int(key)])
        return found

    # -- properties -------------------------------------------------------------------------------------------

    def prop(self, node: Prop) -> Val:
        base = self.value(node.base)
        name = node.name if isinstance(node.name, str) else None
        if name is None:
            names = self.known_texts(self.value(node.name if not isinstance(node.name, str) else None))
            if len(names) != 1:
                return self.join(Val(labels=all_labels(base)), self.unknown(node))
            name = names[0]
        if isinstance(node.base, Var):
            local = self.env.get(f"{node.base.name}->{name}")
            if local is not None:
                return local
        return self.read_property(base, name, node)

    def read_property(self, base: Val, name: str, node: Value) -> Val:
        """Value of a property by the classes that the object may have, and by what was set on it here."""
        found: list[Val] = []
        for site in sorted(base.sites):
            state = self.sites.get(site, {}).get("." + name)
            if state is not None:
                found.append(state)
        for cls in sorted(base.types):
            found.append(self.state.read_store((self.property_owner(cls, name), name), self.number))
            found.append(self._default(cls, name))
            getter = self.state.program.find_method(cls, f"${name}::get".lower())
            if getter is not None:
                found.append(calls.summary_of(self.state, getter).returns)
        secret = self.state.origins.named_secret(name)
        result = join_all(found, self.state.overflow)
        if secret is not None and not result.labels:
            result = self.join(result, self.read_secret(secret, self.line, describe(node), certain=False))
        if base.labels:
            result = self.join(result, Val(labels=base.labels))
        if not (result.texts or result.items or result.types or result.refs or result.sites):
            result = self.join(result, self.unknown(node))
        declared = self._declared_types(base.types, name)
        return result.replaced(types=result.types | declared) if declared else result

    def property_owner(self, cls: str, name: str) -> str:
        """Key of the topmost class that declares a property: subclasses and parents share its store."""
        owner = cls
        for ancestor in self.state.program.ancestors(cls):
            for unit in self.state.program.classes.get(ancestor, ()):
                if any(item.name == name for item in unit.fact.properties):
                    owner = ancestor
        return owner

    def _default(self, cls: str, name: str) -> Val:
        for ancestor in self.state.program.ancestors(cls):
            for unit in self.state.program.classes.get(ancestor, ()):
                for item in unit.fact.properties:
                    if item.name == name and item.default is not None:
                        return self.in_class(ancestor, item.default)
        return NOTHING

    def _declared_types(self, classes: frozenset[str], name: str) -> frozenset[str]:
        found: set[str] = set()
        for cls in sorted(classes):
            for ancestor in self.state.program.ancestors(cls):
                for unit in self.state.program.classes.get(ancestor, ()):
                    first = self.state.program.files[unit.file].first
                    for item in unit.fact.properties:
                        if item.name == name:
                            found |= {self.state.program.find_class(t) for t in item.types if t not in _PRIMITIVES}
                    for method in unit.fact.methods:
                        fact = self.state.program.functions[first + method]
                        if fact.name.lower() == "__construct":
                            for param in fact.params:
                                if param.promoted and param.name == name:
                                    found |= {
                                        self.state.program.find_class(t) for t in param.types if t not in _PRIMITIVES
                                    }
        return frozenset(found)

    def write_property(self, variable: str, cls: str, name: str, value: Val) -> None:
        """Property of an object of a known class; what a caller decides is left to the caller as an effect."""
        self.env[f"{variable}->{name}"] = value
        key = (self.property_owner(cls, name), name)
        self.write_shared("store", key, value)

    def write_shared(self, target: str, key: tuple[str, str], value: Val, lifts: int = 0) -> None:
        """Write to a store that outlives the call."""
        self.stored_sites |= all_sites(value)
        if calls.depends_on_caller(value):
            if lifts <= MAX_EFFECT_LIFTS:
                self.add_effect(Effect(target, (0, "\0".join(key)), value, lifts))
        else:
            self.state.write_store(key, value)

    def add_effect(self, effect: Effect) -> None:
        """Record a write that callers decide, once per place that is written."""
        known = self.effects.get((effect.target, effect.key))
        if known is not None:
            effect = known._replace(value=self.join(known.value, effect.value), lifts=min(known.lifts, effect.lifts))
        elif len(self.effects) >= MAX_EFFECTS:
            self.state.limit("effects-per-function", self.number)
            return
        self.effects[effect.target, effect.key] = effect

    def static_property(self, node: StaticProp) -> Val:
        classes = self.class_names(node.cls)
        name = node.name if isinstance(node.name, str) else None
        if name is None or not classes:
            return self.unknown(node)
        found = [
            self.join(
                self.state.read_store((self.property_owner(cls, name), "::" + name), self.number),
                self._default(cls, name),
            )
            for cls in classes
        ]
        result = join_all(found, self.state.overflow)
        return result if result is not NOTHING else self.unknown(node)

    def class_names(self, cls: str | Value) -> list[str]:
        """Class keys that a class reference may mean."""
        if isinstance(cls, str):
            return [key for key in [self._class_key(cls)] if key]
        value = self.value(cls)
        names = [self.state.program.find_class(text.lstrip("\\")) for text in self.known_texts(value)]
        return sorted({*value.types, *names})

    # -- constants --------------------------------------------------------------------------------------------

    def constant(self, node: ConstRef) -> Val:
        if node.name in ("__DIR__", "__FILE__"):
            folder = self.path.rpartition("/")[0]
            return text_value(f"{ROOT}/{folder}".rstrip("/") if node.name == "__DIR__" else f"{ROOT}/{self.path}")
        if node.name in ("__CLASS__", "__FUNCTION__", "__METHOD__"):
            return text_value(self.fact.cls if node.name == "__CLASS__" else self.fact.name)
        for name in (node.qualified, node.name):
            if name:
                value = self.state_constant(name)
                if value is not None:
                    return value
        return Val(frozenset([self.state.holes.template("constant", node.name)]))

    def state_constant(self, name: str) -> Val | None:
        """Value of a global constant of the program or of PHP itself."""
        state = self.state
        known = state.constants.get(name)
        if known is not None:
            return known
        own = state.origins.setting_value(name)
        if own is not None:
            return own
        units = state.program.constants.get(name)
        if not units:
            builtin = state.catalogue.constant_values.get(name)
            return text_value(str(builtin)) if builtin is not None else _BUILTIN.get(name)
        state.constants[name] = Val(frozenset([state.holes.template("constant", name)]))
        values = [Evaluator(state, unit.function).value(unit.value) for unit in units[:8]]
        result = join_all(values, state.overflow)
        state.constants[name] = result
        return result

    def class_constant(self, node: ClassConst) -> Val:
        name = node.name if isinstance(node.name, str) else next(iter(self.known_texts(self.value(node.name))), None)
        classes = self.class_names(node.cls)
        if name == "class":
            return text_value(*classes) if classes else self.unknown(node)
        if name is None:
            return self.unknown(node)
        found: list[Val] = []
        for cls in classes:
            value = self._class_constant(cls, name)
            if value is not None:
                found.append(value)
        return join_all(found, self.state.overflow) if found else self.unknown(node)

    def _class_constant(self, cls: str, name: str) -> Val | None:
        key = f"{cls}::{name}"
        known = self.state.constants.get(key)
        if known is not None:
            return known
        for ancestor in self.state.program.ancestors(cls):
            for unit in self.state.program.classes.get(ancestor, ()):
                for constant, value in unit.fact.constants:
                    if constant == name:
                        self.state.constants[key] = Val(frozenset([self.state.holes.template("constant", key)]))
                        result = self.state.constants[key] = self.in_class(ancestor, value)
                        return result
        return None

    def in_class(self, cls: str, node: Value) -> Val:
        """Value of a constant expression that stands in a class body."""
        unit = self.state.program.classes[cls][0]
        inner = Evaluator(self.state, self.state.program.files[unit.file].first)
        inner.cls = cls
        return inner.value(node)

    # -- operators --------------------------------------------------------------------------------------------

    def choice(self, node: Choice) -> Val:
        return join_all([self.value(option) for option in node.options], self.state.overflow)

    def operator(self, node: Op) -> Val:
        operands = [self.value(operand) for operand in node.operands]
        if node.op in _BOOLEAN:
            return NOTHING
        labels = join_all((Val(labels=all_labels(operand)) for operand in operands), self.state.overflow).labels
        if node.op in _PASSING:
            return operands[-1] if operands else NOTHING
        if node.op == "^" and len(operands) == 2:  # noqa: PLR2004  a binary operator
            texts = frozenset(
                text
                for one in self.known_texts(operands[0])
                for two in self.known_texts(operands[1])
                if (text := folding.xor(one, two)) is not None
            )
            return Val(texts or self.unknown(node).texts, labels)
        if node.op == "~" and operands:
            inverted = ["".join(chr(255 - ord(c)) for c in text) for text in self.known_texts(operands[0])]
            return Val(frozenset(inverted) or self.unknown(node).texts, labels)
        if node.op == "+":
            return self._sum(operands, labels)
        if node.op in _NUMERIC:
            return Val(self._arithmetic(node.op, operands), labels)
        return Val(self.unknown(node).texts, labels)

    def _sum(self, operands: list[Val], labels: dict[str, Trace] | object) -> Val:
        """`+`: union of arrays, or a number."""
        arrays = [operand for operand in operands if operand.items is not None or operand.rest is not None]
        if arrays:
            return join_all(reversed(operands), self.state.overflow)
        return Val(self._arithmetic("+", operands), labels)  # type: ignore[arg-type]  # a mapping of labels

    def _arithmetic(self, operator: str, operands: list[Val]) -> frozenset[str]:
        """Small integers, as obfuscated code computes character codes with them."""
        numbers = [self.known_texts(operand) for operand in operands]
        if any(len(options) != 1 or not options[0].lstrip("-").isdecimal() for options in numbers):
            return frozenset()
        total = int(numbers[0][0][:15])
        for options in numbers[1:]:
            other = int(options[0][:15])
            if operator == "+":
                total += other
            elif operator == "-":
                total -= other
            elif operator == "*":
                total *= other
            elif operator == "%" and other:
                total %= other
            else:
                return frozenset()
        return frozenset([str(total)])

    def assigned(self, node: AssignExpr) -> Val:
        return self.assign(node.op)

    def closure(self, node: Closure) -> Val:
        number = self.state.program.local(self.number, node.function)
        ref = FunctionRef(number, self.cls)
        self.capture(number)
        return Val(refs=frozenset([ref]))

    def capture(self, number: int) -> None:
        """Evaluate a closure's body here, with what it captures: its calls run with the values of this place."""
        if self.inlined >= _MAX_INLINE_CLOSURES or len(self.state.active) > self.state.limits.call_depth:
            return
        self.inlined += 1
        self.closures.add(number)
        calls.evaluate_closure(self, number)

    def first_class(self, node: Callable) -> Val:
        return calls.callable_value(self, node.call)

    def call(self, node: Call) -> Val:
        self.line = node.line
        return calls.evaluate(self, node)

    def dynamic_variable(self, node: DynVar) -> Val:
        names = self.known_texts(self.value(node.name))
        if names:
            return join_all((self.variable(Var(name)) for name in names), self.state.overflow)
        everything = join_all((Val(labels=all_labels(item)) for item in self.env.values()), self.state.overflow)
        return self.join(everything, self.unknown(node))

    def nothing_known(self, node: Unknown) -> Val:
        return self.unknown(node.reason)

    # -- assignments (statements.py continues) ----------------------------------------------------------------

    def assign(self, node: Assign) -> Val:
        from scanner.analysis import transfer  # noqa: PLC0415  the two halves of one interpreter

        return transfer.assign(self, node)

    def summary(self) -> Summary:
        """What was found, once the body has been evaluated."""
        exports = dict(self.env) if self.file_scope else {}
        effects = [*self.effects.values(), *(Effect("argument", (i, ""), value) for i, value in sorted(self.by_ref.items()))]
        escaping = self._escaping(exports)
        for site in sorted(self.sites):
            if site < 0 or site in escaping:
                for role, value in sorted(self.sites[site].items()):
                    effects.append(Effect("site", (site, role), value))
        return Summary(self.returns, tuple(self.hits.values()), tuple(effects), exports)

    def _escaping(self, exports: Mapping[str, Val]) -> set[int]:
        """Handles that outlive this function: returned, stored, passed out, or left to an including file."""
        found: set[int] = set(self.stored_sites)
        for value in (self.returns, *self.by_ref.values(), *(effect.value for effect in self.effects.values()), *exports.values()):
            found |= all_sites(value)
        return found

    def substitution(self, arguments: Function[[int], Val], step: Function[[Trace], Trace]) -> Substitution:
        """Replacement of a callee's parameters."""
        return Substitution(arguments, self.state.holes, self.state.overflow, step)


ROOT = "/@/@/@/@/@"
"""Where the release lies: deep enough that going up from its own folder never reaches the file system's root."""
_PRIMITIVES = frozenset(
    {"array", "bool", "callable", "false", "float", "int", "iterable", "mixed", "never", "null", "object", "string",
     "true", "void"}
)  # fmt: skip
_BUILTIN = {
    "PHP_EOL": text_value("\n"),
    "DIRECTORY_SEPARATOR": text_value("/"),
    "PATH_SEPARATOR": text_value(":"),
}
_EXPRESSIONS: dict[type, Function[..., Val]] = {
    Const: Evaluator.const,
    Var: Evaluator.variable,
    Concat: Evaluator.concat,
    ArrayLit: Evaluator.array,
    Index: Evaluator.index,
    Prop: Evaluator.prop,
    StaticProp: Evaluator.static_property,
    ClassConst: Evaluator.class_constant,
    ConstRef: Evaluator.constant,
    Call: Evaluator.call,
    Closure: Evaluator.closure,
    Callable: Evaluator.first_class,
    Choice: Evaluator.choice,
    Op: Evaluator.operator,
    DynVar: Evaluator.dynamic_variable,
    AssignExpr: Evaluator.assigned,
    Unknown: Evaluator.nothing_known,
}
