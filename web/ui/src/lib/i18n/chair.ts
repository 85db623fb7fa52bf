import { translator } from "./translate";

/** Who chairs a conference. */
export const t = translator(
  {
    label: "Chủ tọa",
    none: "Chưa chọn",
    empty: "Chưa có tài khoản nào có quyền chủ tọa.",
    hint: "Chủ tọa được kéo dài hội nghị khi đang họp. Một người không chủ trì hai hội nghị cùng lúc; khi tìm giờ trống, hội nghị khác của chủ tọa cũng tính là bận.",
    change: "Đổi chủ tọa",
    appoint: "Chọn chủ tọa",
    title: "Chủ tọa của hội nghị",
    save: "Lưu",
    done: "Chủ tọa: {name}.",
    released: "Hội nghị không còn chủ tọa.",
  },
  {
    label: "Chair",
    none: "Nobody yet",
    empty: "No account may chair conferences yet.",
    hint: "The chair can extend the conference while it runs. Nobody chairs two conferences at once; in the search for free time the chair's other conferences count as busy.",
    change: "Change the chair",
    appoint: "Appoint a chair",
    title: "The conference's chair",
    save: "Save",
    done: "Chair: {name}.",
    released: "The conference has no chair any more.",
  },
);
