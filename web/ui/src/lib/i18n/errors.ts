import type { Problem } from "../problem";
import { preferences } from "../preferences.svelte";

/** What happened, what it means, what to do: one sentence or two for each stable code. */
const vi: Record<string, string> = {
  network: "Không liên lạc được với máy chủ. Kiểm tra mạng rồi thử lại.",
  unexpected: "Có lỗi ngoài dự kiến. Tải lại trang; nếu vẫn lỗi, báo kỹ thuật.",
  "role.missing": "Tài khoản của bạn không có quyền làm việc này.",
  "origin.refused": "Máy chủ từ chối yêu cầu từ địa chỉ trang này. Mở trang bằng đúng địa chỉ được cung cấp.",
  "sign_in.needed": "Phiên đăng nhập đã hết. Hãy đăng nhập lại.",
  "sign_in.failed": "Tên đăng nhập hoặc mật khẩu không đúng.",
  "sign_in.refused": "Tên đăng nhập hoặc mật khẩu không đúng.",
  "sign_in.wrong": "Tên đăng nhập hoặc mật khẩu không đúng.",
  "sign_in.too_many": "Đã thử đăng nhập quá nhiều lần. Đợi một phút rồi thử lại.",
  "booking.clash":
    "Một số điểm cầu đã có hội nghị khác trong khung giờ này. Xem danh sách điểm cầu trùng lịch.",
  "booking.past": "Khung giờ đã qua. Chọn giờ bắt đầu trong tương lai.",
  "booking.times": "Khung giờ không hợp lệ: mở phòng ≤ bắt đầu < kết thúc.",
  "booking.no_points": "Chưa chọn điểm cầu nào.",
  "booking.too_many_points": "Vượt quá số điểm cầu cho phép của một hội nghị (3.321).",
  "booking.unknown_point": "Có điểm cầu không còn trong danh bạ. Tải lại trang rồi chọn lại.",
  "booking.unknown_unit": "Có đơn vị không còn trong danh bạ. Tải lại trang rồi chọn lại.",
  "booking.state": "Hội nghị đã bắt đầu, đã kết thúc hoặc đã hủy nên không thay đổi được.",
  "join.invalid": "Đường dẫn không hợp lệ. Hãy mở đúng nguyên văn đường dẫn đã được gửi.",
  "join.expired": "Đường dẫn đã hết hạn. Liên hệ người tổ chức để nhận đường dẫn mới.",
  "join.not_open": "Phòng họp chưa mở. Trang sẽ tự vào khi phòng mở.",
  "join.over": "Hội nghị đã kết thúc.",
  "join.too_late": "Đã quá giờ vào họp. Liên hệ người tổ chức nếu cần vào.",
  "join.unknown": "Hội nghị không còn diễn ra hoặc điểm cầu không thuộc hội nghị này.",
  "join.wrong_point": "Đường dẫn này dành cho điểm cầu khác.",
  "session.unknown": "Phiên cũ không còn, đang vào lại từ đầu.",
  "session.no_slot": "Máy chủ không nhận được vị trí hình. Tải lại trang.",
  "command.not_allowed": "Vai trò của bạn không được làm việc này.",
  "command.unknown_participant": "Không tìm thấy điểm cầu này trong hội nghị.",
  "command.not_present": "Điểm cầu này hiện không kết nối.",
  "command.no_request": "Yêu cầu phát biểu này không còn.",
  "command.not_holder": "Điểm cầu không còn giữ quyền phát biểu.",
  "command.has_floor": "Điểm cầu đang giữ quyền phát biểu.",
  "command.closed": "Hội nghị đã kết thúc.",
  "media.full": "Máy chủ đã đủ số kết nối. Thử lại sau ít phút hoặc báo kỹ thuật.",
  "signaling.too_fast": "Gửi quá nhanh. Đợi vài giây rồi thử lại.",
  "signaling.too_large": "Dữ liệu gửi quá lớn. Tải lại trang.",
  "signaling.full": "Máy chủ đang quá đông. Trang sẽ tự thử lại.",
  "signaling.timeout": "Máy chủ không trả lời kịp. Thử lại.",
  "signaling.cut": "Mất kết nối trước khi máy chủ trả lời. Thử lại khi đã nối.",
  "signaling.version": "Trang này đã cũ so với máy chủ. Tải lại trang.",
  "signaling.ended": "Hội nghị đã kết thúc.",
  "signaling.replaced": "Vị trí này đã được mở ở một máy khác.",
  "directory.encoding": "Tệp không phải UTF-8. Lưu lại với mã UTF-8 (CSV UTF-8) rồi tải lên.",
  "directory.too_many_rows": "Tệp có quá nhiều dòng.",
  "directory.too_large": "Tệp quá lớn.",
  "directory.duplicate": "Mã bị trùng.",
  "directory.unknown_unit": "Không có đơn vị này.",
  "directory.columns": "Thiếu cột bắt buộc ở dòng tiêu đề.",
  "directory.format": "Không đọc được tệp. Dùng tệp .csv (UTF-8) hoặc .xlsx.",
  "conference.unknown": "Không có hội nghị này.",
  "conference.not_found": "Không có hội nghị này.",
};

const families: [string, string][] = [
  [
    "sdp.",
    "Trình duyệt và máy chủ không thống nhất được đường truyền hình. Dùng Chrome, Edge hoặc Firefox bản mới.",
  ],
  ["signaling.", "Kết nối điều khiển bị từ chối. Tải lại trang."],
  ["join.", "Không vào được hội nghị. Liên hệ người tổ chức."],
  ["command.", "Không thực hiện được lúc này vì tình trạng hội nghị đã thay đổi."],
  ["booking.", "Không đặt được lịch với thông tin này."],
  ["directory.", "Dữ liệu không hợp lệ."],
  ["sign_in.", "Không đăng nhập được."],
  ["request.", "Thông tin gửi đi không hợp lệ."],
  ["http.5", "Máy chủ gặp lỗi. Thử lại sau ít phút; nếu vẫn lỗi, báo kỹ thuật."],
  ["http.404", "Không có nội dung này."],
];

const en: Record<string, string> = {
  network: "The server cannot be reached. Check the network and try again.",
  unexpected: "Something unexpected happened. Reload the page; if it happens again, tell a technician.",
  "join.over": "The conference is over.",
  "join.not_open": "The doors are not open yet. This page enters by itself when they open.",
};

/** The sentence for a problem in the language of the page; the server's own English where we know no better. */
export function explain(problem: Problem): string {
  if (preferences.language === "en") return en[problem.code] ?? (problem.detail || problem.code);
  const family = families.find(([prefix]) => problem.code.startsWith(prefix));
  return vi[problem.code] ?? family?.[1] ?? (problem.detail || problem.code);
}

/** The Vietnamese sentence for a code that comes with an English one, as in an import's problems. */
export function explainCode(code: string, english: string): string {
  return preferences.language === "en" ? english : (vi[code] ?? english);
}
