import { translator } from "./translate";

/** A hall's answer to its invitation, reached by the link in the mail. */
export const t = translator(
  {
    title: "Thư mời họp",
    point: "Điểm cầu",
    note: "Lời nhắn của ban tổ chức",
    "state.waiting": "Điểm cầu chưa trả lời.",
    "state.tentative": "Điểm cầu trả lời: chưa chắc chắn.",
    "state.confirmed": "Điểm cầu đã xác nhận tham dự.",
    "state.declined": "Điểm cầu đã báo không tham dự.",
    "state.proposed": "Điểm cầu đã đề nghị giờ khác.",
    delegates: "Số đại biểu dự kiến",
    operator: "Người vận hành",
    comment: "Lời nhắn cho ban tổ chức (không bắt buộc)",
    confirm: "Xác nhận tham dự",
    decline: "Không tham dự",
    change: "Có thể sửa câu trả lời bất cứ lúc nào trước khi hội nghị kết thúc.",
    sent: "Đã ghi nhận. Cảm ơn!",
  },
  {
    title: "Invitation",
    point: "Bridge point",
    note: "The organizer's note",
    "state.waiting": "This point has not answered yet.",
    "state.tentative": "This point has answered: not certain.",
    "state.confirmed": "This point has confirmed.",
    "state.declined": "This point has declined.",
    "state.proposed": "This point has proposed another time.",
    delegates: "Expected delegates",
    operator: "Operator",
    comment: "A word to the organizer (optional)",
    confirm: "We take part",
    decline: "We cannot",
    change: "The answer can be changed until the conference is over.",
    sent: "Noted. Thank you!",
  },
);
