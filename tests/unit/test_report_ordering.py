"""Names in the order of a Vietnamese dictionary."""

from __future__ import annotations

import random

from monitor.reports.ordering import in_order

PROVINCES = ["An Giang", "Bắc Ninh", "Cà Mau", "Cao Bằng", "Đắk Lắk", "Điện Biên", "Đồng Nai", "Đồng Tháp", "Gia Lai"]


def test_a_letter_with_a_sign_is_a_letter_of_its_own_and_a_tone_comes_last() -> None:
    words = ["a", "à", "ả", "ã", "á", "ạ", "ă", "â", "b", "d", "đ", "e", "ê", "o", "ô", "ơ", "u", "ư"]
    assert sorted(random.Random(5).sample(words, len(words)), key=in_order) == words


def test_provinces_stand_where_people_look_for_them() -> None:
    shuffled = random.Random(7).sample(PROVINCES, len(PROVINCES))
    assert sorted(shuffled, key=in_order) == PROVINCES


def test_case_does_not_matter_and_anything_has_a_place() -> None:
    assert sorted(["xã B", "Xã A", "", "Xã 2", "中"], key=in_order) == ["", "中", "Xã 2", "Xã A", "xã B"]
