"""The mark of tests that need the front end's build; it is there wherever everything is run."""

from __future__ import annotations

import pytest

from tileserver.web.built import STATIC

built = pytest.mark.skipif(not (STATIC / "embed.js").is_file(), reason="the front end is not built")
