"""Facts of one PHP file: what the lowering keeps of its syntax tree.

A file's facts are a pure function of its bytes and of `FACTS_VERSION`. Strings of the scanned program are bytes
in PHP; they are kept here as text with one character per byte (Latin-1), so that folding can work on bytes.
Names of classes and functions are resolved against namespace and `use`, without leading backslash, in their
written case. Lines are 1-based, offsets are bytes of the file, both of half-open or inclusive kind as stated.
"""

from __future__ import annotations

from collections.abc import Callable as Function
from collections.abc import Iterator
from enum import IntEnum

import msgspec

from scanner.model.other import NOTHING, OtherFacts

SHORT_BODY = 190
"""Size of a function (`FunctionFact.size`) up to which it is followed in any case: getters, setters, URL builders."""
FACTS_VERSION = 12
"""Raise it whenever the same bytes may give other facts: it is part of the cache key."""


class CallKind(IntEnum):
    """How a call is written."""

    FUNCTION = 0
    METHOD = 1
    STATIC = 2
    NEW = 3
    CONSTRUCT = 4
    """`include`, `require`, `eval`, `echo`, `print`, `exit`, backticks, `clone`, `throw`: see `Call.name`."""
    DYNAMIC = 5
    """The callee is the value `receiver`: `$f()`, `[$o, 'm']()`, `f()()`."""


class Const(msgspec.Struct, frozen=True, array_like=True, tag=0, gc=False):
    """A literal."""

    value: str | int | float | bool | None


class Var(msgspec.Struct, frozen=True, array_like=True, tag=1, gc=False):
    """A local variable, without `$`; `this` is the receiver."""

    name: str


class Concat(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """String building: `.`, interpolation, heredoc."""

    parts: tuple[Value, ...]


class Item(msgspec.Struct, frozen=True, array_like=True):
    """One element of an array literal or of a destructuring pattern."""

    key: Value | None
    value: Value
    spread: bool = False
    by_ref: bool = False


class ArrayLit(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """`[...]`, `array(...)`; as the target of an assignment also `list(...)`."""

    items: tuple[Item, ...]


class Index(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """`$a[k]`; key None for `$a[]`."""

    base: Value
    key: Value | None


class Prop(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """`$o->p`, `$o?->p`; a Value as name when it is computed."""

    base: Value
    name: str | Value


class StaticProp(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """`C::$p`; class name resolved, or `self static parent`, or a Value."""

    cls: str | Value
    name: str | Value


class ClassConst(msgspec.Struct, frozen=True, array_like=True, tag=7):
    """`C::K`, `C::class`; as StaticProp."""

    cls: str | Value
    name: str | Value


class ConstRef(msgspec.Struct, frozen=True, array_like=True, tag=8, gc=False):
    """A constant by name; `qualified` is the name in the current namespace when PHP tries that first."""

    name: str
    qualified: str = ""


class Arg(msgspec.Struct, frozen=True, array_like=True):
    """One argument of a call."""

    value: Value
    name: str = ""
    spread: bool = False
    by_ref: bool = False


class Call(msgspec.Struct, frozen=True, array_like=True, tag=9):
    """A call or a construct that acts like one."""

    kind: CallKind
    name: str | Value
    """Function (resolved), method, class for `new`, construct; a Value when computed."""
    receiver: str | Value | None
    """Object of a method call, class of a static call (name or Value), callee of a dynamic call; else None.
    For a function call in a namespace: the qualified name that PHP tries first, as str."""
    args: tuple[Arg, ...]
    line: int
    end_line: int
    start: int
    """Byte offset of the call in the file."""
    end: int

    @property
    def short_name(self) -> str:
        """Name of what is called, in lower case and without its namespace; empty where it is computed."""
        return self.name.lower().rpartition("\\")[2] if isinstance(self.name, str) else ""


class Closure(msgspec.Struct, frozen=True, array_like=True, tag=10, gc=False):
    """A closure or arrow function: index into `FileFacts.functions`."""

    function: int


class Callable(msgspec.Struct, frozen=True, array_like=True, tag=11):
    """First-class callable `f(...)`, `$o->m(...)`, `C::m(...)`: the call it would make, not made here."""

    call: Call


class Choice(msgspec.Struct, frozen=True, array_like=True, tag=12):
    """Any of several values: ternary, `??`, `match`."""

    options: tuple[Value, ...]


class Op(msgspec.Struct, frozen=True, array_like=True, tag=13):
    """Any other operator or cast over its operands: `+`, `^`, `(int)`, `!`, `==`, `instanceof`."""

    op: str
    operands: tuple[Value, ...]


class DynVar(msgspec.Struct, frozen=True, array_like=True, tag=14):
    """`$$x`, `${expr}`: the variable whose name is the value."""

    name: Value


class AssignExpr(msgspec.Struct, frozen=True, array_like=True, tag=15):
    """An assignment used as a value: its effect comes first, then its value."""

    op: Assign


class Unknown(msgspec.Struct, frozen=True, array_like=True, tag=16, gc=False):
    """Something that was not followed, and why: `depth`, `syntax`, `size`."""

    reason: str


Value = (
    Const
    | Var
    | Concat
    | ArrayLit
    | Index
    | Prop
    | StaticProp
    | ClassConst
    | ConstRef
    | Call
    | Closure
    | Callable
    | Choice
    | Op
    | DynVar
    | AssignExpr
    | Unknown
)


class Assign(msgspec.Struct, frozen=True, array_like=True, tag=20):
    """`target op value`; op is `=`, `&` (reference), `.=`, `??=`, `+=`, ..., or `foreach`, `foreach-key`."""

    target: Value
    value: Value
    op: str
    line: int


class Expr(msgspec.Struct, frozen=True, array_like=True, tag=21):
    """An expression statement or a condition, kept for the calls in it."""

    value: Value
    line: int


class Return(msgspec.Struct, frozen=True, array_like=True, tag=22):
    """`return`, `yield` (kind `yield`), or the value of an arrow function."""

    value: Value
    line: int
    kind: str = "return"


class Branch(msgspec.Struct, frozen=True, array_like=True, tag=23):
    """Alternatives of which at most one runs: if/else, switch, try/catch. `total`: one of them surely runs."""

    arms: tuple[tuple[Statement, ...], ...]
    total: bool = False
    tested: bool = False
    """The statements in front are the tests of the arms, one each (but none for the last of a total one)."""


BREAK, CONTINUE, GOTO = "break", "continue", "goto"
"""Operators of statements that leave a loop or a round of it; the operand says of how many loops."""
TRY, TRIED = "try", "tried"
"""Operators without operands, as statements around the body of a `try`: it may end behind any of its parts."""


class Loop(msgspec.Struct, frozen=True, array_like=True, tag=24):
    """A body that runs zero or more times."""

    body: tuple[Statement, ...]
    tests: int = 0
    """How many statements at the end of the body are its test, which also stands in front of the loop."""
    late: bool = False
    """`do ... while`: the body runs before the first test."""
    updates: int = 0
    """How many statements in front of its test are the step of a `for`: `continue` goes there."""


class Globals(msgspec.Struct, frozen=True, array_like=True, tag=25):
    """Names made global: `global $a, $$b;`."""

    names: tuple[str | Value, ...]
    line: int


class StaticVar(msgspec.Struct, frozen=True, array_like=True, tag=26):
    """A static local: `static $x = value;`."""

    name: str
    value: Value | None
    line: int


class Unset(msgspec.Struct, frozen=True, array_like=True, tag=27):
    """Variables unset: `unset($x);`."""

    targets: tuple[Value, ...]
    line: int


class Define(msgspec.Struct, frozen=True, array_like=True, tag=28, gc=False):
    """A function or class declared at this place (conditional and nested declarations included)."""

    name: str
    line: int


Statement = Assign | Expr | Return | Branch | Loop | Globals | StaticVar | Unset | Define


class Param(msgspec.Struct, frozen=True, array_like=True):
    """One parameter; types are resolved class names or lower-case primitive names."""

    name: str
    types: tuple[str, ...] = ()
    default: Value | None = None
    by_ref: bool = False
    variadic: bool = False
    promoted: bool = False
    sensitive: bool = False
    """Marked `#[SensitiveParameter]`."""
    hidden: bool = False
    """Promoted to a private or protected property."""


class FunctionFact(msgspec.Struct, frozen=True, array_like=True):
    """One function, method, closure, property hook, or the file's own top-level code (index 0)."""

    name: str
    """Function: resolved name. Method: bare name. Closure: `{closure}`. File body: ``."""
    cls: str
    """Resolved name of the class for a method (and for a closure inside one), else ``."""
    owner: int
    """Index of the enclosing function for a closure or nested function, else -1."""
    params: tuple[Param, ...]
    captures: tuple[tuple[str, bool], ...]
    """Captured variables of a closure and whether by reference; (`*`, False) for an arrow function."""
    return_types: tuple[str, ...]
    body: msgspec.Raw
    """Encoded statements (`encode_body`, `decode_body`): most bodies are never asked for, so they stay encoded."""
    line: int
    end_line: int
    start: int
    end: int
    is_static: bool = False
    is_generator: bool = False
    is_abstract: bool = False
    outline: bool = False
    """True when only the head and `called` are known: the body holds nothing that asks for lowering."""
    called: tuple[str, ...] = ()
    """Lower-case last parts of the names that the body calls, sorted; `()` stands for computed callees. For an
    outline: names that are followed by `(`."""
    mentions: tuple[str, ...] = ()
    """Words of the vocabulary that stand in the body as variable, global, key or property, sorted."""
    gives_place: bool = False
    """Whether it gives back a reference: `function &slot($key)`."""
    size: int = 0
    """Words and signs of its code: what a comment, an indentation or another name does not change. Of a file's own code
    those outside of its functions."""


_BODY_ENCODER = msgspec.msgpack.Encoder()
_BODY_DECODER = msgspec.msgpack.Decoder(tuple[Statement, ...])
NO_BODY = msgspec.Raw(b"\x90")
"""An empty body."""


def encode_body(statements: tuple[Statement, ...]) -> msgspec.Raw:
    """Statements as they are kept in `FunctionFact.body`."""
    return msgspec.Raw(_BODY_ENCODER.encode(statements)) if statements else NO_BODY


def text_mark(name: str) -> bytes:
    """How a name stands in an encoded body."""
    return _BODY_ENCODER.encode(name)


def variable_mark(name: str) -> bytes:
    """How a variable stands in an encoded body."""
    return _BODY_ENCODER.encode(Var(name))


def decode_body(body: msgspec.Raw) -> tuple[Statement, ...]:
    """Statements of a function."""
    return _BODY_DECODER.decode(body)


def nodes(*roots: object, skip: Function[[msgspec.Struct], bool] | None = None) -> Iterator[msgspec.Struct]:
    """Every statement and value of some (or of tuples of them), whatever it is nested in: in the order of the text.

    `skip`: those that are passed over, with all that is in them.
    """
    stack: list[object] = list(reversed(roots))
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            stack.extend(reversed(item))
        elif isinstance(item, msgspec.Struct) and not (skip is not None and skip(item)):
            yield item
            stack.extend(getattr(item, name) for name in reversed(item.__struct_fields__))


class PropertyFact(msgspec.Struct, frozen=True, array_like=True):
    """A declared property."""

    name: str
    types: tuple[str, ...] = ()
    default: Value | None = None
    is_static: bool = False
    hidden: bool = False
    """Private or protected."""


class TraitRule(msgspec.Struct, frozen=True, array_like=True):
    """`T::m as n` (alias n) or `T::m insteadof U` (alias ``)."""

    trait: str
    method: str
    alias: str
    instead_of: tuple[str, ...] = ()


class ClassFact(msgspec.Struct, frozen=True, array_like=True):
    """One class-like declaration."""

    name: str
    kind: str
    """`class interface trait enum anonymous`."""
    parent: str
    interfaces: tuple[str, ...]
    traits: tuple[str, ...]
    trait_rules: tuple[TraitRule, ...]
    constants: tuple[tuple[str, Value], ...]
    properties: tuple[PropertyFact, ...]
    methods: tuple[int, ...]
    """Indexes into `FileFacts.functions`."""
    line: int
    end_line: int
    cases: tuple[str, ...] = ()
    """Names of the constants of an enum that are its cases, as they stand."""


class Annotation(msgspec.Struct, frozen=True, array_like=True):
    """What a declaration says of itself."""

    owner: str
    """Lower-case: `a\\cls`, `a\\cls::method()`, `a\\cls::$property`, `a\\cls::constant`, `a\\function()`."""
    comment: str
    """Its doc comment as written; empty for none."""
    attributes: tuple[Call, ...] = ()
    """Each as the object that it makes when it is asked for one."""


class Gap(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A region that was not understood (inclusive lines)."""

    line: int
    end_line: int
    reason: str
    """`syntax`, `depth`, `size`, `halt-compiler`, `encoding`, `timeout`."""
    names: tuple[str, ...] = ()
    """Lower-case names followed by `(` that a lexical pass saw inside, sorted."""


class FileFacts(msgspec.Struct, frozen=True, array_like=True):
    """All that the program phase knows of one file."""

    version: int
    functions: tuple[FunctionFact, ...]
    classes: tuple[ClassFact, ...]
    constants: tuple[tuple[str, Value, int], ...]
    """`const A = ...;` at top level: resolved name, value, line."""
    defines: tuple[tuple[str, Value, int, int], ...]
    """`define('NAME', value)` calls with a literal name: name, value, line, index of the enclosing function."""
    namespaces: tuple[str, ...]
    gaps: tuple[Gap, ...]
    lines: int
    has_php: bool
    urls: tuple[tuple[str, int], ...] = ()
    """Literals with `://` in files that are nothing but literals: text, line."""
    assigned: tuple[str, ...] = ()
    """Words of the vocabulary that the file assigns as global variables of its own, sorted."""
    notes: tuple[tuple[str, int], ...] = ()
    """Lexical observations (`bidi-character`, `long-line`, ...) with their line."""
    annotations: tuple[Annotation, ...] = ()
    """Only where the file was lowered as a whole: nearly no code reads them."""
    other: OtherFacts = NOTHING
    """What the file says besides its PHP. A file without PHP has `has_php` False and no functions."""
    members: tuple[tuple[str, FileFacts], ...] = ()
    """Files with something to say inside of an archive: name of the member, facts."""
