"""The three promises about bad lines, told from the table."""

from __future__ import annotations

from typing import Any

from bench.lines_verdicts import verdicts


def row(condition: str, direction: str = "down", **fields: Any) -> dict[str, Any]:
    return {"condition": condition, "direction": direction, "repair": True} | fields


def test_the_worse_direction_counts_and_what_was_not_measured_is_not_known() -> None:
    told = verdicts([row("5 % loss", frozen_share=0.01), row("5 % loss", "up", frozen_share=0.03)])
    assert (told["freeze_5_loss"], told["freeze_5_loss_holds"]) == (0.03, False)
    assert told["concealed_10_loss_holds"] is None


def test_a_narrow_line_must_settle_and_come_back_in_time() -> None:
    told = verdicts(
        [
            row("400 kbit/s", settled_s=4.9, recovered_s=15.1),
            row("400 kbit/s", "up", settled_s=None, recovered_s=9.0),
        ]
    )
    assert told["settle_400_down_s_holds"] is True
    assert told["recover_400_down_s_holds"] is False
    assert told["settle_400_up_s_holds"] is False
    assert told["recover_400_up_s"] == 9.0


def test_rows_without_repair_do_not_count() -> None:
    assert verdicts([row("10 % loss", concealed_share=0.5) | {"repair": False}])["concealed_10_loss"] is None


def test_a_drop_that_began_with_a_small_picture_says_nothing() -> None:
    narrow = row("400 kbit/s", "up", settled_s=0.5, recovered_s=0.5) | {"from_width": 240}
    assert verdicts([narrow])["settle_400_up_s_holds"] is None
