"""Stepping through a design: what can happen next, what cannot and why, back and forth, along counterexamples.

`exploration` is the object that one moves with and asks; it knows no terminal. `options` and `blocked` say what can
happen and what cannot; `truth`, `parts` and `words` find the false part of a guard and tell it; `beginning` and
`travel` find initial states and ways; `saved` keeps traces in files. `view`, `screen`, `page` and `data` show it;
`session` is the terminal's loop, `commands` are what can be typed there, and `verbs` are what the command line does.
"""
