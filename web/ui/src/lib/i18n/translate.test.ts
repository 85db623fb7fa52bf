import { afterEach, describe, expect, it } from "vitest";
import { preferences } from "../preferences.svelte";
import { fill } from "./translate";

afterEach(() => {
  preferences.language = "vi";
});

describe("texts with values", () => {
  it("write numbers in the language's own way", () => {
    expect(fill("{n} điểm cầu", { n: 3321 })).toBe("3.321 điểm cầu");
    preferences.language = "en";
    expect(fill("{n} points", { n: 3321 })).toBe("3,321 points");
  });

  it("choose singular and plural by the value that is named", () => {
    expect(fill("{n} {n|point|points}", { n: 1 })).toBe("1 point");
    expect(fill("{n} {n|point|points}", { n: 2 })).toBe("2 points");
  });

  it("leave alone what has no value, and never fill a value's own braces", () => {
    expect(fill("{missing} {name}", { name: "{missing}" })).toBe("{missing} {missing}");
  });
});
