"""The file of watched sources is refused with the line, the key, and the word that was likely meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tileserver.errors import BadParameter
from tileserver.watch.declared import load_watch

GOOD = '[[watch]]\nlayer = "ukraine.control"\nfiles = "in"\n'

WRONG = {
    "no entry": ("watch = []\n", "watch.toml: it has no [[watch]], so nothing would be watched"),
    "an unknown key": (GOOD + 'evry = "5m"\n', "line 4: there is no key 'evry'; did you mean 'every'?"),
    "no layer": ('[[watch]]\nlayer = "ukraine"\nfiles = "in"\n', "line 2: 'ukraine' names no layer; write"),
    "no files": ('[[watch]]\nlayer = "a.b"\nfiles = []\n', "line 3: it has to name a folder, a file or"),
    "no duration": (GOOD + 'every = "often"\n', "line 4: 'often' is no duration; write a number and s, m, h"),
    "too often": (GOOD + 'every = "0s"\n', "line 4: '0s' has to be from 1s to 7d"),
    "a name with room": (GOOD + 'name = "a b"\n', "line 4: 'a b' has to be of small letters, digits, dots"),
    "an unknown reader": (
        GOOD + 'reader = "deepstat"\n',
        "there is no reader 'deepstat'; did you mean 'deep",
    ),
    "an unknown mapping": (
        GOOD + 'mapping = "acleds"\n',
        "line 4: there is no mapping 'acleds'; did you mean",
    ),
    "a mapping and columns": (
        GOOD + 'mapping = "acled"\ndate_column = "day"\n',
        "line 5: the mapping says itself how a file is read: leave this out",
    ),
    "two of one name": (GOOD + "\n" + GOOD, "line 5: two entries are called 'ukraine.control'; give each"),
    "no TOML": ("[[watch]\n", "watch.toml: "),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG)
def test_a_file_that_does_not_hold_together_is_refused_with_its_line(
    text: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "watch.toml").write_text(text)
    with pytest.raises(BadParameter) as refused:
        load_watch(tmp_path / "watch.toml")
    assert said in str(refused.value)


def test_paths_are_those_of_the_file_wherever_the_command_runs(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('means = "features"\n[date]\ncolumn = "day"\n')
    (tmp_path / "watch.toml").write_text(
        '[[watch]]\nlayer = "a.b"\nfiles = ["in", "/srv/*.csv"]\nmapping = "own.toml"\n'
    )
    (entry,) = load_watch(tmp_path / "watch.toml")
    assert entry.patterns == (str(tmp_path / "in"), "/srv/*.csv")
    assert entry.mapping == str(tmp_path / "own.toml")
    assert entry.name == "a.b"


def test_the_terms_are_others_where_the_mapping_is_edited_and_not_where_the_schedule_is(
    tmp_path: Path,
) -> None:
    own, config = tmp_path / "own.toml", tmp_path / "watch.toml"
    found = []
    for every, column in (("1m", "day"), ("2h", "day"), ("2h", "date")):
        own.write_text(f'means = "features"\n[date]\ncolumn = "{column}"\n')
        config.write_text(GOOD + f'mapping = "own.toml"\nevery = "{every}"\n')
        (entry,) = load_watch(config)
        found.append(entry.terms(entry.options().mapping))
    assert found[0] == found[1] != found[2]
