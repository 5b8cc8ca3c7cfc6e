"""From a syntax tree to a typed tree: names get their meaning, families and quantifiers are written out."""

from __future__ import annotations

from dataclasses import replace

from ..errors import did_you_mean
from . import composite, tree
from .composite import (
    COMPOSITE_TYPES,
    COMPOSITES,
    AnyType,
    List,
    ListType,
    Map,
    MapType,
    Record,
    RecordType,
    Tree,
)
from .foreign import NAMES
from .meaning import (
    LIST_FUNCTIONS,
    arithmetic,
    cases_of,
    chosen,
    combined,
    compared,
    contained,
    field,
    item,
    kind_of,
    list_function,
    member,
    must_fit,
    number,
)  # fmt: skip
from .parse import BrokenDeclarationError, ExpressionError
from .paths import filled, in_short, is_path, members_of, pieces, root_of, written
from .scope import Scope
from .syntax import (
    Apply,
    Call,
    Contains,
    Fields,
    Index,
    Items,
    Name,
    Number,
    Part,
    Quantified,
    QuantifiedOver,
    Syntax,
)  # fmt: skip
from .tree import BOOL, INT, REAL, EnumType, Expr, Literal, Type

MOST_CASES = 10_000


def resolve(syntax: Syntax, scope: Scope, expected: Type | None = None) -> Expr:
    """The typed tree of a single value; raises `ExpressionError` where a name is unknown or types do not fit.

    `expected` gives the type that is wanted: it decides what a bare enumeration value means, and a
    tree of another type is an error.
    """
    value = value_of(syntax, scope, expected)
    if isinstance(value, COMPOSITES):
        raise ExpressionError("E121", f"expected a single value, found {kind_of(value.type)}", syntax.offset)
    return value


def value_of(syntax: Syntax, scope: Scope, expected: AnyType | None = None) -> Tree:
    """The value of a syntax tree, which may be a record, a list or a map; `expected` as in `resolve`."""
    value = _resolve(syntax, scope, expected)
    return value if expected is None else must_fit(value, expected, syntax.offset)


def _resolve(syntax: Syntax, scope: Scope, expected: AnyType | None) -> Tree:
    match syntax:
        case Number(value):
            kind = BOOL if isinstance(value, bool) else INT if isinstance(value, int) else REAL
            return Literal(value, kind)
        case Name():
            return _name(syntax, scope, expected)
        case Apply():
            return _apply(syntax, scope, expected)
        case Index():
            return _index(syntax, scope)
        case Part():
            return _part(syntax, scope)
        case Call():
            return _call(syntax, scope, expected)
        case Quantified():
            return _quantified(syntax, scope)
        case QuantifiedOver():
            return _quantified_over(syntax, scope)
        case Contains():
            return _contains(syntax, scope)
        case Items():
            return _items(syntax, scope, expected)
        case Fields():
            return _fields(syntax, scope, expected)


def _name(syntax: Name, scope: Scope, expected: AnyType | None) -> Tree:
    if isinstance(expected, EnumType) and syntax.text in expected.labels:
        return tree.label(syntax.text, expected)
    value = _named(syntax, scope)
    if value is not None:
        return value
    if syntax.text in scope.families:
        raise ExpressionError("E122", f"'{syntax.text}' is indexed", syntax.offset, f"write '{syntax.text}[...]'")
    _must_be_whole(syntax.text, scope, syntax.offset)
    known = [*scope.names, *scope.families]
    if isinstance(expected, EnumType):
        known += expected.labels
    hint = NAMES.get(syntax.text) or scope.meant_by(syntax.text) or did_you_mean(syntax.text, known)
    raise ExpressionError("E120", f"unknown name '{syntax.text}'", syntax.offset, hint, unknown=syntax.text)


def _must_be_whole(name: str, scope: Scope, offset: int) -> None:
    if scope.is_broken(name):
        raise BrokenDeclarationError("E120", f"the declaration of '{name}' is wrong", offset)


def _named(syntax: Name | Index, scope: Scope) -> Tree | None:
    """What a name with or without dots means: `line.amount` is a name of its own, or a field of `line`."""
    text = syntax.text if isinstance(syntax, Name) else syntax.name
    if text in scope.names:
        return scope.names[text]
    words = text.split(".")
    for count in range(len(words) - 1, 0, -1):
        value = scope.names.get(".".join(words[:count]))
        if value is not None and not scope.is_broken(text):
            offset = syntax.offset + len(".".join(words[:count])) + 1
            for word in words[count:]:
                value = field(value, word, offset)
                offset += len(word) + 1
            return value
    return None


def _apply(syntax: Apply, scope: Scope, expected: AnyType | None) -> Tree:
    operator, arguments = syntax.operator, syntax.arguments
    if operator in ("and", "or", "not", "implies"):
        parts = tuple(resolve(argument, scope, BOOL) for argument in arguments)
        return tree.rebuild(operator, parts, BOOL)
    if operator == "if":
        condition = resolve(arguments[0], scope, BOOL)
        then, otherwise = _pair(arguments[1], arguments[2], scope, expected)
        return chosen(condition, then, otherwise, syntax.offset)
    if operator in tree.COMPARISONS:
        return compared(operator, *_pair(arguments[0], arguments[1], scope, None), syntax.offset)
    values = [_number(argument, scope) for argument in arguments]
    return arithmetic(operator, values, syntax.offset)


def _pair(first: Syntax, second: Syntax, scope: Scope, expected: AnyType | None) -> tuple[Tree, Tree]:
    """Two values of one kind; a bare enumeration value, a list or a record takes its type from the other side."""
    try:
        left = _resolve(first, scope, expected)
    except ExpressionError as wrong:
        if expected is not None or not _may_depend(first):
            raise
        try:
            right = _resolve(second, scope, None)
        except ExpressionError as error:
            raise (wrong if error.unknown and not error.hint.startswith("did you mean") else error) from None
        return _resolve(first, scope, right.type), right
    return left, _resolve(second, scope, expected or left.type)


def _may_depend(syntax: Syntax) -> bool:
    """Whether this could be a bare enumeration value, or something that is made of such."""
    match syntax:
        case Name() | Items() | Fields():
            return True
        case Apply("if", (_, then, otherwise)):
            return _may_depend(then) or _may_depend(otherwise)
    return False


def _number(syntax: Syntax, scope: Scope) -> Expr:
    return number(_resolve(syntax, scope, None), syntax.offset)


def _index(syntax: Index, scope: Scope) -> Tree:
    if syntax.name in scope.families:
        indices = [_number(argument, scope) for argument in syntax.arguments]
        return member(syntax.name, scope.families[syntax.name], indices, syntax.offset)
    value = _named(syntax, scope)
    if not isinstance(value, COMPOSITES):
        _must_be_whole(syntax.name, scope, syntax.offset)
        hint = did_you_mean(syntax.name, scope.families, f"there is no indexed '{syntax.name}'")
        message = f"'{syntax.name}' is not an indexed name"
        raise ExpressionError("E120", message, syntax.offset, hint, unknown=syntax.name)
    return _items_of(value, syntax.arguments, scope)


def _part(syntax: Part, scope: Scope) -> Tree:
    if is_path(syntax, scope):
        indices = [_number(argument, scope) for argument in pieces(syntax)[1]]
        key = tuple(int(index.value) for index in indices if isinstance(index, Literal))
        constant_key = len(key) == len(indices)
        if constant_key and (name := filled(syntax, key)) in scope.names:
            return scope.names[name]
        if members := members_of(syntax, scope.names, scope.families):
            if constant_key and key not in members:
                raise ExpressionError("E127", f"'{filled(syntax, key)}' does not exist", root_of(syntax).offset)
            return member(written(syntax), members, indices, root_of(syntax).offset)
        if not isinstance(syntax.of, Part):
            _must_be_whole(written(syntax).partition("[")[0], scope, syntax.offset)
            if members_of(syntax, dict.fromkeys(scope.broken), {}):
                raise BrokenDeclarationError("E120", f"the declaration of '{written(syntax)}' is wrong", syntax.offset)
            hint = did_you_mean(written(syntax), {in_short(name) for name in scope.names if "[" in name})
            message = f"unknown name '{written(syntax)}'"
            raise ExpressionError("E120", message, root_of(syntax).offset, hint, unknown=written(syntax))
    value = _resolve(syntax.of, scope, None)
    return field(value, syntax.field, syntax.offset) if syntax.field else _items_of(value, syntax.arguments, scope)


def _items_of(value: Tree, arguments: tuple[Syntax, ...], scope: Scope) -> Tree:
    for argument in arguments:
        expected = value.type.key if isinstance(value, Map) else None
        value = item(value, _resolve(argument, scope, expected), argument.offset)
    return value


def _contains(syntax: Contains, scope: Scope) -> Expr:
    within = _resolve(syntax.within, scope, None)
    expected = within.type.of if isinstance(within, List) else within.type.key if isinstance(within, Map) else None
    return contained(_resolve(syntax.item, scope, expected), within, syntax.offset)


def _items(syntax: Items, scope: Scope, expected: AnyType | None) -> Tree:
    of = expected.of if isinstance(expected, ListType) else None
    if isinstance(expected, ListType) and len(syntax.arguments) > expected.most:
        message = f"{len(syntax.arguments)} items in a list of at most {expected.most}"
        raise ExpressionError("E137", message, syntax.offset)
    if of is None and not syntax.arguments:
        raise ExpressionError("E146", "what kind of list [] is cannot be told here", syntax.offset)
    values = []
    for argument in syntax.arguments:
        value = _resolve(argument, scope, of)
        of = of or value.type
        values.append(must_fit(value, of, argument.offset))
    assert of is not None
    return List(ListType(of, len(values)), tree.integer(len(values)), tuple(values))


def _fields(syntax: Fields, scope: Scope, expected: AnyType | None) -> Tree:
    given = dict(zip(syntax.words, syntax.arguments, strict=True))
    if len(given) < len(syntax.words):
        repeated = next(word for word in given if syntax.words.count(word) > 1)
        raise ExpressionError("E141", f"'{repeated}' is given twice", syntax.offset)
    if not isinstance(expected, RecordType | MapType):
        if expected is not None:
            raise ExpressionError("E121", f"expected {kind_of(expected)}, found a record or map", syntax.offset)
        raise ExpressionError("E146", "what kind of record this is cannot be told here", syntax.offset)
    wanted: dict[str, AnyType] = (
        dict(expected.fields)
        if isinstance(expected, RecordType)
        else {tree.show(key, expected.key): expected.to for key in expected.keys}
    )
    what = "field" if isinstance(expected, RecordType) else "key"
    for word, argument in given.items():
        if word not in wanted:
            hint = did_you_mean(word, wanted)
            raise ExpressionError("E144", f"there is no {what} '{word}'", argument.offset, hint)
    if missing := [name for name in wanted if name not in given]:
        message = f"{what} '{missing[0]}' is missing"
        raise ExpressionError("E147", message, syntax.offset, f"all of them: {', '.join(wanted)}"[:200])
    values = {word: value_of(given[word], scope, kind) for word, kind in wanted.items()}
    if isinstance(expected, RecordType):
        return Record(expected, values)
    return Map(expected, dict(zip(expected.keys, values.values(), strict=True)))


def _call(syntax: Call, scope: Scope, expected: AnyType | None) -> Tree:
    name, arguments = syntax.name, syntax.arguments
    if name in ("min", "max", "abs"):
        values = [_number(argument, scope) for argument in arguments]
        if name == "abs" and len(values) != 1:
            raise ExpressionError("E126", "'abs' takes one value", syntax.offset)
        return arithmetic(name, values, syntax.offset)
    if name in ("count", "exists", "sum", "forall"):
        return _over_instances(syntax, scope)
    if name in scope.predicates:
        return _predicate(syntax, scope)
    if name in LIST_FUNCTIONS:
        return _list_function(syntax, scope, expected)
    known = ["min", "max", "abs", "count", "exists", "sum", "forall", *LIST_FUNCTIONS, *scope.predicates]
    hint = NAMES.get(name) or did_you_mean(name, known)
    raise ExpressionError("E120", f"unknown function '{name}'", syntax.offset, hint, unknown=name)


def _list_function(syntax: Call, scope: Scope, expected: AnyType | None) -> Tree:
    name, arguments = syntax.name, syntax.arguments
    wanted = 2 if name == "append" else 1
    if len(arguments) != wanted:
        what = "a list and a value" if wanted == 2 else "one list"
        raise ExpressionError("E126", f"'{name}' takes {what}", syntax.offset)
    value = _resolve(arguments[0], scope, expected if name in ("append", "rest", "front") else None)
    if name != "append":
        return list_function(name, value, syntax.offset)
    if not isinstance(value, List):
        raise ExpressionError("E121", f"'append' takes a list, not {kind_of(value.type)}", syntax.offset)
    if isinstance(expected, ListType):
        value = must_fit(value, expected, syntax.offset)
        assert isinstance(value, List)
    return composite.append(value, value_of(arguments[1], scope, value.type.of))


def _predicate(syntax: Call, scope: Scope) -> Expr:
    meanings = scope.predicates[syntax.name]
    if len(syntax.arguments) != 1 or not isinstance(root_of(syntax.arguments[0]), (Name, Index)):
        raise ExpressionError("E126", f"'{syntax.name}' takes one name", syntax.offset)
    argument = syntax.arguments[0]
    name = _member_name(argument, scope)
    if name not in meanings:
        hint = did_you_mean(name, meanings)
        if family := next((each for each in meanings if name == in_short(each, "")), None):
            each = in_short(family, "[i]")
            hint = f"it stands for several: write 'forall i in 1..N: {syntax.name}({each})', or exists or count"
        message = f"'{syntax.name}' does not know '{name}'"
        raise ExpressionError("E128", message, argument.offset, hint, unknown=name.partition("[")[0])
    return meanings[name]


def _member_name(syntax: Syntax, scope: Scope) -> str:
    """The name that a name with constant indices stands for: `reserve[2]` for `reserve[i + 1]` where i is 1."""
    if isinstance(syntax, Name):
        return syntax.text
    return filled(syntax, [constant(argument, scope) for argument in pieces(syntax)[1]])


def _over_instances(syntax: Call, scope: Scope) -> Expr:
    if len(syntax.arguments) != 1:
        raise ExpressionError("E126", f"'{syntax.name}' takes one expression", syntax.offset)
    scopes = scope.instances or (scope,)
    scopes = tuple(replace(each, cases=_cases(len(scopes), scope, syntax)) for each in scopes)
    return _combine(syntax.name, [(tree.TRUE, each) for each in scopes], syntax.arguments[0])


def _must_be_new(syntax: Quantified | QuantifiedOver, scope: Scope) -> None:
    if syntax.variable in {*scope.names, *scope.families, *scope.types}:
        message = f"the index '{syntax.variable}' has the name of something else"
        raise ExpressionError("E142", message, syntax.offset, "give it another name")


def _quantified(syntax: Quantified, scope: Scope) -> Expr:
    _must_be_new(syntax, scope)
    low, high = constant(syntax.low, scope), constant(syntax.high, scope)
    scope = replace(scope, cases=_cases(high - low + 1, scope, syntax))
    scopes = [scope.with_names({syntax.variable: tree.integer(index)}) for index in range(low, high + 1)]
    return _combine(syntax.kind, [(tree.TRUE, each) for each in scopes], syntax.body)


def _quantified_over(syntax: QuantifiedOver, scope: Scope) -> Expr:
    _must_be_new(syntax, scope)
    values = _values_over(syntax.over, scope)
    scope = replace(scope, cases=_cases(len(values), scope, syntax))
    scopes = [(there, scope.with_names({syntax.variable: value})) for there, value in values]
    return _combine(syntax.kind, scopes, syntax.body)


def _values_over(over: Syntax, scope: Scope) -> list[tuple[Expr, Tree]]:
    """What a quantifier goes over, each with the condition that it exists."""
    if isinstance(over, Items) and over.is_set:
        return [(tree.TRUE, each) for each in (_resolve(argument, scope, None) for argument in over.arguments)]
    if isinstance(over, Name) and over.text in scope.types:
        kind = scope.types[over.text]
        values = None if isinstance(kind, COMPOSITE_TYPES) else tree.domain(kind)
        if values is None or len(values) > MOST_CASES:
            raise ExpressionError("E129", f"'{over.text}' has too many values to write out", over.offset)
        assert not isinstance(kind, COMPOSITE_TYPES)
        return [(tree.TRUE, Literal(value, kind)) for value in values]
    return cases_of(_resolve(over, scope, None), over.offset)


def _cases(count: int, scope: Scope, syntax: Syntax) -> int:
    """How many cases there are with those of the quantifiers around."""
    cases = max(1, count) * scope.cases
    if cases > MOST_CASES:
        raise ExpressionError("E129", f"{cases} cases are too many to write out", syntax.offset)
    return cases


def _combine(kind: str, scopes: list[tuple[Expr, Scope]], body: Syntax) -> Expr:
    expected = None if kind == "sum" else BOOL
    return combined(kind, [(there, value_of(body, each, expected)) for there, each in scopes], body.offset)


def constant(syntax: Syntax, scope: Scope) -> int:
    """The whole number that an expression of constants stands for."""
    value = _number(syntax, scope)
    if not isinstance(value, Literal) or not isinstance(value.value, int):
        raise ExpressionError("E130", "expected a constant integer", syntax.offset)
    return value.value
