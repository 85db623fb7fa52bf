import { translator } from "./translate";

export const t = translator(
  {
    empty:
      "Chưa khai báo máy chủ hình nào, nên hội nghị chưa có kế hoạch đường truyền. Khai báo đơn vị đặt máy, số kết nối và băng thông; từ đó mỗi lần đặt lịch đều được kiểm tra sức chứa.",
    facts: "{unit} · {legs} kết nối · {rate}",
    off: "không dùng",
    on: "đang dùng",
    stop: "Ngừng dùng",
    start: "Dùng lại",
    changed: "Đã lưu máy chủ {name}.",
    again: "{n} hội nghị đã đặt cần lập lại kế hoạch.",
    add: "Khai báo máy chủ",
    code: "Mã",
    code_hint: "Ví dụ: hcm-1",
    name: "Tên",
    unit: "Đơn vị đặt máy",
    unit_none: "Chọn đơn vị",
    legs: "Số kết nối tối đa",
    mbps: "Băng thông (Mbps)",
    save: "Lưu",
  },
  {
    empty:
      "No media node is registered, so conferences have no plan of their lines. Register where a node stands, its connections and bandwidth; from then on every booking is checked against them.",
    facts: "{unit} · {legs} {legs|connection|connections} · {rate}",
    off: "not used",
    on: "in use",
    stop: "Stop using",
    start: "Use again",
    changed: "Node {name} saved.",
    again: "{n} booked {n|conference needs|conferences need} a new plan.",
    add: "Register a node",
    code: "Code",
    code_hint: "For example: hcm-1",
    name: "Name",
    unit: "Unit where it stands",
    unit_none: "Choose a unit",
    legs: "Most connections",
    mbps: "Bandwidth (Mbps)",
    save: "Save",
  },
);
