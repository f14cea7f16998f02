import { expect, test } from "vitest";
import { backoff, follows } from "./socket";

test("a hole in the numbers is seen", () => {
  expect(follows(null, 0)).toBe(true);
  expect(follows(4, 5)).toBe(true);
  expect(follows(4, 6)).toBe(false);
});

test("attempts come back slower and slower, up to five seconds and a half more", () => {
  expect(backoff(0, 0.5)).toBe(250);
  expect(backoff(3, 0.5)).toBe(2000);
  expect(backoff(99, 1)).toBe(7500);
});
