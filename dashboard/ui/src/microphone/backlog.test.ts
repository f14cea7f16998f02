import { expect, test } from "vitest";
import { Backlog } from "./backlog";

function block(first: number, length: number): Int16Array<ArrayBuffer> {
  return Int16Array.from({ length }, (_, i) => first + i);
}

function all(backlog: Backlog, from: number): number[] {
  return [...backlog.from(from)].flatMap(({ samples }) => [...samples]);
}

test("everything from any position comes back once and in order", () => {
  const backlog = new Backlog(1000);
  for (let i = 0; i < 10; i++) backlog.push(block(i * 7, 7));
  for (const from of [0, 3, 7, 40, 69, 70]) {
    expect(all(backlog, from)).toEqual(Array.from({ length: 70 - from }, (_, i) => from + i));
  }
});

test("what is on disk is let go, a block that is only half on disk stays", () => {
  const backlog = new Backlog(1000);
  for (let i = 0; i < 4; i++) backlog.push(block(i * 10, 10));
  backlog.release(25);
  expect(backlog.begin).toBe(20);
  backlog.release(40);
  expect([backlog.begin, backlog.end]).toEqual([40, 40]);
});

test("no more than the limit is kept, and the oldest goes first", () => {
  const backlog = new Backlog(25);
  for (let i = 0; i < 6; i++) backlog.push(block(i * 10, 10));
  expect(backlog.begin).toBe(40);
  expect(all(backlog, 0)[0]).toBe(40);
});
