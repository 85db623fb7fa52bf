import { afterEach, describe, expect, it } from "vitest";
import { ms } from "./format";
import { reasonText } from "./i18n/console";
import { preferences } from "./preferences.svelte";

afterEach(() => {
  preferences.language = "vi";
});

describe("figures", () => {
  it("say times from a second on in seconds", () => {
    expect([ms(null), ms(18.4), ms(999.4), ms(1099)]).toEqual(["–", "18 ms", "999 ms", "1,1 s"]);
  });

  it("are written the language's way in reasons too", () => {
    const reason = {
      code: "loss_up" as const,
      medium: null,
      value: 0.12,
      seconds: 8,
      vi: "mất gói chiều lên 12,0 % trong 8 giây",
      en: "loss up 12.0 % over 8 s",
    };
    expect(reasonText(reason)).toBe(reason.vi);
    preferences.language = "en";
    expect(reasonText(reason)).toBe(reason.en);
  });
});
