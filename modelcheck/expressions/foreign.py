"""What people write in formulas who know other languages, and what to write instead."""

from __future__ import annotations

# Operators that are not in the language.
OPERATORS = {
    "=": "write '==' to compare",
    "===": "write '=='",
    "<>": "write '!='",
    ":=": "nothing is assigned in a formula; write '==' to compare",
    "+=": "write the new value: {x: x + 1}",
    "-=": "write the new value: {x: x - 1}",
    "&&": "write 'and'",
    "||": "write 'or'",
    "!": "write 'not'",
    "&": "write 'and'",
    "|": "write 'or'",
    "~": "write 'not'",
    "**": "there are no powers; multiply",
    "^": "there are no powers; multiply",
}
# Characters that are not in it.
CHARACTERS = {
    "≥": "write '>='",
    "≤": "write '<='",
    "≠": "write '!='",
    "∧": "write 'and'",
    "∨": "write 'or'",  # noqa: RUF001 - the sign, not the letter v
    "¬": "write 'not'",
    "→": "write 'implies'",
    "⇒": "write 'implies'",
    "∈": "write 'in'",
    "'": "there are no texts in formulas; a label stands without quotes",
    '"': "there are no texts in formulas; a label stands without quotes",
    ";": "join conditions with 'and'",
    "?": "write 'a if condition else b'",
    "#": "a comment stands outside of quotes",
}
# Words where an operator is expected.
WORDS = {
    "is": "write '=='",
    "then": "write 'a if condition else b'",
    "elif": "write 'else ... if ... else ...'",
    "for": "write 'forall i in 1..N: ...', or exists, sum or count",
    "xor": "write '!='",
    "mod": "write '%'",
    "div": "write '//'",
}
# Names that mean nothing.
NAMES = {
    "True": "write 'true'",
    "False": "write 'false'",
    "TRUE": "write 'true'",
    "FALSE": "write 'false'",
    "yes": "write 'true'",
    "no": "write 'false'",
    "None": "there is no 'None'; give an enumeration a value for it",
    "null": "there is no 'null'; give an enumeration a value for it",
    "AND": "write 'and'",
    "OR": "write 'or'",
    "NOT": "write 'not'",
    "len": "write 'length(list)', or 'count' for how many of several",
    "all": "write 'forall i in 1..N: ...'",
    "any": "write 'exists i in 1..N: ...'",
}
