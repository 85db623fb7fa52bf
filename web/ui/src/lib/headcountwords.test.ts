import { describe, expect, it } from "vitest";
import { hallWords, heads, totalWords } from "./headcountwords";

describe("a hall's delegates in words", () => {
  it("has what was declared of what is expected", () => {
    expect(heads({ declared: 32, expected: 35 })).toBe("32 / 35");
    expect(heads({ declared: 0, expected: 35 })).toBe("0 / 35");
    expect(hallWords({ declared: 32, expected: 35 })).toBe("Đại biểu có mặt: 32 / 35");
  });

  it("says what is not known instead of a nought", () => {
    expect(heads({ declared: null, expected: 35 })).toBe("– / 35");
    expect(heads({ declared: null, expected: 0 })).toBe("–");
    expect(hallWords({ declared: null, expected: 35 })).toBe("Chưa báo số đại biểu có mặt (dự kiến 35)");
    expect(hallWords({ declared: null, expected: 0 })).toBe("Chưa báo số đại biểu có mặt");
  });

  it("leaves out what nobody expects", () => {
    expect(heads({ declared: 12, expected: 0 })).toBe("12");
    expect(hallWords({ declared: 0, expected: 0 })).toBe("Đại biểu có mặt: 0");
  });
});

describe("all halls' delegates in words", () => {
  it("never has 0 of 0", () => {
    expect(totalWords({ answered: 0, declared: 0, expected: 0 })).toBe("Chưa khai báo đại biểu");
    expect(totalWords({ answered: 0, declared: 0, expected: 60 })).toBe("Đại biểu – / 60");
    expect(totalWords({ answered: 2, declared: 0, expected: 0 })).toBe("Đại biểu 0");
    expect(totalWords({ answered: 2, declared: 58, expected: 60 })).toBe("Đại biểu 58 / 60");
  });
});
