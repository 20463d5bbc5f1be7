"""# constant-unlocks.

## What it does
Reports comparisons of what a visitor sends with a constant that nobody could type by chance: a digest (`md5(...)`,
`hash(...)`, `crc32(...)`, `password_verify`) of a field, header or cookie that must equal one in the code, or a field
that must equal a random-looking text. In functions and classes that are about logging in, rights or sessions, whatever
is compared counts. So does a word beside a check: `$token === 'x' || check_token($token)`.

## Why is this bad
Whoever knows the text behind the constant gets in, and nobody else can tell what it is. It is the usual door: a header
that makes its sender an administrator, a password that opens every account.

## Example
```php
if (md5($_SERVER['HTTP_X_TRACE']) === '8ddd2a4eb2a5e2a3b0f8e5a5b4e3d6c1') {
    $_SESSION['username'] = 'site_admin';
}
```

## References
- CWE-912, Hidden functionality; CWE-798, Use of hard-coded credentials
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeGuard

from scanner.analysis.gates import written
from scanner.analysis.origins import REQUEST_GLOBALS
from scanner.analysis.program import Program
from scanner.detectors.base import Detector, Position, Scene, finding, rule
from scanner.model.facts import (
    Arg,
    ArrayLit,
    Assign,
    Call,
    CallKind,
    ClassConst,
    Closure,
    Concat,
    Const,
    ConstRef,
    DynVar,
    FunctionFact,
    Globals,
    Index,
    Op,
    Prop,
    StaticProp,
    Value,
    Var,
    decode_body,
    nodes,
)
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("constant-unlocks", Category.CONCEALMENT, "What a visitor sends must equal a constant", __doc__)
_DIGEST = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{48,128}|\$(?:2[axy]|5|6|argon2\w{0,2})\$\S{20,120}")
_RANDOM = re.compile(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[0-9a-f]{16,31}|[!-~]{8,80}")
_SHORT = re.compile(r"[0-9a-f]{8}|[0-9a-f]{16}")
_IN_BODY = re.compile(
    rb"[0-9a-fA-F]{16}|\$2[axy]\$|\$argon2|crc32|\xa4hash|_(?:GET|POST|REQUEST|COOKIE|SERVER)|[aA]ll[hH]eaders"
)
"""What must stand in an encoded body that is worth a look, unless its name says that it is about logging in."""
_TEST = re.compile(
    rb"\x93\x0d(?:\xa2==|\xa3===|\xa2!=|\xa3!==|\xa2<>|\xa9condition)|hash_equals|password_verify|str(?:case)?cmp|in_array"
)
"""A comparison in an encoded body: MessagePack of an array of three, the tag of `Op`, and the operator; or its name."""
_CONSTANT = re.compile(
    rb"[0-9a-fA-F]{16}|[0-9a-f]{8}(?![!-~])|\$2[axy]\$|\$argon2|crc32"
    rb"|\x92\x00[\xa8-\xdb].?(?=[!-~]{0,60}[0-9])(?=[!-~]{0,60}[A-Z])(?=[!-~]{0,60}[a-z])[!-~]{8}"
    rb"|\x93[\x06\x07\x08]|\x92\x08|\x93\x05"
)
"""What can be the constant in an encoded body: a digest, a text of mixed letters and digits, a member of a class."""
_ABOUT_LOGIN = re.compile(
    r"auth|log_?[io]n|passw|verif|session|privileg|permission|super_?user|is_?admin|credential|user_?rights",
    re.IGNORECASE,
)
_EQUAL = frozenset({"==", "===", "!=", "!==", "<>"})
_COMPARE = frozenset({"hash_equals", "strcmp", "strcasecmp", "password_verify"})
_HASHES = frozenset({"md5", "sha1", "hash", "hash_hmac", "crypt", "password_verify", "crc32", "base64_encode", "strrev",
                     "sodium_crypto_generichash", "str_rot13", "bin2hex"})  # fmt: skip
_CHECKSUM = "crc32"
_ASKING = frozenset({"function_exists", "is_null", "extension_loaded", "version_compare", "defined"})
"""Functions beside those that set no variable and give no text."""
_ROUNDS = 4
"""Variables of variables that are followed."""
_HEADERS = frozenset({"getallheaders", "apache_request_headers", "filter_input", "filter_input_array"})
_FILES = frozenset({"file_get_contents", "fread", "md5_file", "sha1_file", "hash_file", "stream_get_contents",
                    "serialize", "implode", "json_encode", "phpversion", "ob_get_clean"})  # fmt: skip
_SENT = ("HTTP_", "PHP_AUTH", "QUERY_STRING", "REQUEST_URI", "PATH_INFO")
_FEW_DIGITS = 2
_SHORT_DIGEST = 8
_PAIR = 2
_BESIDE = re.compile(
    rb"\x93\x0d(?:\xa2(?:\|\||or|&&)|\xa3and)(?=.{0,400}(?:check|verif|valid|auth|token|allow|login|permi|equals))",
    re.IGNORECASE | re.DOTALL,
)
"""In an encoded body: operands that are joined, and the name of a check among or behind them."""
_FEWEST = 3
"""Characters of a text that is a word and no mark."""
_EITHER = {"||": ("==", "==="), "or": ("==", "==="), "&&": ("!=", "!=="), "and": ("!=", "!==")}
_BOTH = frozenset({"&&", "and"})
_CHECKS = re.compile(r"check|verif|valid|auth|token|allow|login|permi|equals|match", re.IGNORECASE)
_KNOWN_TO_ONE = re.compile(r"\At\Z|tok|pass|pwd|secret|key|hash|pin\Z|otp|code\Z|user|login|sig", re.IGNORECASE)
_MAX_CASES = 40
_LARGE = 100_000


def _find(scene: Scene) -> Iterable[Finding]:
    for number, fact in enumerate(scene.program.functions):
        about_login = bool(_ABOUT_LOGIN.search(fact.name) or _ABOUT_LOGIN.search(fact.cls.rpartition("\\")[2]))
        body = b"" if fact.outline else bytes(fact.body)
        found: list[tuple[int, str, str]] = []
        if _CONSTANT.search(body) and _TEST.search(body) and (about_login or _IN_BODY.search(body)):
            found += _comparisons(scene.program, fact, about_login=about_login)
        if _BESIDE.search(body):
            found += _beside_checks(fact)
        for line, shown, what in found:
            yield finding(
                scene,
                RULE,
                Position(number, line, line),
                severity=Severity.HIGH,
                confidence=Confidence.LIKELY,
                api=shown,
                message=f"{what} must equal a constant that nobody can type by chance",
            )


def _comparisons(program: Program, fact: FunctionFact, *, about_login: bool) -> Iterator[tuple[int, str, str]]:
    """(line, what compares, what is compared) of each comparison that opens something to whoever knows a constant."""
    line, sent = fact.line, set[str]()
    fixed: dict[str, str] = {}
    own = _made_of_constants(fact)
    done: set[tuple[int, str]] = set()
    for node in nodes(decode_body(fact.body)):
        line = getattr(node, "line", line)
        if isinstance(node, Assign) and isinstance(node.target, Var):
            if isinstance(node.value, Const) and isinstance(node.value.value, str):
                fixed[node.target.name] = node.value.value
            elif _is_sent(node.value, sent):
                sent.add(node.target.name)
        values, shown = _compared(node)
        for position, value in enumerate(values):
            constant = _constant(program, fact, value, fixed)
            others = [other for place, other in enumerate(values) if place != position] if constant is not None else []
            for other in others:
                if isinstance(other, Var) and other.name in own:
                    continue  # a test of the function itself: nobody sends anything
                what = _unlocked(constant, other, sent, about_login=about_login)
                if what and (line, shown) not in done:
                    done.add((line, shown))
                    yield line, shown, what


def _beside_checks(fact: FunctionFact) -> Iterator[tuple[int, str, str]]:
    """Constants beside a check (see `_beside_check`), as `_comparisons` gives them."""
    line = fact.line
    for node in nodes(decode_body(fact.body)):
        line = getattr(node, "line", line)
        if shown := _beside_check(node):
            yield line, shown, "what a check is asked about"


def _beside_check(node: object) -> str:
    """What compares, where a check is asked about a value, or it must equal a word: `$t === 'x' || is_valid($t)`."""
    if not isinstance(node, Op) or node.op not in _EITHER or len(node.operands) != _PAIR:
        return ""
    for one, other in (node.operands, node.operands[::-1]):
        if not isinstance(one, Op) or one.op not in _EITHER[node.op] or len(one.operands) != _PAIR:
            continue
        refuses_more = _is_negated(other) if node.op not in _BOTH else isinstance(other, Call)
        if refuses_more:  # `!is_valid($code) || $code === 'x'`
            continue
        texts = [part.value for part in one.operands if isinstance(part, Const) and isinstance(part.value, str)]
        named = [part for part in one.operands if isinstance(part, (Var, Index))]
        asked = {written(arg.value) for part in nodes(other) if _is_check(part) for arg in part.args}
        if texts and len(texts[0]) >= _FEWEST and named and written(named[0]) in asked and _is_secret(named[0]):
            return one.op
    return ""


def _is_negated(node: Value) -> bool:
    return isinstance(node, Op) and node.op == "!"


def _is_check(node: object) -> TypeGuard[Call]:
    return isinstance(node, Call) and isinstance(node.name, str) and _CHECKS.search(node.name) is not None


def _is_secret(value: Value) -> bool:
    """Whether a variable or an element is named like what only one knows, or who somebody is."""
    names = [node.name for node in nodes(value) if isinstance(node, Var)]
    names += [node.value for node in nodes(value) if isinstance(node, Const) and isinstance(node.value, str)]
    return any(_KNOWN_TO_ONE.search(name) for name in names)


def _made_of_constants(fact: FunctionFact) -> frozenset[str]:
    """Variables to which a function gives nothing but constants, and what PHP's hash functions make of them.

    None in a function that may set a variable in another way: by reference, by its name, in a closure or a file.
    """
    found = list(nodes(decode_body(fact.body)))
    assigned: dict[str, list[Value]] = {}
    for node in found:
        if isinstance(node, (Closure, DynVar, Globals)) or (
            isinstance(node, Call) and node.short_name not in _HASHES | _ASKING
        ):
            return frozenset()
        if isinstance(node, Assign):
            if not isinstance(node.target, Var) or node.op != "=":
                return frozenset()
            assigned.setdefault(node.target.name, []).append(node.value)
    own = frozenset(assigned) - {param.name for param in fact.params}
    for _round in range(_ROUNDS):
        own = frozenset(name for name in own if all(_is_own(value, own) for value in assigned[name]))
    return own if fact.name else frozenset()


def _is_own(value: Value, own: frozenset[str]) -> bool:
    """Whether a value is made of constants and of such variables, by hash functions alone."""
    return all(
        part.name in own if isinstance(part, Var) else isinstance(part, (Arg, Call, Concat, Const))
        for part in nodes(value)
    )


def _compared(node: object) -> tuple[Sequence[Value], str]:
    """The values that an operator or a function compares, and how people call it."""
    if isinstance(node, Op) and node.op in _EQUAL:
        return node.operands, node.op
    if isinstance(node, Op) and node.op == "condition" and len(node.operands) > 1:
        return node.operands[:_MAX_CASES], "match"
    if isinstance(node, Call) and node.kind == CallKind.FUNCTION:
        name, values = node.short_name, tuple(arg.value for arg in node.args[:_PAIR])
        if name in _COMPARE:
            return values, name
        if name == "in_array" and len(values) == _PAIR and isinstance(values[1], ArrayLit):
            return (values[0], *(item.value for item in values[1].items[:_MAX_CASES])), name
    return (), ""


def _constant(program: Program, fact: FunctionFact, value: Value, fixed: Mapping[str, str]) -> str | int | None:
    """Text or number that an expression is by name or as it stands; None for what is no constant."""
    if isinstance(value, Var):
        return fixed.get(value.name)
    found: Value | None = value
    if isinstance(value, ConstRef):
        units = program.constants.get(value.name.lstrip("\\"), ())
        found = units[0].value if units else None
    elif isinstance(value, (ClassConst, StaticProp, Prop)) and isinstance(value.name, str):
        found = _member(program, fact, value)
    if isinstance(found, Concat) and all(isinstance(part, Const) for part in found.parts):
        return "".join(str(part.value) for part in found.parts if isinstance(part, Const))
    known = found.value if isinstance(found, Const) else None
    return known if isinstance(known, (str, int)) and not isinstance(known, bool) else None


def _member(program: Program, fact: FunctionFact, value: ClassConst | StaticProp | Prop) -> Value | None:
    """Value of a class constant, or what a property of the class begins with."""
    cls = "self" if isinstance(value, Prop) else value.cls
    if isinstance(value, Prop) and value.base != Var("this"):
        return None
    key = fact.cls if cls in ("self", "static") else cls
    for unit in program.classes.get(program.find_class(key), ()) if isinstance(key, str) else ():
        for name, constant in unit.fact.constants if isinstance(value, ClassConst) else ():
            if name == value.name:
                return constant
        for item in unit.fact.properties:
            if item.name == value.name and not isinstance(value, ClassConst):
                return item.default
    return None


def _unlocked(constant: str | int | None, other: Value, sent: set[str], *, about_login: bool) -> str:
    """What must equal the constant, in words; `` where the comparison is of no account."""
    called = {node.short_name for node in nodes(other) if isinstance(node, Call)}
    visitors = _is_sent(other, sent)
    if isinstance(constant, int):
        fits = _CHECKSUM in called and abs(constant) > _LARGE
        return f"a checksum of {_whose(visitors)}" if fits and (visitors or about_login) else ""
    text = constant or ""
    if _CHECKSUM in called and len(text) >= _SHORT_DIGEST and (visitors or about_login):
        return f"a checksum of {_whose(visitors)}"
    digest = _DIGEST.fullmatch(text) is not None
    if "hash" in called and _SHORT.fullmatch(text) and called.isdisjoint(_FILES) and (visitors or _names(other)):
        return f"a checksum of {_whose(visitors)}"
    if digest and not called.isdisjoint(_HASHES) and (visitors or about_login) and called.isdisjoint(_FILES):
        return f"a digest of {_whose(visitors)}"
    if text.startswith("$") and digest:
        return "a password"
    if (visitors and (digest or _is_random(text))) or (about_login and isinstance(other, Var) and _is_random(text)):
        return _whose(visitors)
    return ""


def _names(value: Value) -> bool:
    """Whether a variable is in a value: what it holds is somebody's, not the code's."""
    return any(isinstance(node, Var) for node in nodes(value))


def _whose(visitors: object) -> str:
    return "what a visitor sends" if visitors else "a value"


def _is_sent(value: Value, sent: set[str]) -> bool:
    """Whether something that a visitor sends is in a value."""
    for node in nodes(value):
        if isinstance(node, Var) and (node.name in REQUEST_GLOBALS or node.name in sent):
            return True
        if isinstance(node, Index) and isinstance(node.base, Var) and node.base.name == "_SERVER":
            key = node.key.value if isinstance(node.key, Const) else "HTTP_"
            if isinstance(key, str) and key.startswith(_SENT):
                return True
        if isinstance(node, Call) and node.short_name in _HEADERS:
            return True
    return False


def _is_random(text: str) -> bool:
    """Whether a text looks like a password or a key: hexadecimal digits, or letters of both cases and digits mixed."""
    if not _RANDOM.fullmatch(text):
        return False
    if all(letter in "0123456789abcdef" for letter in text):
        return len(text) >= _SHORT_DIGEST * 2
    digits = sum(letter.isdigit() for letter in text)
    signs = sum(not letter.isalnum() for letter in text) - text.count("_") - text.count("-") - text.count(".")
    mixed = any(map(str.islower, text)) and any(map(str.isupper, text))
    plain = not any(mark in text for mark in "/\\<>(){}[];:,= ")
    return plain and mixed and (digits > _FEW_DIGITS or (digits > 0 and signs > 0))


DETECTOR = Detector(RULE, _find)
