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
    expect(reasonText("loss_up=12.0%")).toBe("mất gói chiều lên 12,0 %");
    expect(reasonText("rtt=1140ms")).toBe("trễ 1,1 s");
    expect(reasonText("no_sample=7s")).toBe("không có số liệu 7 giây");
    expect(reasonText("no_data")).toBe("chưa đo được");
    preferences.language = "en";
    expect(reasonText("jitter_down=45ms")).toBe("jitter down 45 ms");
  });
});
