"""What people would think of the sound: a mean opinion score by the E-model, simplified for Opus. Pure.

R = R0 - Id - Ie_eff (ITU-T G.107, 7-1, with all that is not the network's at its defaults: R0 = 93.2), where

- Id = 0.024 d + 0.11 (d - 177.3) for the part of the delay d above 177.3 ms: Cole and Rosenbluth, "Voice over IP
  performance monitoring", 2001, fitted to G.107's curves.
- Ie_eff = Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl): G.107, 7-29, with random losses (BurstR = 1). Opus has no
  values in G.113. Bpl = 10 is that of Garcia's rtcscore (20 there with in-band error correction, which we do not
  count on); Ie = 0, which at our bit rates takes Opus for as good as G.711, is chosen by us.

MOS = 1 + 0.035 R + 7e-6 R (R - 60) (100 - R): G.107, Annex B.
"""

from __future__ import annotations

R0 = 93.2
EQUIPMENT_IMPAIRMENT = 0.0
LOSS_ROBUSTNESS = 10.0
FRAME_MS = 20.0
"""One Opus packet; an endpoint also waits for about twice the jitter before it plays."""


def opinion(loss: float, rtt_ms: float, jitter_ms: float) -> float:
    """MOS 1 to 4.4 of sound that loses a fraction `loss` of its packets."""
    delay = rtt_ms / 2 + FRAME_MS + 2 * jitter_ms
    rating = R0 - delay_impairment(delay) - loss_impairment(loss)
    if rating <= 0:
        return 1.0
    return max(1.0, 1 + 0.035 * rating + 7e-6 * rating * (rating - 60) * (100 - rating))


def delay_impairment(delay_ms: float) -> float:
    """Id of a mouth-to-ear delay."""
    over = delay_ms - 177.3
    return 0.024 * delay_ms + (0.11 * over if over > 0 else 0.0)


def loss_impairment(loss: float) -> float:
    """Ie_eff of a fraction of lost packets."""
    percent = 100 * loss
    return EQUIPMENT_IMPAIRMENT + (95 - EQUIPMENT_IMPAIRMENT) * percent / (percent + LOSS_ROBUSTNESS)
