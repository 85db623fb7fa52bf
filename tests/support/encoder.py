"""FFmpeg's WHIP muxer as an encoder, in a process of its own: it holds the interpreter lock while it connects.

`python -m tests.support.encoder ADDRESS TOKEN SECONDS`: a grey picture (brightness 180) at 15 fps with a key frame each
second in H.264, and a tone in Opus. Prints `connected` when it sends.
"""

from __future__ import annotations

import array
import math
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
from aiortc import RTCCertificate
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

RATE = 15
BRIGHTNESS = 180


def _picture(number: int) -> av.VideoFrame:
    frame = av.VideoFrame(320, 192, "yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, RATE)
    for plane, value in zip(frame.planes, (BRIGHTNESS, 128, 128), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return frame


def _tone(first: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="s16", layout="stereo", samples=960)
    frame.sample_rate, frame.pts = 48_000, first
    values = (int(3_000 * math.sin(2 * math.pi * 440 * at / 48_000)) for at in range(first, first + 960))
    frame.planes[0].update(array.array("h", [v for v in values for _ in "lr"]).tobytes())
    return frame


def _certificate(folder: Path) -> dict[str, str]:
    """A certificate on P-256: the one that FFmpeg with GnuTLS makes by itself is on a curve that OpenSSL 4 refuses."""
    made = RTCCertificate.generateCertificate()
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made._cert.public_bytes(Encoding.PEM))
    key.write_bytes(made._key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    return {"cert_file": str(certificate), "key_file": str(key)}


def send(address: str, token: str, seconds: float) -> None:
    """Publishes for so long, in real time."""
    with tempfile.TemporaryDirectory() as folder:
        security = _certificate(Path(folder))
        output = av.open(address, "w", format="whip", options={"authorization": token} | security)
        _run(output, seconds)


def _run(output: av.container.OutputContainer, seconds: float) -> None:
    options = {"profile": "baseline", "preset": "ultrafast", "tune": "zerolatency", "g": str(RATE)}
    video = output.add_stream("libx264", rate=RATE, options=options)
    video.width, video.height, video.pix_fmt, video.bit_rate = 320, 192, "yuv420p", 300_000
    audio = output.add_stream("libopus", rate=48_000, layout="stereo")
    output.start_encoding()
    print("connected", flush=True)
    began, samples = time.monotonic(), 0
    for number in range(round(seconds * RATE)):
        output.mux(video.encode(_picture(number)))
        while samples < (number + 1) * 48_000 // RATE:
            output.mux(audio.encode(_tone(samples)))
            samples += 960
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
    output.close()


if __name__ == "__main__":
    send(sys.argv[1], sys.argv[2], float(sys.argv[3]))
