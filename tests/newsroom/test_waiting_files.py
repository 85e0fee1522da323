"""What waits takes a bounded part of disks, whoever sends however much."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.newsroom.conftest import Asker
from tileserver.errors import TooManyAtOnce
from tileserver.newsroom.errand_messages import ReadFile
from tileserver.newsroom.errands import Errands

if TYPE_CHECKING:
    from tests.desk.conftest import Cells

pytestmark = pytest.mark.db

MANY = 8


def test_a_person_has_a_few_files_under_way_and_the_desk_some_more(tmp_path: Path) -> None:
    async def ask() -> None:
        errands = Errands("postgresql:///none")
        async with errands._places, errands._places:  # as while two files are read
            for number in range(5):
                (tmp_path / str(number)).mkdir()
                errand = ReadFile("ukraine.control", bytes(tmp_path / str(number) / "a.geojson"))
                with errands.receiving("Olena"):
                    errands.begin(errand, "Olena", "read", tmp_path / str(number))
            with pytest.raises(TooManyAtOnce, match="5 files of yours are being read or wait"):
                errands.receiving("Olena").__enter__()
            with ExitStack() as uploads:
                for number in range(11):
                    uploads.enter_context(errands.receiving(f"person {number}"))
                with pytest.raises(TooManyAtOnce, match="as many as this desk takes at once"):
                    errands.receiving("Petro").__enter__()
            with errands.receiving("Petro"):
                """An upload that ended leaves its place, whatever came of it."""
        await errands.close()
        with errands.receiving("Olena"):
            """So does a file whose errand ended."""

    asyncio.run(ask())


def test_too_many_files_of_one_person_are_refused_in_words_by_page_and_api(
    editor: Asker, collection: Callable[[Cells], bytes]
) -> None:
    data = collection({(0, 0): "occupied"})
    sent = [editor.upload(f"{number}.geojson", data, {"layer": "ukraine.control"}) for number in range(MANY)]
    refused = [each for each in sent if each.status == 429]
    assert len(refused) >= MANY - 7  # two may have been read by then
    assert "files of yours are being read or wait for their turn" in refused[0].text
    asked = "/desk/api/imports?layer=ukraine.control&name=a.geojson"
    program = editor.ask("POST", asked, data, Authorization=f"Bearer {editor.token}")
    assert program.status in (202, 429)
    for each in sent:
        if each.status == 303:
            editor.until_done(each.location)
    assert editor.upload("9.geojson", data, {"layer": "ukraine.control"}).status == 303
