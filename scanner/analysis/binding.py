"""A call's arguments by the parameters of what it calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from scanner.analysis import implicit, open_lists
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.shared import Placed
from scanner.analysis.state import State
from scanner.analysis.summary import RECEIVER, opened
from scanner.analysis.values import NOTHING, Val
from scanner.model.facts import Arg, Call, Unknown

_MAX_SPREAD = 40
"""Elements of a list that are taken for arguments one by one."""


def arguments(evaluator: Evaluator, call: Call) -> list[Val]:
    """Values of the arguments in written order; a spread argument stands for all that follow."""
    args = [evaluator.value(arg.value) for arg in call.args]
    for position, arg in enumerate(call.args):
        if arg.spread and args[position].types:
            args[position] = evaluator.state.interpreter.iterated(evaluator, args[position])
    return implicit.passed(evaluator, args) if evaluator.deciding else args


def written_out(evaluator: Evaluator, call: Call) -> tuple[Call, list[Val]]:
    """A call and the values of its arguments, with the elements of known lists in the place of what is spread.

    `f(...['url' => $u])` is `f(url: $u)`. Of a list that only callers know the first elements are told apart; what any
    other list of unknown length stands for is left as it is.
    """
    args = arguments(evaluator, call)
    if not any(arg.spread for arg in call.args) or len(args) != len(call.args):
        return call, args
    written: list[Arg] = []
    values: list[Val] = []
    for arg, value in zip(call.args, args, strict=True):
        elements = open_lists.elements(evaluator, value) if arg.spread and not value.items else []
        if elements:
            written += [*(Arg(Unknown("...")) for _one in elements), Arg(Unknown("..."), spread=True)]
            values += [*elements, Val(value.texts, rest=open_lists.any_of(evaluator, value))]
            continue
        if not arg.spread or not _is_listed(value):
            written.append(arg)
            values.append(value)
            continue
        for key, item in (value.items or {}).items():
            written.append(Arg(Unknown("..."), "" if key.isdecimal() else key))
            values.append(item)
    return msgspec.structs.replace(call, args=tuple(written)), values


def _is_listed(value: Val) -> bool:
    """Whether all elements of a list are known, and few; of an empty one nothing else may be known either."""
    if value.items is None or value.rest is not None or len(value.items) > _MAX_SPREAD:
        return False
    return bool(value.items) or not (value.texts or value.labels)


class Binding:
    """A call's arguments by parameter position of the callee."""

    def __init__(self, evaluator: Evaluator, call: Call, number: int, args: list[Val], receiver: Val | None) -> None:
        self._evaluator = evaluator
        self._params = evaluator.state.program.functions[number].params
        self._number = number
        self._receiver = evaluator.state.made.receiver(receiver, number) if receiver is not None else None
        self._values: dict[int, Val] = {}
        self._spread: Val | None = None
        self._passed_on: Val | None = None
        """A list that callers pass, which may have elements under the names of parameters."""
        self._listed: dict[str, Val] = {}
        """What one parameter for any number of arguments gets, in order, by number or name."""
        names = {param.name: index for index, param in enumerate(self._params)}
        written: Sequence[Arg] = call.args if len(call.args) == len(args) else ()
        position = 0
        for offset, value in enumerate(args):
            arg = written[offset] if written else None
            if arg is not None and arg.spread:
                position = self._bind_spread(value, position, names)
            elif arg is not None and arg.name:
                self._bind(names.get(arg.name, len(self._params)), value, arg.name)
            else:
                self._bind(position, value)
                position += 1

    def _bind(self, position: int, value: Val, name: str = "") -> None:
        last = len(self._params) - 1
        if position >= last >= 0 and self._params[last].variadic:
            self._listed[name or str(sum(map(str.isdecimal, self._listed)))] = value
        else:
            self._values[position] = value

    def _bind_spread(self, value: Val, position: int, names: Mapping[str, int]) -> int:
        for key in sorted(value.items or {}, key=lambda text: (len(text), text)):
            item = (value.items or {})[key]
            if key.isdecimal():
                self._bind(position, item)
                position += 1
            elif key.isidentifier():
                self._bind(names.get(key, len(self._params)), item, key)
        rest = value.rest or Val(labels=value.labels)
        self._passed_on = value if value.texts and not value.items else None
        self._spread = rest if rest is not NOTHING else None
        return position

    def argument(self, index: int) -> Val:
        """Value of parameter `index` (`RECEIVER` for the object), the default when it is not passed."""
        if index == RECEIVER:
            return self._receiver or NOTHING
        value = self._values.get(index)
        if value is not None:
            return self._evaluator.join(value, self._by_name(index))
        if self._listed and index == len(self._params) - 1:
            sites = frozenset[int]().union(*(value.sites for value in self._listed.values()))
            return Val(sites=sites, items=self._listed, rest=self._spread)
        if index == len(self._params) and self._evaluator.to_result is not None:
            return self._evaluator.to_result
        if self._spread is not None:
            return self._evaluator.join(self._spread, self._by_name(index))
        if index < len(self._params):
            return default_value(self._evaluator.state, self._number, index)
        return NOTHING

    def _by_name(self, index: int) -> Val:
        """What a list that callers pass may hold under the name of a parameter."""
        if self._passed_on is None or index >= len(self._params):
            return NOTHING
        return opened(self._passed_on, self._params[index].name, self._evaluator.state.holes)


def by_parameter(evaluator: Evaluator, call: Call, number: int, args: list[Val], receiver: Val | None) -> list[Val]:
    """What the parameters of a function get from a call; one for any number of arguments gets a list."""
    params = evaluator.state.program.functions[number].params
    binding = Binding(evaluator, call, number, args, receiver)
    values = [binding.argument(index) for index in range(len(params))]
    if params and params[-1].variadic and not any(arg.spread or arg.name for arg in call.args):
        values[-1] = Val(items={str(place): value for place, value in enumerate(args[len(values) - 1 :])})
    return values


def in_order(evaluator: Evaluator, call: Call, number: int, args: list[Val]) -> list[Val]:
    """Arguments of a closure by position, where some are named: `$f(key: $x)`, `$f(...['key' => $x])`."""
    if len(call.args) != len(args) or not any(arg.name or arg.spread for arg in call.args):
        return args
    params = evaluator.state.program.functions[number].params
    if params and params[-1].variadic:
        return Placed(by_parameter(evaluator, call, number, args, None))
    names = {param.name: index for index, param in enumerate(params)}
    placed: dict[int, Val] = {}
    for arg, value in zip(call.args, args, strict=True):
        if not arg.spread:
            placed[names.get(arg.name, len(placed)) if arg.name else len(placed)] = value
        elif not value.items or value.rest is not None:
            return args
        else:
            for key, item in value.items.items():
                placed[names.get(key, len(placed))] = item
    return [placed.get(index, NOTHING) for index in range(max(placed, default=-1) + 1)]


def default_value(state: State, number: int, index: int) -> Val:
    """Value of a parameter that is not passed; evaluated once per function."""
    key = (number, index)
    known = state.defaults.get(key)
    if known is None:
        default = state.program.functions[number].params[index].default
        known = NOTHING if default is None else Evaluator(state, number).value(default)
        state.defaults[key] = known
    return known
