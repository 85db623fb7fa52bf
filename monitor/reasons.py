"""Reasons of grades as sentences, in Vietnamese and English."""

from __future__ import annotations

from collections.abc import Mapping

from core.quality import Medium, Reason, ReasonCode

_Words = Mapping[ReasonCode, tuple[str, str]]

_SENTENCES: _Words = {
    ReasonCode.LOSS_UP: (
        "mất gói{medium} chiều lên {value} trong {seconds} giây",
        "{medium}loss up {value} over {seconds} s",
    ),
    ReasonCode.LOSS_DOWN: (
        "mất gói{medium} chiều xuống {value} trong {seconds} giây",
        "{medium}loss down {value} over {seconds} s",
    ),
    ReasonCode.JITTER_UP: (
        "trễ{medium} chiều lên dao động {value} trong {seconds} giây",
        "{medium}jitter up {value} over {seconds} s",
    ),
    ReasonCode.JITTER_DOWN: (
        "trễ{medium} chiều xuống dao động {value} trong {seconds} giây",
        "{medium}jitter down {value} over {seconds} s",
    ),
    ReasonCode.RTT: (
        "độ trễ khứ hồi {value} trong {seconds} giây",
        "round trip {value} over {seconds} s",
    ),
    ReasonCode.FROZEN: (
        "hình bị đứng {value} thời gian trong {seconds} giây",
        "picture frozen {value} of the time over {seconds} s",
    ),
    ReasonCode.CONCEALED: (
        "tiếng phải bù {value} trong {seconds} giây",
        "sound made up {value} over {seconds} s",
    ),
    ReasonCode.PAUSED: (
        "đường truyền không đủ tải hình, đã tạm dừng {value} khung hình",
        "the line does not carry the picture: {value} paused",
    ),
    ReasonCode.NO_DATA: ("chưa đo được gì", "nothing could be measured"),
    ReasonCode.NO_SAMPLE: ("không có số liệu trong {value}", "no figures for {value}"),
}
_MEDIA: Mapping[Medium | None, tuple[str, str]] = {
    None: ("", ""),
    Medium.AUDIO: (" tiếng", "sound "),
    Medium.VIDEO: (" hình", "picture "),
}
_SHARES = frozenset(
    {ReasonCode.LOSS_UP, ReasonCode.LOSS_DOWN, ReasonCode.FROZEN, ReasonCode.CONCEALED},
)
_TIMES = frozenset({ReasonCode.JITTER_UP, ReasonCode.JITTER_DOWN, ReasonCode.RTT})


def explained(code: ReasonCode, medium: Medium | None, value: float | None, seconds: float) -> Reason:
    """The reason with its sentences; values as in `Reason`."""
    vi, en = _SENTENCES[code]
    figure = _figure(code, value)
    period = f"{seconds:.0f}"
    in_vi, in_en = _MEDIA[medium]
    decimal = figure.replace(".", ",")
    return Reason(
        code=code,
        medium=medium,
        value=value,
        seconds=seconds,
        vi=vi.format(medium=in_vi, value=decimal.replace(" s", " giây"), seconds=period),
        en=en.format(medium=in_en, value=figure, seconds=period),
    )


def _figure(code: ReasonCode, value: float | None) -> str:
    if value is None:
        return ""
    if code in _SHARES:
        return f"{value * 100:.1f} %"
    if code in _TIMES:
        return f"{value:.0f} ms"
    return f"{value:.0f} s" if code is ReasonCode.NO_SAMPLE else f"{max(value, 1):.0f}"
