"""The documents name files that exist."""

import re
from pathlib import Path

import pytest

from tests.support.project_files import DOCUMENTS, ROOT


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_files_that_exist(path: Path) -> None:
    """A path in code marks, such as `bridge/errors.py`, is a file of the repository."""
    named = re.findall(
        r"`((?:bridge|config|tasks|tests|bench)/[\w/]+\.\w+)`", path.read_text("utf-8")
    )
    assert [name for name in named if not (ROOT / name).exists()] == []
