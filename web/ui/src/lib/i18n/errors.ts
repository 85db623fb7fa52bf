import { dateTime } from "../format";
import type { Problem } from "../problem";
import { preferences } from "../preferences.svelte";
import { fill } from "./translate";

/** What happened, what it means, what to do: one sentence or two for each stable code. */
const vi: Record<string, string> = {
  network: "Không liên lạc được với máy chủ. Kiểm tra mạng rồi thử lại.",
  unexpected: "Có lỗi ngoài dự kiến. Tải lại trang; nếu vẫn lỗi, báo kỹ thuật.",
  internal: "Máy chủ gặp lỗi ngoài dự kiến. Thử lại; nếu vẫn lỗi, báo kỹ thuật mã số này: {id}.",
  "role.missing": "Tài khoản của bạn không có quyền làm việc này.",
  "sign_in.needed": "Phiên đăng nhập đã hết. Hãy đăng nhập lại.",
  "sign_in.wrong":
    "Tên đăng nhập hoặc mật khẩu không đúng. Tắt bộ gõ tiếng Việt và phím Caps Lock rồi gõ lại; nếu quên mật khẩu, liên hệ quản trị hệ thống.",
  "sign_in.too_many": "Đã thử đăng nhập quá nhiều lần. Đợi một phút rồi thử lại.",
  "request.origin": "Máy chủ từ chối yêu cầu từ địa chỉ trang này. Mở trang bằng đúng địa chỉ được cung cấp.",
  "request.host": "Máy chủ không nhận địa chỉ này. Mở trang bằng đúng địa chỉ được cung cấp.",
  "request.path": "Không có nội dung này. Tải lại trang.",
  "request.too_large": "Dữ liệu gửi quá lớn.",
  "request.slow": "Gửi quá chậm nên máy chủ đã ngắt. Kiểm tra mạng rồi thử lại.",
  "booking.title": "Hãy nhập tên hội nghị.",
  "booking.clash":
    "Một số điểm cầu đã có hội nghị khác trong khung giờ này. Xem danh sách điểm cầu trùng lịch.",
  "series.clash": "Có kỳ họp trùng lịch. Xem các kỳ được nêu tên rồi đổi giờ, hoặc chọn cách xử lý kỳ trùng.",
  "series.rule": "Không hiểu cách lặp lại này. Chọn lại mục “Lặp lại”.",
  "series.zone": "Múi giờ không hợp lệ.",
  "series.endless": "Chuỗi họp phải có ngày kết thúc hoặc số kỳ.",
  "series.too_long": "Chuỗi họp quá dài: tối đa 400 kỳ trong hai năm.",
  "series.first": "Kỳ đầu tiên không rơi vào ngày lặp lại. Đổi ngày họp hoặc cách lặp lại.",
  "series.exdate": "Có ngày bỏ qua không thuộc chuỗi họp.",
  "series.overlap": "Các kỳ họp chồng giờ lên nhau. Rút ngắn thời lượng hoặc lặp lại thưa hơn.",
  "series.too_large": "Chuỗi họp quá lớn. Giảm số kỳ hoặc số điểm cầu.",
  "series.nothing_left": "Mọi kỳ đều bị bỏ qua nên không có gì để đặt. Đổi giờ hoặc cách lặp lại.",
  "series.leave_out": "Khi đổi giờ nhiều kỳ không bỏ bớt điểm bận được. Chọn giờ khác.",
  "series.unknown": "Hội nghị này không thuộc chuỗi họp nào. Tải lại trang.",
  "template.name": "Tên mẫu phải có từ 1 đến 200 ký tự, trên một dòng.",
  "template.name_taken": "Đã có mẫu mang tên này. Đặt tên khác, hoặc xóa mẫu cũ trước.",
  "template.unknown": "Mẫu này không còn nữa. Tải lại trang.",
  "chair.appointed":
    "Chủ tọa của hội nghị này là {name}, nên tài khoản của bạn không vào ghế chủ tọa được. Nếu bạn chủ trì thay, hãy nhờ người tổ chức đổi chủ tọa rồi vào lại.",
  "extend.not_yours":
    "Chỉ chủ tọa của hội nghị này hoặc người tổ chức được kéo dài. Hãy nhờ một trong hai người.",
  "answer.not_proposed": "Điểm cầu này không còn đề nghị giờ khác. Tải lại trang.",
  "booking.busy": "Có người khác đang đặt các điểm cầu này. Thử lại sau vài giây.",
  "booking.past": "Khung giờ đã qua. Chọn giờ bắt đầu trong tương lai.",
  "booking.times": "Khung giờ không hợp lệ: mở phòng trước hoặc đúng giờ bắt đầu, kết thúc sau giờ bắt đầu.",
  "booking.no_points": "Chưa chọn điểm cầu nào.",
  "booking.too_many_points": "Vượt quá số điểm cầu cho phép của một hội nghị (3.321).",
  "booking.unknown_point": "Có điểm cầu không còn trong danh bạ. Tải lại trang rồi chọn lại.",
  "booking.unknown_unit": "Có đơn vị không còn trong danh bạ. Tải lại trang rồi chọn lại.",
  "booking.not_taking_part": "Có điểm cầu không thuộc hội nghị này. Tải lại trang rồi chọn lại.",
  "request.key": "Phiếu đặt lịch bị lỗi. Tải lại trang rồi đặt lại.",
  "request.key_reused":
    "Phiếu này đã đặt được một hội nghị rồi. Xem danh sách hội nghị; muốn đặt thêm, mở phiếu mới.",
  "choosing.name": "Tên nhóm phải có từ 1 đến 200 ký tự, trên một dòng.",
  "choosing.name_taken": "Đã có nhóm mang tên này. Đặt tên khác, hoặc xóa nhóm cũ trước.",
  "choosing.changed": "Có người vừa thay đổi nhóm này. Tải lại trang rồi thử lại.",
  "choosing.unknown_audience": "Nhóm này không còn nữa. Tải lại trang rồi chọn lại.",
  "choosing.audience_circle": "Nhóm này chứa chính nó nên không dùng được. Lưu lại nhóm từ các điểm cầu.",
  "choosing.unclear": "Có dòng trong danh sách dán không rõ là điểm cầu nào. Sửa các dòng đó rồi tìm lại.",
  "free_time.range": "Khoảng thời gian tìm không hợp lệ: phải ở tương lai và không quá 400 ngày.",
  "free_time.chair": "Không đọc được tên chủ tọa.",
  "free_time.longer_than_day":
    "Hội nghị dài hơn một buổi làm việc. Rút ngắn, hoặc bỏ “Chỉ trong giờ hành chính”.",
  "calendar.range": "Lịch chỉ hiện tối đa 45 ngày.",
  "answer.invalid":
    "Đường dẫn trả lời không hợp lệ. Mở đúng nguyên văn đường dẫn trong thư mời, hoặc liên hệ người tổ chức.",
  "answer.expired": "Đường dẫn trả lời đã hết hạn. Liên hệ người tổ chức để báo việc tham dự.",
  "answer.past": "Giờ đề nghị đã qua. Chọn một giờ trong tương lai.",
  "conference.not_confirmed": "Hội nghị chưa được đặt chính thức nên chưa làm được việc này.",
  "conference.elsewhere": "Hội nghị đang chạy trên máy chủ khác. Đợi vài giây rồi thử lại.",
  "diagnosis.none": "Hội nghị này chưa được chẩn đoán lần nào.",
  "invitation.unknown": "Thư mời này không còn nữa. Tải lại trang.",
  "plan.none": "Hội nghị này chưa có kế hoạch.",
  "plan.node_in_use": "Máy chủ hình này đang được dùng trong kế hoạch nên chưa bỏ được.",
  "plan.unknown_node": "Máy chủ hình này không còn nữa. Tải lại trang.",
  "request.invalid":
    "Máy chủ không hiểu thông tin trang gửi đi. Tải lại trang rồi thử lại; nếu vẫn lỗi, báo kỹ thuật.",
  "server.not_ready": "Máy chủ đang khởi động. Thử lại sau vài giây.",
  "snapshot.unknown": "Lần chốt số liệu này không còn nữa. Tải lại trang.",
  "alarm.unknown": "Mục nhận cảnh báo này không còn nữa. Tải lại trang.",
  "alarm.changed": "Có người vừa sửa mục này. Tải lại trang rồi sửa lại.",
  "alarm.address": "Địa chỉ thư không hợp lệ. Ví dụ: truc@vanphong.gov.vn.",
  "alarm.url":
    "Không gửi được đến địa chỉ này. Dùng địa chỉ https:// công khai; địa chỉ trong mạng riêng phải được khai báo trong cấu hình máy chủ (webhook_networks).",
  "alarm.unit": "Không có đơn vị nào mang mã này trong danh bạ.",
  "alarm.conference": "Hội nghị này không còn nữa. Chọn lại.",
  "alarm.no_mail": "Máy chủ chưa cấu hình gửi thư (smtp), nên chưa nhận cảnh báo bằng thư được.",
  "alarm.too_many": "Đã đủ 500 mục nhận cảnh báo. Xóa bớt mục không dùng.",
  "history.minutes": "Không xem lại được khoảng thời gian này. Chọn khoảng ngắn hơn.",
  "metrics.refused": "Máy chủ không cho đọc số liệu vận hành từ địa chỉ này.",
  "timeline.range": "Dòng thời gian chỉ hiện tối đa 45 ngày.",
  "unit.unknown": "Đơn vị này không còn trong danh bạ. Tải lại trang.",
  "maintenance.reason": "Hãy nhập lý do bảo trì, tối đa 200 ký tự, trên một dòng.",
  "maintenance.times": "Thời gian bảo trì không hợp lệ: kết thúc phải sau khi bắt đầu và ở tương lai.",
  "maintenance.unknown": "Đợt bảo trì này không còn nữa. Tải lại trang.",
  "maintenance.over": "Đợt bảo trì này đã kết thúc.",
  "approval.not_asked": "Hội nghị này không chờ ai duyệt nữa. Tải lại trang.",
  "approval.not_yours": "Bạn không có quyền duyệt cho các đơn vị đang chờ.",
  "approval.username": "Hãy nhập tên tài khoản của người duyệt.",
  "approval.while_open": "Hội nghị đang họp nên không thêm được điểm cầu cần phê duyệt.",
  "chair.elsewhere":
    "Chủ tọa đã chủ trì “{title}” từ {since} đến {until}. Chọn người khác, hoặc đổi giờ một trong hai hội nghị.",
  "chair.unknown": "Tài khoản này không có quyền chủ tọa. Chọn người khác.",
  "plan.over_capacity":
    "Đường truyền hoặc máy chủ hình không đủ cho hội nghị này trong khung giờ đó. Đổi giờ hoặc bớt điểm cầu.",
  "conference.state": "Hội nghị không còn ở trạng thái làm được việc này. Tải lại trang.",
  "conference.unknown": "Không có hội nghị này.",
  "recording.unknown": "Không có tệp ghi hình này.",
  "report.not_printed":
    "Chưa lập được tệp PDF. Tải tệp XLSX có cùng số liệu, hoặc thử lại sau ít phút; nếu vẫn lỗi, báo kỹ thuật.",
  "record.span": "Chỉ xem được tối đa 32 ngày một lần. Hãy chọn khoảng thời gian ngắn hơn.",
  "incident.unknown": "Không tìm thấy sự cố này trong hội nghị. Tải lại trang.",
  "incident.over": "Sự cố này đã được đóng rồi nên không thay đổi được.",
  "incident.changed": "Sự cố vừa có thay đổi. Xem lại thông tin mới rồi thao tác lại.",
  "conference.over": "Hội nghị đã kết thúc hoặc đã hủy nên không thay đổi được.",
  "conference.running": "Hội nghị đã mở phòng nên không đổi được giờ bắt đầu.",
  "conference.changed": "Có người vừa thay đổi hội nghị này. Tải lại trang rồi thử lại.",
  "enter.point": "Chưa chọn điểm cầu để vào.",
  "point.unknown": "Điểm cầu này không tham gia hội nghị.",
  "enter.point_unknown": "Điểm cầu này không thuộc hội nghị. Kiểm tra lại mã điểm cầu.",
  "enter.role": "Không vào hội nghị với vai trò này được.",
  "join.invalid": "Đường dẫn không hợp lệ. Hãy mở đúng nguyên văn đường dẫn đã được gửi.",
  "join.expired": "Đường dẫn đã hết hạn. Liên hệ người tổ chức để nhận đường dẫn mới.",
  "headcount.not_a_hall": "Đường dẫn này không phải của điểm cầu nên không báo số đại biểu được.",
  "linetest.not_a_hall": "Đường dẫn này không phải của điểm cầu nên không kiểm tra đường truyền được.",
  "linetest.unknown": "Lần kiểm tra này không còn nữa. Hãy bắt đầu lại.",
  "linetest.busy": "Đang có nhiều điểm cầu kiểm tra cùng lúc. Thử lại sau nửa phút.",
  "linetest.too_often": "Đường truyền này vừa được kiểm tra nhiều lần. Đợi một phút rồi thử lại.",
  "linetest.running": "Việc kiểm tra chưa xong. Đợi thêm vài giây.",
  "headcount.nothing": "Hãy nhập số đại biểu dự kiến hoặc số đại biểu có mặt.",
  "headcount.reason": "Hãy nhập lý do sửa số đại biểu.",
  "headcount.full": "Số đại biểu của điểm cầu này đã bị sửa quá nhiều lần. Báo ban tổ chức.",
  "join.not_open": "Phòng họp chưa mở. Trang sẽ tự vào khi phòng mở.",
  "join.over": "Hội nghị đã kết thúc.",
  "join.too_late": "Đã quá giờ vào họp. Liên hệ người tổ chức nếu cần vào.",
  "join.unknown": "Hội nghị không còn diễn ra hoặc điểm cầu không thuộc hội nghị này.",
  "session.unknown": "Phiên cũ không còn, đang vào lại từ đầu.",
  "command.chair_only": "Chỉ chủ tọa được làm việc này.",
  "command.console_only": "Chỉ chủ tọa hoặc kỹ thuật được làm việc này.",
  "command.points_only": "Chỉ điểm cầu được làm việc này.",
  "command.unknown_point": "Không có điểm cầu này trong hội nghị.",
  "floor.absent": "Điểm cầu này hiện không kết nối nên chưa mời phát biểu được.",
  "microphone.absent": "Điểm cầu này hiện không kết nối nên chưa mở micro được.",
  "content.absent": "Điểm cầu này hiện không kết nối nên chưa cho chiếu tài liệu được.",
  "content.not_waiting": "Điểm cầu này không còn xin chiếu tài liệu.",
  "content.failed":
    "Không chiếu được màn hình này. Đóng chương trình khác đang chiếu nó, hoặc mở lại trình duyệt.",
  "floor.held": "Điểm cầu đang có quyền phát biểu.",
  "floor.not_held": "Điểm cầu không còn giữ quyền phát biểu.",
  "floor.not_waiting": "Điểm cầu này không còn trong hàng chờ phát biểu.",
  "media.unreachable":
    "Không nối được hình và tiếng với máy chủ. Tường lửa có thể đang chặn UDP; báo kỹ thuật.",
  "sdp.codec":
    "Có điểm cầu trong hội nghị không xem được loại hình mà máy này gửi. Dùng Chrome, Edge hoặc Firefox bản mới; thiết bị phát thì đặt gửi VP8.",
  "media.handshake_failed": "Không bắt tay mã hóa được với máy chủ. Trang đang thử lại.",
  "node.full": "Máy chủ đã đủ số kết nối. Thử lại sau ít phút hoặc báo kỹ thuật.",
  "node.stopped": "Máy chủ đang khởi động lại. Trang sẽ tự thử lại.",
  "feed.full": "Quá nhiều người đang theo dõi. Thử lại sau ít phút.",
  "database.away": "Cơ sở dữ liệu chưa sẵn sàng. Thử lại sau ít phút; nếu vẫn lỗi, báo kỹ thuật.",
  "service.slow": "Máy chủ trả lời chậm. Thử lại.",
  "service.failed": "Máy chủ gặp lỗi. Thử lại; nếu vẫn lỗi, báo kỹ thuật.",
  "service.absent": "Máy chủ đang khởi động. Thử lại sau vài giây.",
  "signaling.too_fast": "Gửi quá nhanh. Đợi vài giây rồi thử lại.",
  "signaling.timeout": "Máy chủ không trả lời kịp. Thử lại.",
  "signaling.cut": "Mất kết nối trước khi máy chủ trả lời. Thử lại khi đã nối.",
  "signaling.version": "Trang này đã cũ so với máy chủ. Tải lại trang.",
  "directory.encoding": "Tệp không phải UTF-8. Lưu lại với dạng “CSV UTF-8” rồi nạp lại.",
  "directory.format":
    "Không đọc được tệp. Dùng tệp .csv (UTF-8) hoặc .xlsx; với CSV, kiểm tra dấu ngoặc kép chưa đóng.",
  "directory.file_name": "Chỉ nhận tệp .csv hoặc .xlsx.",
  "directory.empty": "Tệp không có dòng dữ liệu nào.",
  "directory.too_large": "Tệp lớn quá 8 MB.",
  "directory.too_many_rows": "Tệp có quá 20.000 dòng.",
  "directory.missing_column": "Thiếu cột bắt buộc ở dòng tiêu đề (code, name, unit).",
  "directory.unknown_column": "Có cột lạ ở dòng tiêu đề; có thể gõ nhầm tên cột.",
  "directory.repeated_column": "Một cột xuất hiện hai lần ở dòng tiêu đề.",
  "directory.missing_value": "Thiếu giá trị: điểm cầu mới cần tên và đơn vị, đơn vị mới cần tên và cấp.",
  "directory.duplicate_code": "Mã điểm cầu bị trùng với một dòng khác.",
  "directory.unknown_unit":
    "Đơn vị này không có trong danh bạ, cũng không được khai trong tệp. Sửa mã, hoặc thêm một dòng khai đơn vị này.",
  "directory.unit_disagrees": "Hai dòng khai khác nhau về cùng một đơn vị.",
  "directory.unit_circle": "Đơn vị đang nằm trên chính nó trong cây đơn vị.",
  "directory.bad_code": "Mã chỉ gồm chữ không dấu, số, dấu chấm, gạch ngang, gạch dưới, tối đa 64 ký tự.",
  "directory.bad_kind": "Cấp đơn vị phải là trung ương, tỉnh hoặc xã.",
  "directory.bad_seats": "Số chỗ ngồi phải là số từ 0 đến 100.000.",
  "directory.bad_bandwidth": "Băng thông phải là số nguyên, tính bằng kbit/s.",
  "directory.bad_phone": "Số điện thoại chỉ gồm chữ số, dấu cách và các dấu + ( ) . - /.",
  "directory.bad_email": "Địa chỉ thư điện tử không đúng. Ví dụ: vanphong@phuong.example.vn.",
  "directory.merged_unit": "Đơn vị này đã sáp nhập vào đơn vị khác. Ghi mã của đơn vị mới.",
  "directory.merge_incomplete": "Đơn vị mới sau sáp nhập phải có tên và cấp.",
  "directory.merge_future": "Ngày sáp nhập không được ở tương lai.",
  "directory.unknown_province": "Không có tỉnh, thành phố nào mang mã này. Tải lại trang rồi chọn lại.",
  "directory.unknown_point": "Điểm cầu này không còn trong danh bạ. Tải lại trang.",
  "directory.too_long": "Nội dung ô quá dài.",
  "directory.control_character": "Ô có ký tự điều khiển không dùng được.",
};

const people: Record<string, string> = {
  "delegates.missing_value": "Thiếu dữ liệu: mã, họ tên và mã điểm cầu là bắt buộc.",
  "delegates.unknown_point": "Mã điểm cầu này không thuộc hội nghị.",
  "delegates.duplicate_code": "Mã đại biểu này đã có ở dòng trên.",
  "delegates.bad_code": "Mã đại biểu chỉ gồm chữ không dấu, số và . _ - (tối đa 64 ký tự).",
  "delegates.too_long": "Quá dài: tối đa 200 ký tự.",
  "delegates.control_character": "Trong ô có dấu xuống dòng hoặc dấu tab.",
  "delegates.too_many": "Hội nghị nhận tối đa 20.000 đại biểu.",
  "delegates.encoding": "Tệp không phải UTF-8. Lưu lại dạng “CSV UTF-8” rồi nạp lại.",
  "delegates.format": "Không đọc được tệp. Chọn tệp .csv hoặc .xlsx đúng định dạng.",
  "delegates.empty": "Tệp không có dữ liệu.",
  "delegates.too_large": "Tệp quá lớn (tối đa 8 MB).",
  "delegates.too_many_rows": "Tệp có quá nhiều dòng. Chia thành nhiều tệp nhỏ hơn.",
  "delegates.missing_column": "Dòng đầu thiếu cột bắt buộc này.",
  "delegates.unknown_column": "Không rõ cột này. Sửa tên cột hoặc bỏ cột.",
  "delegates.repeated_column": "Cột này có hai lần.",
  "delegate.reason": "Hãy ghi lý do vắng.",
  "delegate.unknown": "Không có đại biểu này trong danh sách của điểm cầu. Tải lại trang.",
  "delegate.other_point": "Đại biểu này thuộc điểm cầu khác: {point}.",
  "delegate.full": "Đã sửa điểm danh đại biểu này quá nhiều lần. Liên hệ thư ký.",
  "delegate.has_history": "Đã có điểm danh của đại biểu này nên không đưa khỏi danh sách được. Hãy ghi vắng.",
  "delegate.links_used_up": "Đại biểu này đã được cấp quá nhiều mã.",
  "ticket.invalid": "Mã này không dùng được (nữa). Xin mã mới ở bàn điểm danh.",
  "ticket.expired": "Hội nghị đã kết thúc.",
  "ticket.early": "Chưa đến giờ điểm danh.",
  "snapshot.item": "Hãy ghi nội dung họp cần chốt số liệu.",
  "snapshot.full": "Hội nghị này đã chốt số liệu quá nhiều lần.",
};
Object.assign(vi, people);

const families: [string, string][] = [
  [
    "sdp.",
    "Trình duyệt và máy chủ không thống nhất được đường truyền hình. Dùng Chrome, Edge hoặc Firefox bản mới.",
  ],
  ["signaling.", "Kết nối điều khiển bị từ chối. Tải lại trang."],
  ["join.", "Không vào được hội nghị. Liên hệ người tổ chức."],
  ["floor.", "Không thực hiện được lúc này vì tình trạng phát biểu đã thay đổi."],
  ["media.", "Chưa nối được hình và tiếng. Trang đang thử lại."],
  ["enter.", "Không vào được hội nghị với thông tin này."],
  ["conference.", "Không thay đổi được hội nghị lúc này."],
  ["command.", "Không thực hiện được lúc này vì tình trạng hội nghị đã thay đổi."],
  ["booking.", "Không đặt được lịch với thông tin này."],
  ["choosing.", "Không chọn được điểm cầu với thông tin này."],
  ["free_time.", "Không tìm được giờ trống với thông tin này."],
  ["maintenance.", "Không thay đổi được lịch bảo trì lúc này."],
  ["approval.", "Không duyệt được lúc này."],
  ["plan.", "Không lập được kế hoạch đường truyền."],
  ["feed.", "Đường dẫn lịch này không còn dùng được. Tạo đường dẫn mới."],
  ["reply.", "Không đọc được thư trả lời này. Trả lời bằng đường dẫn trong thư mời."],
  ["answer.", "Không trả lời thư mời được lúc này. Liên hệ người tổ chức."],
  ["invitation.", "Không thực hiện được với thư mời này."],
  ["bridge.", "Máy chủ hình không thực hiện được lúc này. Thử lại; nếu vẫn lỗi, báo kỹ thuật."],
  ["directory.", "Dữ liệu không hợp lệ."],
  ["sign_in.", "Không đăng nhập được."],
  ["request.", "Thông tin gửi đi không hợp lệ."],
  ["http.5", "Máy chủ gặp lỗi. Thử lại sau ít phút; nếu vẫn lỗi, báo kỹ thuật."],
  ["http.404", "Không có nội dung này."],
];

const en: Record<string, string> = {
  "chair.appointed":
    "{name} chairs this conference, so your account cannot take the chair. If you stand in, ask the organizer to appoint you, then come back.",
  "extend.not_yours": "Only the chair of this conference or an organizer can extend it. Ask one of them.",
  "answer.not_proposed": "This point no longer proposes another time. Reload the page.",
  "alarm.unknown": "This subscription is not there any more. Load the page again.",
  "alarm.changed": "Somebody has just changed it. Load the page again, then repeat your change.",
  "alarm.address": "This is not a mail address. For example: duty@office.example.",
  "alarm.url":
    "Nothing can be posted to this address. Use a public https:// address; addresses in private networks must be named in the server's settings (webhook_networks).",
  "alarm.unit": "There is no unit with this code in the directory.",
  "alarm.conference": "This conference is not there any more. Choose again.",
  "alarm.no_mail": "The server has no mail server in its settings (smtp), so no alarm can go out by mail.",
  "alarm.too_many": "There are 500 subscriptions, which is the limit. Remove some that are not needed.",
  "record.span": "At most 32 days can be shown at a time. Choose a shorter time.",
  "incident.unknown": "This incident is not in this conference. Load the page again.",
  "incident.over": "This incident is closed already and cannot be changed.",
  "incident.changed": "The incident has just changed. Look at it again, then repeat what you did.",
  network: "The server cannot be reached. Check the network and try again.",
  unexpected: "Something unexpected happened. Reload the page; if it happens again, tell a technician.",
  "join.over": "The conference is over.",
  "join.not_open": "The doors are not open yet. This page enters by itself when they open.",
};

/** The sentence for a problem in the language of the page; the server's own English where we know no better. */
export function explain(problem: Problem): string {
  if (preferences.language === "en") return en[problem.code] ?? (problem.detail || problem.code);
  const family = families.find(([prefix]) => problem.code.startsWith(prefix));
  const text = vi[problem.code] ?? family?.[1] ?? (problem.detail || problem.code);
  const said = (name: string): string => String(problem.data[name] ?? "");
  const at = (name: string): string => (said(name) ? dateTime(said(name)) : "");
  const values = {
    id: said("id"),
    point: said("point"),
    title: said("title"),
    since: at("since"),
    until: at("until"),
  };
  return [fill(text, values), ...tooSmall(problem), ...inMaintenance(problem)].join(" ");
}

interface TooSmall {
  kind: string;
  code: string;
  name: string;
  short: number;
}

const LIMITS_SHOWN = 3;
const limits: Record<string, string> = {
  point_line: "Đường truyền của điểm cầu {code} thiếu {n} kbps.",
  link: "Đường truyền của đơn vị {code} thiếu {n} kbps.",
  node_kbps: "Máy chủ hình {code} thiếu {n} kbps.",
  node_legs: "Máy chủ hình {code} thiếu {n} chỗ nối.",
  no_node: "Không có máy chủ hình nào hoạt động vào giờ đó.",
};

/** What is too small for a conference and by how much; the English text says it itself. */
function tooSmall(problem: Problem): string[] {
  const told = problem.data["limits"];
  if (problem.code !== "plan.over_capacity" || !Array.isArray(told)) return [];
  return (told as TooSmall[]).slice(0, LIMITS_SHOWN).flatMap(({ kind, code, name, short }) => {
    const text = limits[kind];
    return text ? [fill(text, { code: name || code, n: short })] : [];
  });
}

/** The media nodes that cannot help because they are in maintenance then. */
function inMaintenance(problem: Problem): string[] {
  const told = problem.data["closed"];
  if (problem.code !== "plan.over_capacity" || !Array.isArray(told)) return [];
  return (told as { name: string; since: string; until: string }[])
    .slice(0, LIMITS_SHOWN)
    .map(({ name, since, until }) =>
      fill("Máy chủ hình {name} bảo trì từ {since} đến {until}.", {
        name,
        since: dateTime(since),
        until: dateTime(until),
      }),
    );
}

const missing: Record<string, string> = {
  code: "Dòng này không nêu điểm cầu hay đơn vị nào.",
  name: "Điểm cầu mới phải có tên.",
  unit: "Điểm cầu mới phải có mã đơn vị.",
  unit_name: "Đơn vị mới phải có tên.",
  unit_kind: "Đơn vị mới phải có cấp: trung ương, tỉnh hoặc xã.",
  operator: "Có điện thoại hoặc thư điện tử nhưng thiếu tên người vận hành.",
};

/** The Vietnamese sentence for a code that comes with an English one, as in an import's problems. */
export function explainCode(code: string, english: string, column = ""): string {
  if (preferences.language === "en") return english;
  const said = code === "directory.missing_value" ? missing[column.replace(/_\d$/, "")] : undefined;
  return said ?? vi[code] ?? english;
}
