"""Abstract interpretation of one function: expressions.

Branches are joined, loops run twice, assignments on the straight line replace what was there. Every expression is
evaluated exactly once in order, since calls have effects.
"""

from __future__ import annotations

from collections.abc import Callable as Function
from collections.abc import Iterable, Mapping

from scanner.analysis import arithmetic, array_keys, comparing, folding, implicit, open_lists, scalars
from scanner.analysis.describe import describe
from scanner.analysis.elements import Elements
from scanner.analysis.frame import cell
from scanner.analysis.state import State
from scanner.analysis.templates import MAX_LENGTH, MAX_OPEN_LENGTH, is_known
from scanner.analysis.values import (
    MAX_TEXTS,
    NOTHING,
    FunctionRef,
    Trace,
    Val,
    all_labels,
    join_all,
    merge_labels,
    typed,
)
from scanner.model.facts import (
    ArrayLit,
    Assign,
    AssignExpr,
    Call,
    Callable,
    Choice,
    ClassConst,
    Closure,
    Concat,
    Const,
    ConstRef,
    DynVar,
    Index,
    Op,
    Prop,
    StaticProp,
    Unknown,
    Value,
    Var,
    variable_mark,
)

_NUMERIC = frozenset({"(int)", "(integer)", "(float)", "(double)", "-", "*", "/", "%", "**", "<<", ">>", "&", "|"})
CARRIED = "\0use:"
"""Prefix of the elements of a closure's value that are variables it captured."""
_BOOLEAN = frozenset(
    {"!", "==", "===", "!=", "!==", "<>", "<", ">", "<=", ">=", "<=>", "&&", "||", "and", "or", "xor", "instanceof",
     "isset", "empty", "(bool)", "(boolean)", "condition", "(unset)"}
)  # fmt: skip
_PASSING = frozenset({"(string)", "(array)", "(object)", "(binary)", "sequence", "parenthesized_expression"})
STEPS = frozenset({"++", "--", "x++", "x--"})
YIELDS = frozenset({"yield", "yield from"})
_OR_ELSE = 2
"""Parts of `a ?? b`."""
_TERNARY = 2
"""Parts of `a ? b : c` beside its condition."""
_COMPUTED = "()"
"""Among the names that a function calls: a callee that is a value."""
MAX_INLINE_CLOSURES = 40
"""Callables and includes that one function runs with its own values."""


class Evaluator(Elements):
    """Evaluates the expressions of one function."""

    def __init__(self, state: State, number: int) -> None:
        super().__init__(state, number)
        for name, value in self.promoted:
            self.write_property("this", self.cls, name, value)

    # -- expressions ------------------------------------------------------------------------------------------

    def value(self, node: Value | None) -> Val:
        """Abstract value of an expression, with its effects."""
        if node is None:
            return NOTHING
        return _EXPRESSIONS[type(node)](self, node)

    def const(self, node: Const) -> Val:
        raw = node.value
        if isinstance(raw, str):
            return typed(raw if len(raw) <= folding.MAX_INPUT else raw[: folding.MAX_INPUT], scalars.STRING)
        if not raw and not self.concrete and (raw is None or raw is False):
            return NOTHING  # elsewhere that mostly is the place of a value that comes later
        spelled = scalars.spelled(raw)
        return self.unknown("a number with many digits") if spelled is None else typed(*spelled)

    def concat(self, node: Concat) -> Val:
        return self.concatenated([(self.value(part), part) for part in node.parts])

    def concatenated(self, parts: Iterable[tuple[Val, Value | str | None]]) -> Val:
        """String building: product of the parts' templates, bounded; labels are joined."""
        results: set[str] = {""}
        labels: Mapping[str, Trace] = {}
        for given, shown in parts:
            part = self.stringified(given)
            if part.labels or part.items or part.rest is not None:
                labels = merge_labels(labels, all_labels(part))
            options: Iterable[str] = self.texts(part, shown)
            if len(results) == 1 == len(options):  # type: ignore[arg-type]  # the usual case
                (left,), (right,) = results, options
                results = {left + right}
            else:
                if len(results) * len(options) > MAX_TEXTS:  # type: ignore[arg-type]  # a frozen set
                    options = (self.state.holes.template("unknown", describe(shown)),)
                results = {result + option for result in results for option in options}
            if any(len(result) > MAX_OPEN_LENGTH for result in results):
                results = self._shortened(results)
        return Val(frozenset(results), labels, scalar=scalars.STRING)

    def _shortened(self, results: set[str]) -> set[str]:
        """Long text with holes is a page or a query, not a URL: its beginning is kept. Known text stays longer."""
        tail = self.state.holes.template("too-long", "...")
        kept = set[str]()
        for result in results:
            limit = MAX_LENGTH if is_known(result) else MAX_OPEN_LENGTH
            kept.add(result if len(result) <= limit else result[:limit].rstrip(tail) + tail)
        return kept

    def stringified(self, value: Val) -> Val:
        """Objects in a string run `__toString`."""
        if not value.types or value.texts:
            return value
        for name in sorted(value.types):
            method = self.state.program.find_method(name, "__tostring")
            if method is not None:
                return self.join(value, self.run_method(method, [], Unknown("__toString"), value))
        return value

    def array(self, node: ArrayLit) -> Val:
        items: dict[str, Val] = {}
        rest: Val | None = None
        of_keys: Mapping[str, Trace] = {}
        position, vague = 0, False
        for item in node.items:
            value = self.value(item.value)
            if item.spread:
                value = self.state.interpreter.iterated(self, value) if value.types else value
                position, others = self._put_spread(items, position, value, vague=vague)
                if others is not None:
                    items, vague = self._mixed(items, others), True
                    rest = others if rest is None else self.join(rest, others)
                continue
            if item.key is None and vague:
                rest = value if rest is None else self.join(rest, value)
            elif item.key is None:
                items[str(position)] = value
                position += 1
            if item.key is None:
                continue
            key = array_keys.cast(item.key, self.value(item.key))
            keys = self.known_texts(key)
            if key.labels:
                of_keys = merge_labels(of_keys, self.state.telling(key.labels))
            if len(keys) == 1:
                items[keys[0]] = value
                if array_keys.is_number(keys[0]):
                    position = max(position, int(keys[0]) + 1)
            else:
                rest = value if rest is None else self.join(rest, value)
        return Val(labels=of_keys, items=items, rest=rest)

    def _put_spread(self, items: dict[str, Val], position: int, value: Val, *, vague: bool) -> tuple[int, Val | None]:
        """Put a list into another, as far as its place is known; the place after it, and what else may be in it."""
        if vague:
            return position, value
        if _is_whole(value):
            return _put_behind(items, position, value), None
        listed, others = self._spread(value)
        items.update({str(position + index): one for index, one in enumerate(listed)})
        return position + len(listed), others

    def _spread(self, value: Val) -> tuple[list[Val], Val | None]:
        """Elements of a list that is put into another, in order, and what else may be in it, None for nothing."""
        if open_lists.is_open(self, value):
            return open_lists.elements(self, value), open_lists.any_of(self, value)
        listed = _listed(value)
        return listed, None if listed else value

    def _mixed(self, items: Mapping[str, Val], others: Val) -> dict[str, Val]:
        """Each element of a name that is known so far may be another by the same name."""
        mixed = {key: one if key.isdecimal() else self.join(one, others) for key, one in items.items()}
        return {**mixed, **(others.items or {})}

    # -- operators --------------------------------------------------------------------------------------------

    def choice(self, node: Choice) -> Val:
        if not self.concrete:
            return join_all([self.value(option) for option in node.options], self.state.overflow)
        options, last = list(node.options), node.options[-1]
        if isinstance(last, Op) and last.op == "condition":
            return self._chosen(options[:-1], last)
        values = [self.value(option) for option in options[:1]]
        if len(options) == _OR_ELSE:  # `$a ?? $b`, and `$a ?: $b` where `$a` is not surely empty
            if arithmetic.truth(values[0]) and self._is_set(options[0]) is not False:
                return values[0]
            values = [] if values[0].scalar == scalars.NULL else values
        return join_all([*values, *(self.value(option) for option in options[1:])], self.state.overflow)

    def _chosen(self, options: list[Value], condition: Op) -> Val:
        """In a concrete run: what a condition chooses; of a `match` any of its arms."""
        tested = self.value(condition)
        chosen = arithmetic.truth(tested) if len(condition.operands) == 1 and len(options) == _TERNARY else None
        if chosen is not None:
            return self.value(options[0 if chosen else 1])
        labels = Val(labels=tested.labels)
        return join_all([*(self.value(option) for option in options), labels], self.state.overflow)

    def operator(self, node: Op) -> Val:
        if self.concrete and node.op in ("isset", "empty"):
            return self._asked(node)
        operands = [self.value(operand) for operand in node.operands]
        if node.op in ("isset", "empty"):
            self.asked_of_objects(node.operands)
        if node.op in _BOOLEAN:
            return self._compared(node, operands)
        if node.op in STEPS:
            return self._stepped(node, operands[0])
        labels = join_all((Val(labels=all_labels(operand)) for operand in operands), self.state.overflow).labels
        if node.op == "(array)" and operands and (operands[-1].types or operands[-1].sites):
            return self.state.interpreter.exposed(self, operands[-1])
        if node.op in YIELDS:
            return self.state.interpreter.yielded(self, node, operands)
        if node.op in _PASSING:
            last = operands[-1] if operands else NOTHING
            if node.op == "(object)":
                return self._object_of(last)
            return self._as_string(last) if node.op == "(string)" else last
        return self.combined(node.op, operands, labels, node)

    def _as_string(self, value: Val) -> Val:
        """What `(string)` makes of a value."""
        shown = self.join(Val(labels=value.labels), self.stringified(value))
        return shown.replaced(scalar=scalars.STRING) if shown.texts and shown.items is None else shown

    def _object_of(self, value: Val) -> Val:
        """`(object) ['name' => $x]`: a new object, which other variables may hold as well."""
        if value.types or value.sites or (value.items is None and value.rest is None):
            return value
        site = self.state.site(self.number, -1 - self.line)
        for name, item in (value.items or {}).items():
            self.set_site(site, "." + name, item)
        return value.replaced(types=frozenset(["stdclass"]), sites=frozenset([site]))

    def combined(self, operator: str, operands: list[Val], labels: Mapping[str, Trace], shown: Value | None) -> Val:
        """Value of an arithmetic or bit operator over its operands."""
        if operator == "+" and any(operand.items is not None or operand.rest is not None for operand in operands):
            return (
                _united(operands)
                if all(map(_is_whole, operands))
                else join_all(reversed(operands), self.state.overflow)
            )
        known = [[(text, operand.scalar) for text in self.known_texts(operand)] for operand in operands]
        texts, scalar = arithmetic.of(arithmetic.results(operator, known) or set())
        vague = not texts or any(
            operand.items is not None or len(one) < len(operand.texts)
            for one, operand in zip(known, operands, strict=True)
        )
        if not vague:
            return Val(texts, labels, scalar=scalar)
        is_number = operator in _NUMERIC or operator == "+"
        return Val(texts | ({self.state.counted} if is_number else self.unknown(shown).texts), labels)

    def _compared(self, node: Op, operands: list[Val]) -> Val:
        """Comparisons matter where loops and branches are run as PHP would, and for what they tell of a secret."""
        outcome = NOTHING if node.op == "condition" else self.state.some_number
        if self.concrete:
            if node.op == "condition" and len(operands) == 1:
                return operands[0]
            result = arithmetic.boolean(node.op, operands)
            if result is not None:
                return result
        told = NOTHING
        if any(operand.labels for operand in operands):
            told = implicit.compared(self, node.op, node.operands, operands)
        if self.concrete:
            outcome = arithmetic.ANY_ORDER if node.op == comparing.ORDER else arithmetic.EITHER
        return self.join(told, outcome)

    def _asked(self, node: Op) -> Val:
        """`isset` and `empty` in a concrete run."""
        if node.op == "empty":
            result = arithmetic.truth(self.value(node.operands[0]))
            return arithmetic.EITHER if result is None else arithmetic.VALUES[not result]
        found = [self._is_set(operand) for operand in node.operands]
        if False in found:
            return arithmetic.VALUES[False]
        return arithmetic.EITHER if None in found else arithmetic.VALUES[True]

    def _is_set(self, target: Value) -> bool | None:
        if isinstance(target, Var):
            return self._is_no_null(self.env[target.name]) if target.name in self.env else False
        if not isinstance(target, Index) or target.key is None:
            return None
        base, keys = self.value(target.base), self.known_texts(self.value(target.key))
        if len(keys) != 1 or base.rest is not None or base.types or base.loose:
            return None
        if base.items is not None:
            return self._is_no_null(base.items[keys[0]]) if keys[0] in base.items else False
        texts, position = arithmetic.known(base), arithmetic.number(keys[0])
        if len(texts) != 1 or texts[0][1] != scalars.STRING or position is None:
            return None
        return -len(texts[0][0]) <= position < len(texts[0][0])

    def _is_no_null(self, value: Val) -> bool | None:
        """Whether a value is something else than null, None when that is not known."""
        if value.items is not None or value.refs or value.sites:
            return True
        if not value.texts or value.types or value.rest is not None:
            return None
        return value.scalar != scalars.NULL if value.scalar or "" not in value.texts else None

    def _stepped(self, node: Op, value: Val) -> Val:
        """`++` and `--`: in a concrete run, and on letters (`$a = 'a'; $a++;`), the variable gets its next value."""
        known = self.known_texts(value)
        steps = [arithmetic.step(text, value.scalar, node.op) for text in known]
        following = {step for step in steps if step is not None}
        if not known or None in steps or (self.concrete and len(known) > 1):
            before = value
            if self.deciding:
                value = implicit.counted(self, value)
            some = Val(self.unknown(node).texts if known else frozenset([self.state.counted]), value.labels)
            self.state.interpreter.write(self, node.operands[0], some)
            return before if node.op.startswith("x") else some
        rest = value.texts.difference(known)
        texts, scalar = arithmetic.of(following)
        changed = Val(texts | rest, value.labels, scalar="" if rest else scalar)
        if self.deciding and not self.concrete:
            changed = implicit.counted(self, self.join(changed, self.unknown(node)))
        if not (self.concrete or self.is_counted_here(node.operands[0])):
            changed = self.join(changed, self.state.some_number)
        self.state.interpreter.write(self, node.operands[0], changed)
        if not node.op.startswith("x"):
            return changed
        kept = self.concrete or self.is_counted_here(node.operands[0])
        return value if kept else self.join(value, self.state.some_number)  # it may have been counted before

    def is_counted_here(self, place: Value) -> bool:
        """Whether a variable has only the steps that are seen: not in a loop, and of this call alone."""
        local = isinstance(place, Var) and place.name not in self.statics and place.name not in self.globals
        return local and not self.looping

    def assigned(self, node: AssignExpr) -> Val:
        return self.assign(node.op)

    def closure(self, node: Closure) -> Val:
        number = self.state.program.local(self.number, node.function)
        ref = FunctionRef(number, self.cls)
        self.capture(number)
        for name, by_ref in self.state.program.functions[number].captures:
            if by_ref:
                self.cells[name] = cell(self.state.program, number, name)
        return Val(refs=frozenset([ref]), items=self._carried(number) or None)

    def _carried(self, number: int) -> dict[str, Val]:
        """What a closure carries to where it is called: captured variables that hold data, a callable or an object."""
        fact = self.state.program.functions[number]
        values = self._captured(number)
        by_ref = [name for name, by_ref in fact.captures if by_ref] + ([] if fact.is_static else ["this"])
        values.update((name, self.env[name]) for name in by_ref if name in self.env)
        always, calls = frozenset(by_ref), _COMPUTED in fact.called
        return {
            CARRIED + name: value
            for name, value in values.items()
            if self.told or name in always or _holds(value) or (calls and self._names_function(value))
        }

    def _captured(self, number: int) -> dict[str, Val]:
        """Variables that a closure captures by value, as they are now."""
        fact = self.state.program.functions[number]
        names: Iterable[str] = [name for name, by_ref in fact.captures if not by_ref]
        if "*" in names:
            body = bytes(fact.body)
            names = [name for name in sorted(self.env) if "->" not in name and variable_mark(name) in body]
        return {name: self.env[name] for name in names if name in self.env}

    def _names_function(self, value: Val) -> bool:
        """Whether a value is the name of a function that signatures describe or the program declares."""
        names = (text.lower() for text in value.texts if text.isidentifier())
        return any(self.state.matcher.function(name) or name in self.state.program.by_name for name in names)

    def capture(self, number: int) -> None:
        """Evaluate a closure's body here, with what it captures: its calls run with the values of this place."""
        known, now = self.closures.get(number, {}), self._captured(number)
        self.closures[number] = {name: self.join(known.get(name, NOTHING), value) for name, value in now.items()}
        self.state.interpreter.closure(self, number)

    def first_class(self, node: Callable) -> Val:
        return self.state.interpreter.callable_value(self, node.call)

    def call(self, node: Call) -> Val:
        self.line = node.line
        return self.state.interpreter.call(self, node)

    def dynamic_variable(self, node: DynVar) -> Val:
        named = self.value(node.name)
        names = self.known_texts(named)
        if names:
            return join_all((self.variable(Var(name)) for name in names), self.state.overflow)
        if named.labels:
            self.state.complain(named)
        everything = join_all((Val(labels=all_labels(item)) for item in self.env.values()), self.state.overflow)
        of_globals = self.global_named(named) if self.named_globals else NOTHING
        return join_all([of_globals, everything, self.unknown(node)], self.state.overflow)

    def nothing_known(self, node: Unknown) -> Val:
        return self.unknown(node.reason)

    # -- assignments (statements.py continues) ----------------------------------------------------------------

    def assign(self, node: Assign) -> Val:
        return self.state.interpreter.assign(self, node)


def _listed(value: Val) -> list[Val]:
    """Elements of an array of which all are known, under the keys 0, 1, 2 ...; none of any other."""
    items = value.items or {}
    keys = [str(index) for index in range(len(items))]
    return [items[key] for key in keys] if value.rest is None and all(key in items for key in keys) else []


def _is_whole(value: Val) -> bool:
    """Whether an array has the elements that are known, and no others."""
    return value.items is not None and value.rest is None and not (value.loose or value.texts or value.types)


def _put_behind(items: dict[str, Val], position: int, more: Val) -> int:
    """Put the elements of an array behind others, with numbers from a place on; the place after them."""
    for key, item in (more.items or {}).items():
        numbered = array_keys.is_number(key)
        items[str(position) if numbered else key] = item
        position += numbered
    return position


def _united(arrays: list[Val]) -> Val:
    """`$a + $b`: of one key the first stays."""
    items: dict[str, Val] = {}
    for one in arrays:
        items |= {key: item for key, item in (one.items or {}).items() if key not in items}
    return Val(items=items, labels=join_all((Val(labels=one.labels) for one in arrays), "").labels)


def _holds(value: Val) -> bool:
    """Whether a captured value matters where the closure runs: a secret, an object, a callable, part of an address."""
    return bool(
        value.refs or value.types or value.sites or all_labels(value) or any("." in text for text in value.texts)
    )


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
