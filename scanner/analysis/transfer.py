"""Abstract interpretation of one function: statements and assignments."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scanner.analysis import (
    array_keys,
    containers,
    extracting,
    generators,
    growing,
    implicit,
    keeping,
    lasting,
    letters,
    members,
    objects,
    plain,
    reaches,
    references,
    rounds,
    weak,
)
from scanner.analysis.arithmetic import truth
from scanner.analysis.array_keys import is_number
from scanner.analysis.by_reference import SCRATCH
from scanner.analysis.evaluator import STEPS, YIELDS, Evaluator
from scanner.analysis.handlers import call_here
from scanner.analysis.iterating import elements, keys
from scanner.analysis.origins import DATABASE_FILE, SUPERGLOBALS
from scanner.analysis.remote import REQUEST
from scanner.analysis.state import SESSION
from scanner.analysis.values import NOTHING, Val, all_labels, merge_labels
from scanner.model.facts import (
    BREAK,
    CONTINUE,
    GOTO,
    TRIED,
    TRY,
    ArrayLit,
    Assign,
    AssignExpr,
    Branch,
    Call,
    Concat,
    Define,
    DynVar,
    Expr,
    Globals,
    Index,
    Loop,
    Op,
    Prop,
    Return,
    Statement,
    StaticProp,
    StaticVar,
    Unset,
    Value,
    Var,
    decode_body,
    nodes,
)
from scanner.model.report import ANALYSIS_ERROR

_MAX_REPEATED = 24
_MARKS = frozenset({TRY, TRIED, BREAK, CONTINUE, GOTO})
_SUPERGLOBALS = SUPERGLOBALS | {"GLOBALS"}


def run(evaluator: Evaluator, body: Sequence[Statement]) -> None:
    """Evaluate statements in order."""
    budget = evaluator.state.limits.statements
    for position, statement in enumerate(body):
        if (loop := rounds.tested_by(body, position)) is not None:
            evaluator.course.untested = loop, dict(evaluator.env)
        evaluator.steps += 1
        if evaluator.steps > budget:
            evaluator.state.limit("statements-per-function", evaluator.number)
            return
        evaluator.line = getattr(statement, "line", evaluator.line)
        evaluator.course.passing = lasting.replaced_next(evaluator, body, position) if evaluator.statics else ""
        try:
            _STATEMENTS[type(statement)](evaluator, statement)
        except Exception:  # noqa: BLE001  scanned code is hostile: what one statement breaks must not end the scan
            evaluator.state.limit(ANALYSIS_ERROR, evaluator.number)
        if evaluator.course.leaving is not None:
            return


def _expression(evaluator: Evaluator, statement: Expr) -> None:
    if isinstance(statement.value, Op) and statement.value.op in _MARKS:
        _mark(evaluator, statement.value)
        return
    value = evaluator.value(statement.value)
    if value.labels:
        told = implicit.of_test(evaluator, statement.value, value)
        evaluator.verdicts = merge_labels(evaluator.verdicts, told)
    if evaluator.concrete:
        evaluator.tested.append(value)


def _mark(evaluator: Evaluator, node: Op) -> None:
    """What says where a `try` begins and ends, and what leaves a loop."""
    if node.op in (TRY, TRIED):
        evaluator.attempt(ended=node.op == TRIED)
    else:
        rounds.leave(evaluator, node)


def _assignment(evaluator: Evaluator, statement: Assign) -> None:
    value = assign(evaluator, statement)
    if evaluator.verdicts:
        evaluator.verdicts = {}
    if evaluator.concrete:
        evaluator.tested.append(value)


def _return(evaluator: Evaluator, statement: Return) -> None:
    value = evaluator.value(statement.value)
    if isinstance(statement.value, Op) and statement.value.op in YIELDS:
        return  # the expression has done it
    if evaluator.deciding:
        value = implicit.returned(evaluator, statement.value, value)
    if evaluator.fact.is_generator:
        value = generators.made(evaluator, value)
    evaluator.returns = evaluator.join(evaluator.returns, value)
    if evaluator.fact.gives_place:
        references.given_back(evaluator, statement)
    rounds.end(evaluator)


def yielded(evaluator: Evaluator, node: Op, operands: list[Val]) -> Val:
    """Effect and value of a `yield`."""
    if evaluator.deciding and operands:
        operands[-1] = implicit.returned(evaluator, node.operands[-1], operands[-1])
    if node.op == "yield from" and operands:
        whole = operands[0]
        operands = [elements(evaluator, whole).replaced(sites=whole.sites)]
        operands[:0] = [keys(evaluator, whole, node.operands[0])] if whole.items else []
    return generators.yielded(evaluator, node, operands)


def _branch(evaluator: Evaluator, statement: Branch) -> None:
    """Each arm starts from the same variables; afterwards they are joined."""
    told, evaluator.verdicts = evaluator.verdicts, {}
    if not told:
        _arms(evaluator, statement)
        return
    before = evaluator.deciding
    implicit.decide(evaluator, told)
    _arms(evaluator, statement)
    if not evaluator.looping or not any(map(rounds.leaves, statement.arms)):  # what follows in it depends on it
        evaluator.deciding = before


def _arms(evaluator: Evaluator, statement: Branch) -> None:
    if evaluator.concrete and statement.tested:
        chosen = _chosen(evaluator, statement)
        if chosen is not None:
            run(evaluator, chosen)
            return
    before = evaluator.env
    outcomes: list[dict[str, Val]] = [] if statement.total else [before]
    outer, evaluator.uncertain = evaluator.uncertain, evaluator.concrete
    evaluator.course.branches += 1
    for arm in statement.arms:
        evaluator.env = dict(before)
        run(evaluator, arm)
        outcomes.append(evaluator.env)
    evaluator.course.branches -= 1
    evaluator.uncertain = outer
    evaluator.env = evaluator.joined(outcomes)


def _chosen(evaluator: Evaluator, statement: Branch) -> Sequence[Statement] | None:
    """The arm that runs, () for none; None when a test that decides is not known."""
    count = len(statement.arms) - statement.total
    for arm, test in zip(statement.arms, evaluator.tested[-count:], strict=False):
        result = truth(test)
        if result is None:
            return None
        if result:
            return arm
    return statement.arms[-1] if statement.total else ()


def _loop(evaluator: Evaluator, statement: Loop) -> None:
    """What tests of the loop, or a `continue` in it, decide is decided until it ends."""
    told, evaluator.verdicts = evaluator.verdicts, {}
    before = evaluator.deciding
    if told:
        implicit.decide(evaluator, told)
    evaluator.looping += 1
    _repeated(evaluator, statement)
    evaluator.looping -= 1
    evaluator.deciding, evaluator.verdicts = before, {}


def _repeated(evaluator: Evaluator, statement: Loop) -> None:
    """Round by round where that can be followed, else any number of times."""
    if rounds.unrolled(evaluator, statement):
        return
    evaluator.course.leaving = None
    exact, evaluator.course.exact_loops = evaluator.course.exact_loops, 0
    _approximated(evaluator, statement)
    evaluator.course.exact_loops = exact


def _approximated(evaluator: Evaluator, statement: Loop) -> None:
    """Twice: what the first round assigns is seen by the second, in which inner loops run only once.

    More often as long as a secret takes one step further in each round: `$c = $b; $b = $a;`.
    """
    before = evaluator.env
    evaluator.env = dict(before)
    run(evaluator, statement.body)
    evaluator.env = evaluator.joined([before, evaluator.env])
    evaluator.widen(before)
    if evaluator.repeating:
        return
    evaluator.repeating = True
    try:
        for _round in range(_MAX_REPEATED):
            before = evaluator.env
            evaluator.env = dict(before)
            run(evaluator, statement.body)
            evaluator.env = evaluator.joined([before, evaluator.env])
            if not evaluator.gained(before):
                break
    finally:
        evaluator.repeating = False


def _globals(evaluator: Evaluator, statement: Globals) -> None:
    for name in statement.names:
        written = name.name if isinstance(name, DynVar) else name  # `global $$n` names the variable by its value
        names = [written] if isinstance(written, str) else evaluator.known_texts(evaluator.value(written))
        evaluator.named_globals |= not names
        for one in names:
            evaluator.globals[one] = one
            evaluator.env.pop(one, None)
            evaluator.env[one] = evaluator.global_value(one, f"global ${one}")


def _static(evaluator: Evaluator, statement: StaticVar) -> None:
    value = evaluator.value(statement.value) if statement.value is not None else NOTHING
    key = evaluator.statics[statement.name] = ("\2static", f"{evaluator.path}:{evaluator.fact.start}:{statement.name}")
    value = evaluator.join(value, evaluator.state.read_store(key))
    evaluator.note_held(key, value)
    if key in evaluator.state.vague:
        value = evaluator.join(value, evaluator.unknown(f"static ${statement.name}"))
    counted = not evaluator.concrete and _is_counted(evaluator, statement.name)
    evaluator.env[statement.name] = evaluator.join(value, evaluator.state.some_number) if counted else value


def _is_counted(evaluator: Evaluator, name: str) -> bool:
    """Whether the function steps a static variable of its own: an earlier call may have done so."""
    variable, body = Var(name), nodes(decode_body(evaluator.fact.body))
    return any(isinstance(node, Op) and node.op in STEPS and node.operands[0] == variable for node in body)


def _unset(evaluator: Evaluator, statement: Unset) -> None:
    for target in statement.targets:
        if isinstance(target, Var):
            gone = evaluator.env.pop(target.name, NOTHING)
            if gone.types:
                objects.destroyed(evaluator, gone)
            references.forget(evaluator, target.name)
        else:
            members.unset(evaluator, target)


def _define(_evaluator: Evaluator, _statement: Define) -> None:
    """A declaration: the program knows it already."""


_STATEMENTS: dict[type, Callable[..., None]] = {
    Expr: _expression,
    Assign: _assignment,
    Return: _return,
    Branch: _branch,
    Loop: _loop,
    Globals: _globals,
    StaticVar: _static,
    Unset: _unset,
    Define: _define,
}


def assign(evaluator: Evaluator, node: Assign) -> Val:
    """Effect and value of an assignment."""
    value = evaluator.value(node.value)
    places = references.walked(evaluator, node) if node.op == "&" else ()
    if node.op in ("foreach", "foreach-ref"):
        value = elements(evaluator, value)
        if isinstance(node.target, Var) and node.op == "foreach-ref":
            references.forget(evaluator, node.target.name)
    elif node.op == "foreach-key":
        value = keys(evaluator, value, node.value)
    elif node.op == ".=":
        value = evaluator.concatenated([(_at_any_call(evaluator, node), node.target), (value, node.value)])
    elif node.op == "??=":
        value = evaluator.join(evaluator.value(node.target), value)
    elif node.op not in ("=", "&"):
        value = _compound(evaluator, node, value)
    elif node.op == "=" and isinstance(node.value, Op | Concat):
        value = _of_itself(evaluator, node, value)
    elif node.op == "&":
        references.alias(evaluator, node.target, node.value)
    value = implicit.assigned(evaluator, node, value) if evaluator.deciding else value
    plain.note(evaluator, node, value)
    write(evaluator, node.target, value)
    references.bind(evaluator, node, places)
    return value


def _at_any_call(evaluator: Evaluator, node: Assign) -> Val:
    """What the target of `.=` holds before: one place for all calls perhaps what earlier ones have put together."""
    before = evaluator.value(node.target)
    return evaluator.join(before, evaluator.unknown(node.target)) if lasting.lengthens(evaluator, node) else before


def _of_itself(evaluator: Evaluator, node: Assign, value: Val) -> Val:
    """What is assigned; made of what a place holds that outlives the call, it may be made of what it was then."""
    if isinstance(node.value, Op) and _counts_on(evaluator, node):
        return evaluator.join(value, evaluator.state.some_number)
    return evaluator.join(value, evaluator.unknown(node.value)) if lasting.lengthens(evaluator, node) else value


def _counts_on(evaluator: Evaluator, node: Assign) -> bool:
    """`self::$next = 1 - self::$next;`: a place that outlives the call gets what was made of what it held."""
    made = nodes(node.value)
    return not (evaluator.concrete or evaluator.is_counted_here(node.target)) and node.target in made


def _compound(evaluator: Evaluator, node: Assign, value: Val) -> Val:
    """Value after `$a += $b` and its like: some number, where it may have run any number of times."""
    old = evaluator.value(node.target)
    labels = evaluator.join(Val(labels=all_labels(old)), Val(labels=all_labels(value))).labels
    union = node.op == "+=" and any(part.items is not None or part.rest is not None for part in (old, value))
    if evaluator.concrete or node.op == "^=" or union or evaluator.is_counted_here(node.target):
        return evaluator.combined(node.op[:-1], [old, value], labels, node.target)
    return Val(frozenset([evaluator.state.counted]), labels)


def write(evaluator: Evaluator, target: Value, value: Val) -> None:  # noqa: C901, PLR0912  one case per shape of target
    """Store a value where an assignment's left side points."""
    if isinstance(target, Var):
        _write_variable(evaluator, target.name, value)
    elif isinstance(target, Index):
        _write_element(evaluator, target, value)
    elif isinstance(target, Prop):
        members.write(evaluator, target, value)
    elif isinstance(target, StaticProp):
        if isinstance(target.name, str):
            for cls in evaluator.class_names(target.cls):
                key = (evaluator.property_owner(cls, target.name), "::" + target.name)
                evaluator.write_shared("store", key, value)
    elif isinstance(target, ArrayLit):
        for item in target.items:
            element = evaluator.element(
                value, evaluator.known_texts(evaluator.value(item.key)), Index(Var("list"), item.key)
            )
            write(evaluator, item.value, element)
    elif isinstance(target, DynVar):
        named = evaluator.value(target.name)
        names = evaluator.known_texts(named)
        for name in names:
            _write_variable(evaluator, name, value)
        if not names:
            reaches.name_variables(evaluator, call_here(evaluator), "$$", named, value)
        if not names and REQUEST in value.labels:  # `foreach ($_GET as $name => $value) { $$name = $value; }`
            extracting.unpack(evaluator, Val(rest=value), keeps=True)
    elif isinstance(target, Call):
        references.assign_to_result(evaluator, target, value)
    elif isinstance(target, AssignExpr):  # `($this->map ??= new Map)[$key] = $value`
        write(evaluator, target.op.target, value)
    else:
        evaluator.value(target)


def _write_variable(evaluator: Evaluator, name: str, value: Val) -> None:
    if name == SCRATCH:
        evaluator.env[name] = value
        return
    secret = evaluator.state.origins.database.get(name) if evaluator.file_scope else None
    if secret is not None and evaluator.path.rpartition("/")[2].lower() == DATABASE_FILE:
        # The site's own file: what it holds is the secret itself, and no report may show it.
        value = evaluator.state.origins.secret_value(secret, evaluator.path, evaluator.line, f"${name}")
    for alias in sorted(evaluator.aliases.of(name)):
        if alias != name and evaluator.aliases.is_loose(alias):
            value = evaluator.join(evaluator.env.get(alias, NOTHING), value)
        evaluator.replaced_in_attempt(alias)
        evaluator.env[alias] = value
        if alias in evaluator.place_references or alias in evaluator.element_references:
            references.write_back(evaluator, alias, value)
        stale = [key for key in evaluator.env if key.startswith(f"{alias}->")] if evaluator.has_properties else ()
        for key in stale:
            del evaluator.env[key]
        if evaluator.file_scope or alias in evaluator.globals:
            evaluator.note_assigned(alias)
            evaluator.write_shared("global", ("", evaluator.globals.get(alias, alias)), value)
        if alias in evaluator.statics and not (alias == evaluator.course.passing and lasting.is_plain_text(value)):
            evaluator.write_shared("store", evaluator.statics[alias], value)
        index = evaluator.parameter_index.get(alias)
        if index is not None:
            known = evaluator.by_ref.get(index)
            evaluator.by_ref[index] = value if known is None else evaluator.join(known, value)


def _write_superglobal(evaluator: Evaluator, array: str, names: list[str], value: Val) -> None:
    kept = evaluator.state.lasting(all_labels(value)) if array == "_SESSION" else {}
    if kept:
        evaluator.write_shared("store", SESSION, Val(labels=kept))
    for name in names:
        if array != "GLOBALS":
            evaluator.write_shared("store", (array, name), value)
            continue
        evaluator.write_shared("global", ("", name), value)
        if evaluator.file_scope or name in evaluator.globals:
            evaluator.env[name] = value


def _write_element(evaluator: Evaluator, target: Index, value: Val) -> None:
    key = array_keys.cast(target.key, evaluator.value(target.key)) if target.key is not None else NOTHING
    names = evaluator.known_texts(key)
    if isinstance(target.base, Var) and target.base.name in _SUPERGLOBALS:
        if target.base.name == "GLOBALS" and not names:
            reaches.name_variables(evaluator, call_here(evaluator), "$GLOBALS", key, value)
        _write_superglobal(evaluator, target.base.name, names, value)
        if plain.may_be_passed(evaluator, target.key, key):
            evaluator.put_in_space(target.base.name.removeprefix("GLOBALS"), key, value)
        return
    base = evaluator.value(target.base)
    if not base.types and plain.may_be_passed(evaluator, target.key, key) and evaluator.put_under(target, key, value):
        return
    if letters.is_text(base):
        write(evaluator, target.base, letters.put_in(evaluator, base, key, value))
    else:
        _put(evaluator, target, base, key, value)


def _put(evaluator: Evaluator, target: Index, base: Val, key: Val, value: Val) -> None:
    """`$array[$key] = $value;` of a value that is an array, or becomes one."""
    names = evaluator.known_texts(key)
    items = dict(base.items or {})
    rest = base.rest
    certain = len(names) == len(key.texts) == 1 and target.key is not None
    one_more = target.key is None and not lasting.adds_to_static(evaluator, target)
    added = growing.next_key(base, evaluator.state.holes) if one_more else None
    if certain and not plain.is_counter(evaluator, target, names[0]):
        items[names[0]] = value
    elif added is not None and len(items) < 200 and rest is None:  # noqa: PLR2004  `$a[] = x` keeps short lists apart
        if base.loose and not evaluator.looping:  # it may come before what else was added
            items = {name: evaluator.join(item, value) if is_number(name) else item for name, item in items.items()}
        items[added] = value
    else:
        rest = value if rest is None else evaluator.join(rest, value)
        items = weak.updated(evaluator.state, items, key, names, value) if target.key is not None else items
        if target.key is not None and isinstance(target.base, Prop | StaticProp):
            evaluator.state.mixing.pools.add(evaluator.number)
    labels = merge_labels(base.labels, evaluator.state.telling(key.labels)) if key.labels else base.labels
    write(evaluator, target.base, base.replaced(items=items, rest=rest, labels=labels))
    if evaluator.place_references and names:
        references.slot_written(evaluator, target, names, value)
    containers.put_at(evaluator, base, key, value)
    if base.types:
        keeping.put_in_archive(evaluator, base, value)
        evaluator.run_offset("offsetset", base, [Val(frozenset(names), key.labels), value], target)
