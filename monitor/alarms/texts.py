"""The words of alarms, in Vietnamese and English."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.alarms.model import Language, NoticeKind
from monitor.incidents.model import ActionKind, CauseKind, IncidentSeverity, Likely

_Words = Mapping[Language, str]

PRODUCT: _Words = {"vi": "Điểm cầu", "en": "Diemcau"}

CAUSES: Mapping[CauseKind, _Words] = {
    CauseKind.LINE: {"vi": "Đường truyền của điểm cầu {name}", "en": "Line of {name}"},
    CauseKind.EQUIPMENT: {"vi": "Thiết bị tại điểm cầu {name}", "en": "Equipment of {name}"},
    CauseKind.UNIT: {"vi": "Đường truyền chung của {name}", "en": "Shared line of {name}"},
    CauseKind.PROVIDER: {"vi": "Nhà mạng {name}", "en": "Provider {name}"},
    CauseKind.NODE: {"vi": "Nút truyền hình {name}", "en": "Media node {name}"},
}
SEVERITIES: Mapping[IncidentSeverity, _Words] = {
    IncidentSeverity.MINOR: {"vi": "Nhẹ", "en": "Minor"},
    IncidentSeverity.MAJOR: {"vi": "Nặng", "en": "Major"},
    IncidentSeverity.CRITICAL: {"vi": "Nghiêm trọng", "en": "Critical"},
}
LIKELY: Mapping[Likely, _Words] = {
    Likely.UPLINK_SATURATED: {"vi": "đường truyền chiều lên quá tải", "en": "the line up is full"},
    Likely.DOWNLINK_SATURATED: {"vi": "đường truyền chiều xuống quá tải", "en": "the line down is full"},
    Likely.PATH_LOSS: {"vi": "mất gói trên đường truyền", "en": "packet loss on the path"},
    Likely.PATH_DELAY: {"vi": "độ trễ đường truyền lớn", "en": "long delay on the path"},
    Likely.PATH_JITTER: {"vi": "độ trễ đường truyền dao động", "en": "unsteady delay on the path"},
    Likely.WIFI_JITTER: {"vi": "mạng không dây không ổn định", "en": "unsteady wireless network"},
    Likely.NODE_OVERLOADED: {"vi": "nút truyền hình quá tải", "en": "the media node is overloaded"},
    Likely.ENDPOINT_LOST: {
        "vi": "mất kết nối với điểm cầu (mất điện, đứt mạng hoặc máy tắt)",
        "en": "no connection to the point (power, network or computer off)",
    },
    Likely.CPU_LIMITED: {"vi": "máy tính tại điểm cầu không đủ mạnh", "en": "the point's computer is too slow"},
    Likely.CAMERA_BLACK: {"vi": "camera cho hình đen", "en": "the camera gives a black picture"},
    Likely.CAMERA_MUTED: {"vi": "không có hình từ camera", "en": "no picture from the camera"},
    Likely.MICROPHONE_DEAD: {"vi": "không có tiếng từ micro", "en": "no sound from the microphone"},
    Likely.UNKNOWN: {"vi": "chưa rõ nguyên nhân", "en": "not known yet"},
}
ACTIONS: Mapping[ActionKind, _Words] = {
    ActionKind.LOWER_LAYER: {"vi": "giảm chất lượng hình của điểm cầu", "en": "make the point's picture smaller"},
    ActionKind.SOUND_ONLY: {"vi": "chỉ truyền tiếng", "en": "carry sound only"},
    ActionKind.FULL_PICTURE: {"vi": "trả lại hình đầy đủ", "en": "give the full picture back"},
    ActionKind.RECONNECT: {"vi": "cho điểm cầu kết nối lại", "en": "have the point connect anew"},
    ActionKind.CALL_OPERATOR: {"vi": "gọi người trực điểm cầu", "en": "call the point's operator"},
}
SUBJECTS: Mapping[NoticeKind, _Words] = {
    NoticeKind.ALARM: {"vi": "{severity}: {about}", "en": "{severity}: {about}"},
    NoticeKind.WORSE: {"vi": "Nặng thêm, {severity}: {about}", "en": "Worse, {severity}: {about}"},
    NoticeKind.ESCALATED: {
        "vi": "Chưa ai ghi nhận sau {minutes} phút: {about}",
        "en": "Not acknowledged for {minutes} min: {about}",
    },
    NoticeKind.CLEARED: {"vi": "Đã hết sự cố: {about}", "en": "Over: {about}"},
    NoticeKind.TEST: {"vi": "Cảnh báo thử", "en": "Test alarm"},
}
LINES: Mapping[Language, Mapping[str, str]] = {
    "vi": {
        "about": "Sự cố: {about}",
        "severity": "Mức độ: {severity}",
        "opened": "Bắt đầu: {time}",
        "closed": "Kết thúc: {time} (kéo dài {minutes} phút)",
        "closed_by": "Người đóng sự cố: {name}",
        "points": "Điểm cầu bị ảnh hưởng: {affected}/{observed}",
        "likely": "Có thể do: {likely}",
        "action": "Nên làm: {action}",
        "link": "Xem và ghi nhận: {url}",
        "footer": "Mỗi sự cố được báo một lần, báo thêm khi nặng hơn, và báo khi đã hết.\n"
        "Bạn nhận thư này vì có trong danh sách nhận cảnh báo “{name}”.",
        "test": "Đây là cảnh báo thử của danh sách “{name}”. Nếu bạn đọc được thư này, việc gửi cảnh báo hoạt động.",
    },
    "en": {
        "about": "Incident: {about}",
        "severity": "Severity: {severity}",
        "opened": "Since: {time}",
        "closed": "Until: {time} ({minutes} min)",
        "closed_by": "Closed by: {name}",
        "points": "Points affected: {affected} of {observed}",
        "likely": "Likely cause: {likely}",
        "action": "Suggested: {action}",
        "link": "Look and acknowledge: {url}",
        "footer": "Each incident is told once, again when it becomes worse, and when it is over.\n"
        "You get this mail because of the alarm subscription “{name}”.",
        "test": "This is a test of the alarm subscription “{name}”. If you can read it, alarms reach you.",
    },
}
