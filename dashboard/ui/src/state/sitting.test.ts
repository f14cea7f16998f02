import { describe, expect, test } from "vitest";
import type { ReviewItem, ReviewQueue } from "../generated/events";
import { Refused } from "../wire/api";
import type { Reviews } from "../wire/reviews";
import { Sitting } from "./sitting";

function item(episode: string): ReviewItem {
  return { session: "s", episode } as ReviewItem;
}

/** Flags in order; what is asked for is written down. */
function queueOf(flags: string[], asked: string[], taken: string[] = []): Reviews {
  const note = (what: string, flag: ReviewItem) => {
    asked.push(`${what} ${flag.episode}`);
    if (taken.includes(flag.episode)) throw new Refused("Bo has it", 409, "claimed", "Bo");
  };
  const voted = new Set<string>();
  return {
    queue: async () => ({ waiting: flags.length, oldest_at: null, items: [] }) as ReviewQueue,
    next: async (_: string, skip: readonly string[]) => {
      const found = flags.find((flag) => !voted.has(flag) && !skip.includes(`s/${flag}`));
      return found ? item(found) : null;
    },
    claim: async (flag: ReviewItem) => (note("claim", flag), flag),
    release: async (flag: ReviewItem) => note("release", flag),
    undo: async (flag: ReviewItem) => (note("undo", flag), void voted.delete(flag.episode)),
    second: async (flag: ReviewItem) => (note("second", flag), { ...flag, second_wanted: true }),
    vote: async (flag: ReviewItem) => {
      note("vote", flag);
      voted.add(flag.episode);
      return { item: flag, answer: {} };
    },
  } as unknown as Reviews;
}

describe("a sitting", () => {
  test("what is pressed twice is asked once", async () => {
    const asked: string[] = [];
    const sitting = new Sitting(queueOf(["a", "b"], asked), "Ada");
    await sitting.next();
    await Promise.all([sitting.vote("fearful", ""), sitting.vote("fearful", "")]);
    expect(asked).toEqual(["vote a"]);
    await Promise.all([sitting.next(), sitting.next()]);
    expect(sitting.step.value).toMatchObject({ kind: "blind", item: { episode: "b" } });
    await sitting.vote("both", "");
    expect(asked).toEqual(["vote a", "vote b"]);
  });

  test("a skipped flag goes back and does not come again until one looks again", async () => {
    const asked: string[] = [];
    const sitting = new Sitting(queueOf(["a"], asked), "Ada");
    await sitting.next();
    await sitting.skip();
    expect(asked).toEqual(["release a"]);
    expect(sitting.step.value.kind).toBe("empty");
    await sitting.again();
    expect(sitting.step.value).toMatchObject({ kind: "blind", item: { episode: "a" } });
  });

  test("the last vote is taken back from the next flag, which goes back to the queue", async () => {
    const asked: string[] = [];
    const sitting = new Sitting(queueOf(["a", "b"], asked), "Ada");
    await sitting.next();
    await sitting.vote("fearful", "");
    await sitting.next();
    expect(sitting.step.value).toMatchObject({ kind: "blind", item: { episode: "b" } });
    await sitting.undo();
    expect(asked).toEqual(["vote a", "undo a", "release b", "claim a"]);
    expect(sitting.step.value).toMatchObject({ item: { episode: "a" }, seen: true });
    expect(sitting.undoable).toBe(false);
  });

  test("whoever comes too late is told who has the flag", async () => {
    const sitting = new Sitting(queueOf(["a"], [], ["a"]), "Ada");
    await sitting.next();
    await sitting.vote("both", "");
    expect(sitting.step.value).toMatchObject({ kind: "lost", by: "Bo" });
  });

  test("a flag is held while it is looked at", async () => {
    const asked: string[] = [];
    const sitting = new Sitting(queueOf(["a"], asked), "Ada");
    await sitting.next();
    await sitting.keep();
    expect(asked).toEqual(["claim a"]);
    await sitting.leave();
    expect(asked.at(-1)).toBe("release a");
  });
});
