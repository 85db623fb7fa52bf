import { expect, test } from "vitest";
import type { PointRecord } from "./model";
import { draftOfPoint, pointFile } from "./pointfile";

const POINT: PointRecord = {
  code: "P1",
  name: 'Hội trường "A"',
  unit: "U",
  number: 1,
  seats: 40,
  contact: "",
  address: "Số 1, đường Hai",
  equipment: ["camera", "loa"],
  operators: [{ name: "Lan", phone: "0901", email: "" }],
  line: null,
  backup: null,
};

test("what was emptied is marked, what was empty stays empty, and the rest is quoted", async () => {
  const draft = { ...draftOfPoint(POINT), seats: "", address: " ", operator_phone: "0902" };
  const [header, row] = (await pointFile(POINT, draft).text()).split("\r\n");
  expect(header).toContain('"code","name","unit","seats","contact","address","equipment","operator"');
  expect(row).toBe('"P1","Hội trường ""A""","U","0","","-","camera; loa","Lan","0902","","","",""');
});
