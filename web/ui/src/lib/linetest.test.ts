import { expect, test } from "vitest";
import { best, wayOf, withStartRate } from "./linetest";

test("the best two seconds count, not one reading", () => {
  expect(best([100, 100, 100])).toBeNull();
  expect(best([100, 100, 100, 100, 900, 900, 900, 900, 100])).toBe(900);
  expect(best([0, 0, 0, 8000, 0, 0, 0, 0])).toBe(2000);
});

test("a relay's way is told by its address", () => {
  expect(wayOf("turn:relay.example:3478?transport=udp")).toBe("udp");
  expect(wayOf("turn:relay.example:3478")).toBe("udp");
  expect(wayOf("turn:relay.example:3478?transport=tcp")).toBe("tcp");
  expect(wayOf("turns:relay.example:5349?transport=tcp")).toBe("tls");
});

test("the answer says with which rate to begin, for pictures only", () => {
  const sdp = "m=audio 9 X 111\r\na=rtpmap:111 opus/48000/2\r\nm=video 9 X 96\r\na=rtpmap:96 VP8/90000\r\n";
  expect(withStartRate(sdp)).toContain("a=rtpmap:96 VP8/90000\r\na=fmtp:96 x-google-start-bitrate=5000\r\n");
  expect(withStartRate(sdp).match(/start-bitrate/g)).toHaveLength(1);
});
