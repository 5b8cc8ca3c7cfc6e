"""The expression language: parsed once (`parse`), typed once (`resolve`), then used in four ways:
plain Python (`python`), numpy columns (`columns`), z3 (`smt`, imported only where needed), text (`text`)."""

from .parse import BrokenDeclarationError, ExpressionError, parse
from .python import compile_expression, compile_update, evaluate
from .resolve import resolve
from .resolver import Resolver, as_text, names_in
from .scope import Scope
from .text import to_text
from .tree import (
    BOOL,
    FALSE,
    INT,
    REAL,
    TRUE,
    BoolType,
    EnumType,
    Expr,
    IntType,
    Literal,
    Operation,
    RealType,
    Ref,
    Type,
    Value,
    compare,
    conditional,
    conjunction,
    disjunction,
    domain,
    equal,
    implication,
    integer,
    label,
    negation,
    references,
    show,
    substitute,
    total,
    well_defined,
)

__all__ = [
    "BOOL", "FALSE", "INT", "REAL", "TRUE", "BoolType", "BrokenDeclarationError", "EnumType", "Expr",
    "ExpressionError", "IntType", "Literal", "Operation", "RealType", "Ref", "Resolver", "Scope", "Type",
    "Value", "as_text", "compare", "compile_expression", "compile_update", "conditional", "conjunction",
    "disjunction", "domain", "equal", "evaluate", "implication", "integer", "label", "names_in", "negation",
    "parse", "references", "resolve", "show", "substitute", "to_text", "total", "well_defined",
]  # fmt: skip
