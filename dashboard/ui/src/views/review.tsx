import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { ReviewQueue } from "../generated/events";
import { Sitting, type Step } from "../state/sitting";
import { age, localDate, t, withZone } from "../words";
import type { Player } from "../wire/player";
import { flagName, VOTES, type VoteLabel } from "../wire/reviews";
import { Agreement } from "./agreement";
import { Answer } from "./answer";
import { attempt, usePage } from "./context";
import { Learning } from "./learning";
import { Snippet } from "./snippet";

const KEY = "tonewatch.reviewer";

/** A claim lapses after minutes; the queue is looked at more often. */
const KEEP_MS = 15_000;

/** One flag at a time: hear it, say what it is, only then see what the model said. */
export function ReviewView() {
  const reviewer = useSignal(localStorage.getItem(KEY) ?? "");
  if (!reviewer.value) {
    return (
      <WhoAreYou
        onName={(name) => {
          localStorage.setItem(KEY, name);
          reviewer.value = name;
        }}
      />
    );
  }
  return (
    <Desk
      reviewer={reviewer.value}
      onLeave={() => {
        localStorage.removeItem(KEY);
        reviewer.value = "";
      }}
    />
  );
}

function WhoAreYou({ onName }: { onName: (name: string) => void }) {
  const name = useSignal("");
  return (
    <section class="page review empty">
      <h1>{t("review.title")}</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.value.trim()) onName(name.value.trim());
        }}
      >
        <label>
          {t("review.who")}
          <input
            type="text"
            required
            maxLength={64}
            autocomplete="name"
            value={name.value}
            onInput={(event) => (name.value = event.currentTarget.value)}
          />
        </label>
        <p class="quiet">{t("review.who.hint")}</p>
        <button type="submit" class="primary">
          {t("review.begin")}
        </button>
      </form>
    </section>
  );
}

function Desk({ reviewer, onLeave }: { reviewer: string; onLeave: () => void }) {
  const page = usePage();
  const sitting = useMemo(() => new Sitting(page.reviews, reviewer), [reviewer]);
  const act = (task: () => Promise<void>) => void attempt(page, task);
  useEffect(() => {
    act(() => sitting.next());
    const timer = setInterval(() => act(() => sitting.keep()), KEEP_MS);
    return () => {
      clearInterval(timer);
      act(() => sitting.leave());
    };
  }, [sitting]);
  const now = sitting.step.value;
  const queue = sitting.queue.value;
  return (
    <section class="page review" aria-busy={now.kind === "asking"}>
      <div class="title">
        <h1>{t("review.title")}</h1>
        {queue && <Waiting queue={queue} />}
        <p class="quiet reviewer">
          {t("review.as", { name: reviewer })}{" "}
          <button type="button" class="plain" onClick={onLeave}>
            {t("review.leave")}
          </button>
        </p>
      </div>
      {now.kind === "empty" && <Empty queue={queue} sitting={sitting} act={act} />}
      {now.kind === "lost" && <Lost by={now.by} onNext={() => act(() => sitting.next())} />}
      {(now.kind === "blind" || now.kind === "told") && (
        <One key={flagName(now.item)} step={now} sitting={sitting} reviewer={reviewer} act={act} />
      )}
      <Agreement />
      <Learning />
    </section>
  );
}

type Act = (task: () => Promise<void>) => void;

function Empty({ queue, sitting, act }: { queue: ReviewQueue | null; sitting: Sitting; act: Act }) {
  const others = queue !== null && queue.waiting > 0;
  useKeys((key) => {
    if (key === "u" && sitting.undoable) act(() => sitting.undo());
    else return false;
    return true;
  });
  return (
    <div class="nothing">
      <h2>{t(others ? "review.none.yours" : "review.none")}</h2>
      <p>{t(others ? "review.none.others" : "review.none.hint")}</p>
      <div class="buttons">
        <button type="button" onClick={() => act(() => sitting.again())}>
          {t("review.again")}
        </button>
        {sitting.undoable && (
          <button type="button" onClick={() => act(() => sitting.undo())}>
            {t("review.undo")}
          </button>
        )}
      </div>
    </div>
  );
}

/** Somebody else was quicker. */
function Lost({ by, onNext }: { by: string | null; onNext: () => void }) {
  useKeys((key) => {
    if (key !== "Enter") return false;
    onNext();
    return true;
  });
  return (
    <div class="nothing" role="alert">
      <h2 dir="auto">{by ? t("review.lost.by", { name: by }) : t("review.lost")}</h2>
      <p>{t("review.lost.hint")}</p>
      <button type="button" class="primary" onClick={onNext}>
        {t("review.next")}
      </button>
    </div>
  );
}

function Waiting({ queue }: { queue: ReviewQueue }) {
  const { waiting, oldest_at } = queue;
  if (waiting === 0 || !oldest_at) return null;
  const oldest = age((Date.now() - Date.parse(oldest_at)) / 1000);
  return (
    <p class="quiet figures">
      {waiting === 1
        ? t("review.queue.one", { age: oldest })
        : t("review.queue", { n: waiting, age: oldest })}
    </p>
  );
}

interface OneProps {
  step: Extract<Step, { kind: "blind" | "told" }>;
  sitting: Sitting;
  reviewer: string;
  act: Act;
}

/** One flag: its sound, then either the votes or the model's answer. */
function One({ step, sitting, reviewer, act }: OneProps) {
  const page = usePage();
  const note = useSignal("");
  const noteBox = useRef<HTMLTextAreaElement>(null);
  const { item } = step;
  const player = useMemo<Player | null>(
    () => (item.sound ? page.player(page.reviews.sound(item, reviewer)) : null),
    [],
  );
  useEffect(() => () => player?.close(), []);
  const play = () => {
    if (player?.playing.value) player.pause();
    else player?.play(0);
  };
  const told = step.kind === "told";
  const vote = (label: VoteLabel) => act(() => sitting.vote(label, note.value.trim()));
  const undo = () => act(() => sitting.undo());
  useKeys((key) => {
    const chosen = VOTES[Number(key) - 1];
    if (key === " ") play();
    else if (key === "u" && sitting.undoable) undo();
    else if (key === "Enter") act(() => (told ? sitting.next() : sitting.skip()));
    else if (key === "n" && !told) noteBox.current?.focus();
    else if (key === "s" && told) act(() => sitting.second());
    else if (chosen && !told) vote(chosen);
    else return false;
    return true;
  });
  const at = Date.parse(item.at);
  return (
    <article>
      <p class="flag-head">
        <strong dir="auto">{item.session_name}</strong>
        <time class="figures quiet" dateTime={item.at} title={withZone(at)}>
          {localDate(at)}
        </time>
      </p>
      <Snippet item={item} player={player} onPlay={play} />
      {step.kind === "told" ? (
        <Answer voted={step.voted} own={step.label} player={player} />
      ) : (
        <>
          {step.seen && <p class="banner">{t("review.seen")}</p>}
          <Votes onVote={vote} />
          <label>
            {t("review.note")}
            <textarea
              ref={noteBox}
              rows={2}
              maxLength={2000}
              dir="auto"
              value={note.value}
              onInput={(event) => (note.value = event.currentTarget.value)}
              onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
            />
          </label>
        </>
      )}
      <div class="review-foot">
        <div class="buttons">
          {told ? (
            <button type="button" class="primary" onClick={() => act(() => sitting.next())}>
              {t("review.next")}
            </button>
          ) : (
            <button type="button" onClick={() => act(() => sitting.skip())}>
              {t("review.skip")}
            </button>
          )}
          {sitting.undoable && (
            <button type="button" onClick={undo}>
              {t(told ? "review.undo" : "review.undo.last")}
            </button>
          )}
          {told && (
            <button
              type="button"
              disabled={item.second_wanted}
              onClick={() => act(() => sitting.second())}
            >
              {t(item.second_wanted ? "review.second.asked" : "review.second")}
            </button>
          )}
        </div>
        <p class="quiet keys">{t(told ? "review.keys.told" : "review.keys")}</p>
      </div>
    </article>
  );
}

function Votes({ onVote }: { onVote: (label: VoteLabel) => void }) {
  return (
    <>
      <h2>{t("review.ask")}</h2>
      <div class="votes" role="group" aria-label={t("review.ask")}>
        {VOTES.map((label, i) => (
          <button
            key={label}
            type="button"
            aria-keyshortcuts={String(i + 1)}
            onClick={() => onVote(label)}
          >
            <kbd aria-hidden="true">{i + 1}</kbd> {t(`review.vote.${label}`)}
          </button>
        ))}
      </div>
    </>
  );
}

/** Keys of the whole page, where no field or button has them. */
function useKeys(press: (key: string) => boolean): void {
  const latest = useRef(press);
  latest.current = press;
  // Before the view is painted: whoever sees a flag has its keys, and no others.
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if (target.closest("input, select, textarea, dialog")) return;
      // A button has its own way with these two.
      if ((event.key === " " || event.key === "Enter") && target.closest("button, a")) return;
      if (latest.current(event.key)) event.preventDefault();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}
