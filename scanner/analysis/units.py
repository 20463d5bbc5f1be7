"""What one function sets, calls and compares, by names and constants: two of them show what an upgrade weakened.

No value is followed here. A unit is read off its statements, so that the same code gives the same unit wherever it
stands, and a function that no rule calls interesting has one as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from scanner.analysis.gates import Gate, gates
from scanner.model.facts import (
    ArrayLit,
    Assign,
    AssignExpr,
    Branch,
    Call,
    CallKind,
    ClassConst,
    Concat,
    Const,
    ConstRef,
    Expr,
    FileFacts,
    FunctionFact,
    Index,
    Item,
    Loop,
    Op,
    Prop,
    Return,
    StaticProp,
    Value,
    Var,
    decode_body,
    nodes,
)

OPEN = "{...}"
"""Stands for a value that is no constant."""
_LITERALS = {True: "true", False: "false", None: "null"}
_SETTER_WORDS = ("set", "opt", "with", "define", "put", "conf", "attr", "ini", "add", "flag", "allow")
_MAX_NODES = 200_000
"""Nodes of one function that are looked at: a bound on hostile code, far above what people write."""
_MAX_TEXT = 300
_MAX_OPERANDS = 60
"""Values of one comparison that are looked at."""
_COMPARISONS = frozenset({"==", "===", "!=", "!==", "<>"})
OF_COUNTS = " of counts"
"""Behind the operator of a strict comparison of counts: both sides are numbers, so that it was no stricter."""
_COUNTING = frozenset({"count", "sizeof", "strlen", "mb_strlen"})
_CURL_NUMBERS = {"64": "CURLOPT_SSL_VERIFYPEER", "81": "CURLOPT_SSL_VERIFYHOST", "10004": "CURLOPT_PROXY"}


KEYS = {
    "openssl_encrypt": 2, "openssl_decrypt": 2, "hash_hmac": 2, "hash_pbkdf2": 2, "crypt": 1, "mcrypt_encrypt": 1,
    "mcrypt_decrypt": 1, "sodium_crypto_secretbox": 2, "sodium_crypto_secretbox_open": 2, "sodium_crypto_auth": 1,
}  # fmt: skip
"""Functions of cryptography, and which argument is their key or salt."""


_RANDOM = frozenset({"random_bytes", "openssl_random_pseudo_bytes"})


class Binding(NamedTuple):
    """A name that code gives a value: an array key, a property, a constant, an option, a parameter's default."""

    name: str
    """`CURLOPT_SSL_VERIFYPEER`, `ssl.verify_peer`, `Config::DEBUG`: keys of nested arrays joined by dots."""
    value: str
    """A constant as PHP writes it, strings without quotes; `{...}` for anything else."""
    line: int
    kind: str
    """`constant property option default element variable`."""

    @property
    def key(self) -> str:
        """The last part of the name in lower case."""
        return self.name.rpartition(".")[2].rpartition("::")[2].lower()


class Site(NamedTuple):
    """A call by the last part of its name, in lower case."""

    name: str
    line: int
    used: bool
    """False when nothing looks at the result."""
    negated: bool
    same: bool
    """Its first two arguments are the same expression."""
    arity: int = 0
    """Arguments: a callee that is given one more may answer in another way."""


class Override(NamedTuple):
    """A condition that a constant decides, with the calls that no longer matter."""

    line: int
    text: str
    calls: tuple[str, ...]


class Unit(NamedTuple):
    """One function, method, class or file body."""

    symbol: str
    line: int
    bindings: tuple[Binding, ...]
    calls: tuple[Site, ...]
    comparisons: Counter[str]
    overrides: tuple[Override, ...]
    forced: tuple[int, str]
    """Line and value when the unit begins with the return of a constant, else (0, ``)."""
    strings: tuple[tuple[str, int], ...]
    """Constant texts and their lines."""
    names: frozenset[str]
    """Constants that are used by name, in lower case."""
    operands: frozenset[tuple[str, str]] = frozenset()
    """Comparisons, each with every variable and property that it compares."""
    ends: int = 0
    """Places at which it returns or yields."""
    gates: tuple[Gate, ...] = ()
    """Conditions, and what depends on them."""


def units(facts: FileFacts) -> dict[str, Unit]:
    """Symbol -> unit. Closures count to the function around them; class constants and properties to the class."""
    parts: dict[str, list[Unit]] = {}
    symbols: list[str] = []
    for function in facts.functions:
        symbol = _symbol(function, symbols)
        symbols.append(symbol)
        parts.setdefault(symbol, []).append(_read(symbol, function))
    for cls in facts.classes:
        found = [_bind(f"{cls.name}::{name}", value, cls.line, "constant") for name, value in cls.constants]
        found += [
            _bind(f"{cls.name}::{item.name}", item.default, cls.line, "property")
            for item in cls.properties
            if item.default is not None
        ]
        bindings = [binding for group in found for binding in group]
        if bindings:
            parts.setdefault(cls.name, []).append(_only(cls.name, cls.line, bindings))
    constants = [binding for name, value, line in facts.constants for binding in _bind(name, value, line, "constant")]
    if constants:
        parts.setdefault("", []).append(_only("", 1, constants))
    return {symbol: _merged(group) for symbol, group in parts.items()}


def _symbol(function: FunctionFact, known: list[str]) -> str:
    if function.name == "{closure}":
        return known[function.owner] if 0 <= function.owner < len(known) else ""
    return f"{function.cls}::{function.name}" if function.cls else function.name


def _only(symbol: str, line: int, bindings: Iterable[Binding]) -> Unit:
    return Unit(symbol, line, tuple(bindings), (), Counter(), (), (0, ""), (), frozenset())


def _merged(group: list[Unit]) -> Unit:
    """Units of one symbol as one."""
    if len(group) == 1:
        return group[0]
    comparisons: Counter[str] = Counter()
    for unit in group:
        comparisons.update(unit.comparisons)
    return Unit(
        group[0].symbol,
        group[0].line,
        tuple(item for unit in group for item in unit.bindings),
        tuple(item for unit in group for item in unit.calls),
        comparisons,
        tuple(item for unit in group for item in unit.overrides),
        group[0].forced,
        tuple(item for unit in group for item in unit.strings),
        frozenset().union(*(unit.names for unit in group)),
        frozenset().union(*(unit.operands for unit in group)),
        sum(unit.ends for unit in group),
        tuple(gate for unit in group for gate in unit.gates),
    )


def _read(symbol: str, function: FunctionFact) -> Unit:
    reader = _Reader()
    for param in function.params:
        if param.default is not None:
            reader.bindings += _bind(f"${param.name}", param.default, function.line, "default")
    statements = decode_body(function.body)
    reader.read(statements)
    return Unit(
        symbol,
        function.line,
        tuple(reader.bindings),
        tuple(reader.calls),
        reader.comparisons,
        tuple(reader.overrides),
        _forced(statements),
        tuple(reader.strings),
        frozenset(reader.names),
        frozenset(reader.operands),
        reader.ends,
        gates(statements),
    )


def _forced(statements: tuple[object, ...]) -> tuple[int, str]:
    first = statements[0] if statements else None
    if isinstance(first, Return) and first.kind == "return" and isinstance(first.value, Const):
        return first.line, text_of(first.value)
    return 0, ""


class _Reader:
    """Walks statements with a stack of its own: nesting in scanned code has no bound."""

    def __init__(self) -> None:
        self.bindings: list[Binding] = []
        self.calls: list[Site] = []
        self.comparisons: Counter[str] = Counter()
        self.operands: set[tuple[str, str]] = set()
        self.overrides: list[Override] = []
        self.strings: list[tuple[str, int]] = []
        self.names: set[str] = set()
        self.ends = 0

    def read(self, statements: tuple[object, ...]) -> None:
        """Read a body and everything nested in it."""
        stack: list[tuple[object, int, bool, bool]] = []
        self._push(stack, statements, 0)
        nodes = 0
        while stack and nodes < _MAX_NODES:
            node, line, used, negated = stack.pop()
            nodes += 1
            if isinstance(node, tuple):
                self._push(stack, node, line)
                continue
            line = getattr(node, "line", line)
            self._visit(node, line, used=used, negated=negated)
            inner = isinstance(node, Op) and node.op == "!" and not negated
            stack.extend((child, line, True, inner) for child in reversed(_children(node)))

    def _visit(self, node: object, line: int, *, used: bool, negated: bool) -> None:
        """What one node says by itself."""
        if isinstance(node, Const):
            if isinstance(node.value, str) and node.value:
                self.strings.append((node.value[:_MAX_TEXT], line))
        elif isinstance(node, ConstRef):
            self.names.add(node.name.rpartition("\\")[2].lower())
        elif isinstance(node, ClassConst) and isinstance(node.name, str):
            self.names.add(node.name.lower())
        elif isinstance(node, Call):
            self._call(node, used=used, negated=negated)
        elif isinstance(node, Return):
            self.ends += 1
        elif isinstance(node, Op):
            self._operator(node, line)
        elif isinstance(node, ArrayLit):
            self.bindings += _items("", node, line)
        elif isinstance(node, Assign):
            self._assignment(node)

    @staticmethod
    def _push(stack: list[tuple[object, int, bool, bool]], nodes: tuple[object, ...], line: int) -> None:
        """Statements in order. The result of a call that stands alone is used only if it is a condition.

        Conditions stand before their branch, as many as it has arms; the last arm may have none.
        """
        tests = 0
        for node in reversed(nodes):
            if isinstance(node, Expr):
                stack.append((node.value, node.line, tests > 0, False))
                tests -= 1
            else:
                tests = len(node.arms) - node.total if isinstance(node, Branch) else int(isinstance(node, Loop))
                stack.append((node, line, True, False))

    def _call(self, call: Call, *, used: bool, negated: bool) -> None:
        name = call_name(call)
        if name:
            same = len(call.args) > 1 and _alike(call.args[0].value, call.args[1].value)
            constant = same and isinstance(call.args[0].value, (Const, ConstRef, ClassConst))
            self.calls.append(Site(name, call.line, used, negated, same and not constant, len(call.args)))
        self.bindings += _set_by(call, name)

    def _operator(self, node: Op, line: int) -> None:
        if node.op in _COMPARISONS:
            of_counts = node.op in ("===", "!==") and all(map(_is_count, node.operands))
            self.comparisons[node.op + OF_COUNTS if of_counts else node.op] += 1
            near = islice(nodes(node.operands), _MAX_OPERANDS)
            parts = (part for part in near if isinstance(part, (Var, Prop, Index)))
            names = {getattr(part.key, "value", None) if isinstance(part, Index) else part.name for part in parts}
            self.operands.update((node.op, name) for name in names if isinstance(name, str) and name != "this")
        if node.op in ("&&", "and", "||", "or"):
            decided = "0" if node.op in ("&&", "and") else "1"
            for operand in node.operands:
                if isinstance(operand, Const) and str(int(bool(operand.value))) == decided:
                    calls = tuple(sorted(_called(node)))
                    self.overrides.append(Override(line, f"{node.op} {text_of(operand)}", calls))

    def _assignment(self, node: Assign) -> None:
        name = _target(node.target)
        if name and node.op in ("=", ".=", "??="):
            is_element = isinstance(node.target, Index) and node.target.key is None
            kind = "element" if is_element else "variable" if isinstance(node.target, Var) else "option"
            self.bindings += _bind(name, node.value, node.line, kind, nested=False)


def _children(node: object) -> list[object]:
    """Values and statements right below a node, in source order."""
    if isinstance(node, Branch):
        return list(node.arms)
    if isinstance(node, Loop):
        last = node.body[-1] if node.body else None
        return [node.body[:-1], last.value] if isinstance(last, Expr) else [node.body]  # the last is its condition
    if isinstance(node, AssignExpr):
        return [node.op]
    found: list[object] = []
    for name in getattr(node, "__struct_fields__", ()):
        field = getattr(node, name)
        if hasattr(field, "__struct_fields__"):
            found.append(field)
        elif isinstance(field, tuple):
            found += [item for item in field if hasattr(item, "__struct_fields__")]
    return found


def _is_count(node: object) -> bool:
    """Whether a value is a whole number whatever comes in."""
    if isinstance(node, Call):
        return node.kind == CallKind.FUNCTION and call_name(node) in _COUNTING
    return isinstance(node, Const) and type(node.value) is int


def _alike(one: object, other: object) -> bool:
    """Whether two values are written alike, wherever they stand; bounded."""
    stack, count = [(one, other)], 0
    while stack:
        left, right = stack.pop()
        count += 1
        if type(left) is not type(right) or count > 200:  # noqa: PLR2004  nobody writes such an argument twice
            return False
        if isinstance(left, tuple) and isinstance(right, tuple):
            if len(left) != len(right):
                return False
            stack += zip(left, right, strict=True)
        elif hasattr(left, "__struct_fields__"):
            stack += [
                (getattr(left, name), getattr(right, name))
                for name in left.__struct_fields__
                if name not in ("line", "end_line", "start", "end")
            ]
        elif left != right:
            return False
    return True


def _called(node: object) -> Iterator[str]:
    """Names of the calls below a node, bounded."""
    stack, count = [node], 0
    while stack and count < 1000:  # noqa: PLR2004  a condition of a thousand parts is no condition
        current = stack.pop()
        count += 1
        if isinstance(current, Call):
            yield call_name(current)
        stack.extend(_children(current))


def call_name(call: Call) -> str:
    """Last part of the called name in lower case, `` for a computed one."""
    name = call.name
    if not isinstance(name, str):
        return ""
    return name.rpartition("\\")[2].lower()


def _target(target: Value) -> str:
    """Name of what is assigned to: keys and properties by dots."""
    parts: list[str] = []
    node: object = target
    while len(parts) < 6:  # noqa: PLR2004  deeper names say no more
        if isinstance(node, Index):
            if node.key is not None:
                parts.append(text_of(node.key))
            node = node.base
        elif isinstance(node, Prop):
            parts.append(node.name if isinstance(node.name, str) else OPEN)
            node = node.base
        elif isinstance(node, StaticProp):
            parts.append(node.name if isinstance(node.name, str) else OPEN)
            break
        elif isinstance(node, Var):
            if node.name != "this" or not parts:
                parts.append(f"${node.name}" if not parts else node.name)
            break
        else:
            break
    return ".".join(reversed(parts))


def _set_by(call: Call, name: str) -> list[Binding]:
    """Options that a call sets: by key and value, by its own name and one constant, or by a named argument."""
    found = [binding for arg in call.args if arg.name for binding in _bind(arg.name, arg.value, call.line, "option")]
    values = [arg.value for arg in call.args]
    if name in KEYS and KEYS[name] < len(values):
        found.append(Binding(f"{name}.key", text_of(values[KEYS[name]]), call.line, "option"))
    if name in _RANDOM and values:
        found.append(Binding(f"{name}.bytes", text_of(values[0]), call.line, "option"))
    if name == "putenv" and len(values) == 1:
        key, _, text = text_of(values[0]).partition("=")
        return [*found, Binding(f"env:{key}", text, call.line, "option")]
    if (
        len(values) == 1
        and call.kind in (CallKind.METHOD, CallKind.STATIC)
        and isinstance(values[0], (Const, ConstRef))
    ):
        return [*found, Binding(name, text_of(values[0]), call.line, "option")]
    if len(values) < 2 or not any(word in name for word in _SETTER_WORDS):  # noqa: PLR2004  key and value
        return found
    keys = [text_of(value) for value in values[:-1] if isinstance(value, (Const, ConstRef, ClassConst, Call))]
    keys = [key for key in keys if key and key != OPEN]
    if keys:
        key = _CURL_NUMBERS.get(keys[-1], keys[-1]) if name.startswith("curl") else keys[-1]
        prefix = "ini:" if name in ("ini_set", "ini_alter") else ""
        kind = "constant" if name == "define" else "option"
        found += _bind(prefix + key, values[-1], call.line, kind, nested=False)
    return found


def _bind(name: str, value: Value, line: int, kind: str, *, nested: bool = True) -> list[Binding]:
    """A name and its value; of an array each element. `nested` is False where the walk meets the array again."""
    if isinstance(value, ArrayLit):
        lists = [
            Binding(name, text_of(item.value), line, "element")
            for item in value.items
            if item.key is None and text_of(item.value) != OPEN
        ]
        return [*lists, *(_items(name, value, line) if nested else [])]
    return [Binding(name, text_of(value), line, kind)]


def _items(prefix: str, array: ArrayLit, line: int) -> list[Binding]:
    """Elements with a key, of arrays inside of it as well when it has a name."""
    found: list[Binding] = []
    stack: list[tuple[str, Item]] = [(prefix, item) for item in reversed(array.items)]
    while stack and len(found) < 5000:  # noqa: PLR2004  tables of data are no settings
        path, item = stack.pop()
        if item.key is None:
            continue
        key = text_of(item.key)
        name = f"{path}.{key}" if path else _CURL_NUMBERS.get(key, key)
        if isinstance(item.value, ArrayLit):
            found += [
                Binding(name, text_of(each.value), line, "element")
                for each in item.value.items
                if each.key is None and isinstance(each.value, Const)
            ]
            if prefix:
                stack += [(name, each) for each in reversed(item.value.items)]
        else:
            found.append(Binding(name, text_of(item.value), line, "option"))
    return found


def text_of(value: Value | None) -> str:
    """A constant as text, `{...}` where it is none."""
    if isinstance(value, Const):
        literal = value.value
        if literal is None or isinstance(literal, bool):
            return _LITERALS[literal]
        return str(literal)[:_MAX_TEXT]
    if isinstance(value, ConstRef):
        return value.name.rpartition("\\")[2]
    if isinstance(value, ClassConst) and isinstance(value.name, str):
        return value.name
    if isinstance(value, Call) and value.name == "constant" and len(value.args) == 1:
        inner = value.args[0].value
        return str(inner.value) if isinstance(inner, Const) else OPEN
    if isinstance(value, Concat):
        parts = [text_of(part) if isinstance(part, (Const, ConstRef, ClassConst)) else OPEN for part in value.parts]
        return "".join(parts)[:_MAX_TEXT]
    if isinstance(value, Op) and len(value.operands) == 1 and isinstance(value.operands[0], Const):
        return _folded(value.op, value.operands[0])
    return OPEN


def _folded(operator: str, operand: Const) -> str:
    """A constant under one operator or cast."""
    if operator == "!":
        return _LITERALS[not operand.value]
    if operator == "-" and isinstance(operand.value, (int, float)):
        return str(-operand.value)
    if "bool" in operator:
        return _LITERALS[bool(operand.value)]
    if operator.startswith("("):
        return text_of(operand)
    return OPEN
