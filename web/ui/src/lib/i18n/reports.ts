import { translator } from "./translate";

export const t = translator(
  {
    title: "Báo cáo",
    intro: "Số liệu đến lúc tải về. Ba định dạng có cùng số liệu.",
    language: "Ngôn ngữ của báo cáo",
    pdf: "Báo cáo PDF",
    "pdf.what": "Để lưu hồ sơ: trang đầu, tổng hợp theo đơn vị, các biểu đồ và mọi bảng.",
    xlsx: "Bảng tính XLSX",
    "xlsx.what": "Để làm việc: mỗi bảng một trang tính.",
    archive: "Lưu trữ cả hội nghị (ZIP)",
    "archive.what":
      "Mọi số liệu dạng JSON kèm báo cáo, để phần mềm khác đọc. Có tên đại biểu: giữ như hồ sơ.",
    "csv.what": "Từng bảng dạng CSV, cho phần mềm khác:",
    units: "Theo đơn vị",
    attendance: "Điểm danh điểm cầu",
    delegates: "Điểm danh đại biểu",
    snapshots: "Số liệu theo nội dung",
    incidents: "Sự cố",
    quality: "Chất lượng đường truyền",
    events: "Diễn biến",
  },
  {
    title: "Reports",
    intro: "Figures up to the moment of the download. All three formats hold the same figures.",
    language: "Language of the report",
    pdf: "Report as PDF",
    "pdf.what": "For the file: title page, sums by unit, charts and every table.",
    xlsx: "Spreadsheet (XLSX)",
    "xlsx.what": "For work: one sheet for each table.",
    archive: "Archive of the conference (ZIP)",
    "archive.what":
      "All figures as JSON, with the reports, for other software. It holds delegates' names: keep it safe.",
    "csv.what": "Single tables as CSV, for other software:",
    units: "By unit",
    attendance: "Attendance of points",
    delegates: "Delegates",
    snapshots: "Figures by agenda item",
    incidents: "Incidents",
    quality: "Line quality",
    events: "Course of the conference",
  },
);
