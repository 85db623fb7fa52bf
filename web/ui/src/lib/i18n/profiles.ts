import { translator } from "./translate";

/** The names of the profiles that a conference's pictures and sound can have. */
export const profileName = translator(
  { full: "đầy đủ", standard: "tiêu chuẩn", light: "nhẹ", voice: "chỉ tiếng" },
  { full: "full", standard: "standard", light: "light", voice: "voice only" },
);
