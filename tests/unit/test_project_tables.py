"""The tables of the documents that are made from the code are those of the code."""

import pytest

from docs.tables import Generated, generated


@pytest.mark.parametrize("table", generated(), ids=lambda table: str(table.marker))
def test_a_generated_table_is_the_codes(table: Generated) -> None:
    """After a change of the code, ``make docs`` writes the table."""
    text = table.path.read_text(encoding="utf-8")
    assert text == table.written_to(text), "run make docs"
