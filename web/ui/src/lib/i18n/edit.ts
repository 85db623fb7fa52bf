import { translator } from "./translate";

/** Another title or other points for a conference that is booked. */
export const t = translator(
  {
    open: "Sửa tên, điểm cầu",
    title: "Sửa tên và điểm cầu",
    sum: "Đang có {n} điểm cầu; thêm {came}, bớt {went}; còn {after}.",
    cut: "Hội nghị đang họp: {n} điểm cầu bị bớt sẽ bị ngắt ngay.",
    save: "Lưu thay đổi",
    done: "Đã lưu: thêm {came}, bớt {went} điểm cầu.",
    renamed: "Đã lưu thay đổi.",
    undone: "Đã hoàn tác.",
  },
  {
    open: "Change title, points",
    title: "Change the title and the points",
    sum: "{n} {n|point|points} now; {came} added, {went} removed; {after} then.",
    cut: "The conference is in session: {n} removed {n|point is|points are} cut off at once.",
    save: "Save",
    done: "Saved: {came} added, {went} removed.",
    renamed: "Saved.",
    undone: "Undone.",
  },
);
