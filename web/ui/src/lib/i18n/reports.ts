import { translator } from "./translate";

export const t = translator(
  {
    title: "Báo cáo",
    intro: "Số liệu đến lúc tải về. Ba định dạng có cùng số liệu.",
    language: "Ngôn ngữ của báo cáo",
    pdf: "Báo cáo PDF",
    "pdf.what": "Để lưu hồ sơ: trang đầu, tổng hợp theo đơn vị, biểu đồ và mọi bảng.",
    xlsx: "Bảng tính XLSX",
    "xlsx.what": "Để làm việc: mỗi bảng một trang tính.",
    "csv.what": "Từng bảng dạng CSV, cho phần mềm khác:",
    units: "Theo đơn vị",
    attendance: "Điểm danh điểm cầu",
    quality: "Chất lượng đường truyền",
    events: "Diễn biến",
  },
  {
    title: "Reports",
    intro: "Figures up to the moment of the download. All three formats hold the same figures.",
    language: "Language of the report",
    pdf: "Report as PDF",
    "pdf.what": "For the file: title page, sums by unit, a chart and every table.",
    xlsx: "Spreadsheet (XLSX)",
    "xlsx.what": "For work: one sheet for each table.",
    "csv.what": "Single tables as CSV, for other software:",
    units: "By unit",
    attendance: "Attendance of points",
    quality: "Line quality",
    events: "Course of the conference",
  },
);
