/** Under which name the browser keeps the point that was entered last. */
export const LAST_SEAT = "seat";
