"""Downloads for spreadsheets."""

from __future__ import annotations

import pytest

from web.csvfile import cell, csv_response, disposition


@pytest.mark.parametrize("text", ["=1+1", "+84 28 1234", "-1", "@SUM(A1)", "\t=1"])
def test_text_that_a_spreadsheet_would_run_is_made_plain(text: str) -> None:
    assert cell(text) == "'" + text


def test_other_text_stays_as_it_is() -> None:
    assert cell("Phường Bến Thành") == "Phường Bến Thành"


def test_a_file_name_keeps_its_vietnamese_letters_and_cannot_break_the_header() -> None:
    header = disposition('điểm "danh"\r\n.csv')
    assert "filename*=UTF-8''%C4%91i%E1%BB%83m%20%22danh%22%0D%0A.csv" in header
    assert header.isascii()
    assert "\r" not in header
    assert header.count('"') == 2


def test_the_byte_order_mark_stands_first_and_once() -> None:
    for text in ("a,b\r\n", "\ufeffa,b\r\n"):
        body = csv_response(text, "x.csv").body
        assert body == b"\xef\xbb\xbfa,b\r\n"
