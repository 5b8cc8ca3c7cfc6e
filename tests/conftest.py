"""What all tests share: no deadlines (the machine may be busy), no colours, no settings of whoever runs them."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("modelcheck", deadline=None, print_blob=True)
settings.load_profile("modelcheck")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Output does not depend on the terminal or on the user's variables."""
    for name in ("MODELCHECK_TRACEBACK", "FORCE_COLOR", "COLUMNS", "PYTHONIOENCODING"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
