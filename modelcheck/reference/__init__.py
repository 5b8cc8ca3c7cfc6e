"""The language reference, from the same tables as the loader and the JSON schema, so that none can lag.

`make docs` (or `python -m modelcheck.reference > docs/language.md`) writes it anew.
"""

from .lookup import meaning_of
from .page import reference_text

__all__ = ["meaning_of", "reference_text"]
