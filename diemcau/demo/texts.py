"""What the demonstration says on the terminal, in Vietnamese where the terminal's language is, else English."""

from __future__ import annotations

import os

_TEXTS: dict[str, tuple[str, str]] = {
    "database": ("Khởi động cơ sở dữ liệu", "Starting the database"),
    "directory": ("Đã nạp {points} điểm cầu", "Loaded {points} bridge points"),
    "server": ("Khởi động máy chủ", "Starting the server"),
    "booked": ("Đã đặt hội nghị “{title}” với {points} điểm cầu", "Booked “{title}” with {points} bridge points"),
    "resumed": (
        "Hội nghị “{title}” vẫn đang mở: tiếp tục với {points} điểm cầu",
        "“{title}” is still open: taking it up again with {points} bridge points",
    ),
    "joining": ("Điểm cầu vào họp qua WebRTC", "Bridge points joining over WebRTC"),
    "granted": ("Mời phát biểu: {name} — {count} nơi đã thấy hình", "Floor to {name} — seen by {count} receivers"),
    "measuring": ("Đang đo đường truyền", "Measuring the lines"),
    "restarted": (
        "Máy chủ dừng bất ngờ: đang khởi động lại, hội nghị tiếp tục",
        "The server ended unexpectedly: starting it again, the conference goes on",
    ),
    "stopping": ("Đang dừng…", "Stopping…"),
    "port": ("Cổng {wanted} đang bận, dùng {used}", "Port {wanted} is taken, using {used}"),
    "open": ("Mở bằng trình duyệt:", "Open in a browser:"),
    "chair": ("Chủ tọa", "Chair"),
    "technician": ("Kỹ thuật", "Technician"),
    "operator": ("Điểm cầu (thử làm {name})", "Operator (as {name})"),
    "organizer": ("Ban tổ chức", "Organizer"),
    "sign_in": ("đăng nhập {user} / {password}", "sign in {user} / {password}"),
    "lan": (
        "Từ máy khác trong mạng: chạy `make demo HTTPS=1` (trình duyệt chỉ cho dùng camera qua HTTPS)",
        "From another machine of the network: run `make demo HTTPS=1` (browsers give a camera only over HTTPS)",
    ),
    "certificate": (
        "Chứng chỉ tự tạo: trình duyệt sẽ cảnh báo một lần. Vân tay SHA-256: {fingerprint}",
        "A certificate made here: the browser warns once. SHA-256 fingerprint: {fingerprint}",
    ),
    "end": ("Nhấn Ctrl-C để kết thúc.", "Press Ctrl-C to end."),
    "failed": ("Không thành công: {reason}", "It did not work: {reason}"),
    "import_problem": ("Dòng {row}, cột {column}: {message}", "Row {row}, column {column}: {message}"),
}


def _vietnamese() -> bool:
    language = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return language.lower().startswith("vi")


def text(key: str, **values: object) -> str:
    """The sentence `key`, filled in."""
    vietnamese, english = _TEXTS[key]
    return (vietnamese if _vietnamese() else english).format(**values)
