"""How a question is answered: each engine is a function (system, targets, limits) -> Answer."""
