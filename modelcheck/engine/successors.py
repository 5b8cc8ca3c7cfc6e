"""All successors of a state from one generated function: what explicit search spends its time in.

The function is built from typed trees like those of `expressions.python`, with the state unpacked into local
variables. It means exactly what `TransitionSystem.successors` means, and the tests compare the two.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from ..expressions import Literal, conjunction, well_defined
from ..expressions.python import FUNCTIONS, to_ast, update_elements
from ..system import State, TransitionSystem

Successors = Callable[[State], list[State]]
NumberedSuccessors = Callable[[State], list[tuple[int, State]]]


def compile_successors(system: TransitionSystem) -> Successors:
    """A function from a state to the states that follow it, one for each action and choice of parameters."""
    return _compile(system, numbered=False)


def compile_numbered_successors(system: TransitionSystem) -> NumberedSuccessors:
    """The same, each with the number of its action."""
    return _compile(system, numbered=True)


def _compile(system: TransitionSystem, numbered: bool) -> Callable[[State], list[Any]]:
    names: dict[str, Any] = {"__builtins__": {}, **FUNCTIONS}
    body: list[ast.stmt] = []
    local = {variable.name: f"v{index}" for index, variable in enumerate(system.variables)}  # As in `_local`.
    if local:
        unpacked = ast.Tuple([ast.Name(name, ast.Store()) for name in local.values()], ast.Store())
        body.append(ast.Assign([unpacked], ast.Name("s", ast.Load())))
    body.append(ast.Assign([ast.Name("found", ast.Store())], ast.List([], ast.Load())))
    for number, action in enumerate(system.actions):
        if action.parameters:
            names[f"parameterised{number}"] = _listing(system, number, numbered)
            following: ast.expr = ast.Call(
                ast.Name(f"parameterised{number}", ast.Load()), [ast.Name("s", ast.Load())], []
            )
            body.append(_call("extend", following))
            continue
        defined = [well_defined(action.guard), action.guard, *(well_defined(each) for each in action.updates.values())]
        condition = conjunction(defined)
        changes = {system.positions[name]: value for name, value in action.updates.items()}
        following = ast.Tuple(update_elements(changes, len(local), local, _local), ast.Load())
        if numbered:
            following = ast.Tuple([ast.Constant(number), following], ast.Load())
        if not (isinstance(condition, Literal) and not condition.value):
            body.append(ast.If(to_ast(condition, local), [_call("append", following)], []))
    body.append(ast.Return(ast.Name("found", ast.Load())))
    return _function(body, names)


def _local(index: int) -> ast.expr:
    return ast.Name(f"v{index}", ast.Load())


def _listing(system: TransitionSystem, number: int, numbered: bool) -> Callable[[State], list[Any]]:
    action = system.plain[number]
    if numbered:
        return lambda state: [(number, following) for following in action.successors(state)]
    return lambda state: list(action.successors(state))


def _call(method: str, argument: ast.expr) -> ast.stmt:
    return ast.Expr(ast.Call(ast.Attribute(ast.Name("found", ast.Load()), method, ast.Load()), [argument], []))


def _function(body: list[ast.stmt], names: dict[str, Any]) -> Callable[[State], list[Any]]:
    arguments = ast.arguments([], [ast.arg("s")], None, [], [], None, [])
    definition = ast.FunctionDef("successors", arguments, body, [], None)
    module = ast.fix_missing_locations(ast.Module([definition], []))
    exec(compile(module, "<successors>", "exec"), names)  # our own tree, not a user's text
    function: Callable[[State], list[Any]] = names["successors"]
    return function
