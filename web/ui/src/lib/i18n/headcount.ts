import { translator } from "./translate";

/** The people in the halls: what a hall's operator declares, and what the chair sees of it. */
export const t = translator(
  {
    title: "Đại biểu",
    own: "Đại biểu có mặt: {declared} / {expected}",
    unsaid: "Chưa báo số đại biểu có mặt (dự kiến {expected})",
    edit: "Sửa",
    say: "Báo số đại biểu",
    number: "Số đại biểu có mặt tại điểm cầu",
    save: "Lưu",
    saved: "Đã ghi nhận {declared} đại biểu có mặt.",
    total: "Đại biểu {declared}/{expected}",
    answered: "{answered}/{points} điểm cầu đã báo số đại biểu",
    column: "Đại biểu",
    "quorum.reached.delegates": "Đủ tỷ lệ: {have} đại biểu, cần {needed}",
    "quorum.reached.points": "Đủ tỷ lệ: {have} điểm cầu có mặt, cần {needed}",
    "quorum.short.delegates": "Chưa đủ tỷ lệ: {have} đại biểu, cần {needed}",
    "quorum.short.points": "Chưa đủ tỷ lệ: {have} điểm cầu có mặt, cần {needed}",
  },
  {
    title: "Delegates",
    own: "Delegates here: {declared} / {expected}",
    unsaid: "Delegates not declared yet ({expected} expected)",
    edit: "Change",
    say: "Declare delegates",
    number: "Delegates present in this hall",
    save: "Save",
    saved: "Noted: {declared} delegates are here.",
    total: "Delegates {declared}/{expected}",
    answered: "{answered}/{points} points have declared",
    column: "Delegates",
    "quorum.reached.delegates": "Quorum: {have} delegates, {needed} needed",
    "quorum.reached.points": "Quorum: {have} points present, {needed} needed",
    "quorum.short.delegates": "No quorum yet: {have} delegates, {needed} needed",
    "quorum.short.points": "No quorum yet: {have} points present, {needed} needed",
  },
);
