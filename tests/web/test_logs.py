"""Log lines in one process, where commands and servers take turns."""

from __future__ import annotations

import pytest
import structlog

from tileserver.web.logs import configure_command_logs, configure_logs

log = structlog.get_logger()


def test_what_a_server_logged_binds_no_later_line_of_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    log.warning("of a server")
    assert '"event": "of a server"' in capsys.readouterr().err
    configure_command_logs()
    log.warning("of a command")
    said = capsys.readouterr().err
    assert "of a command" in said
    assert "{" not in said


def test_and_no_line_of_the_next_test(capsys: pytest.CaptureFixture[str]) -> None:
    log.warning("of the next")
    assert "of the next" in capsys.readouterr().err
