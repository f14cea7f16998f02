import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Agreement } from "./agreement";
import type { ReviewItem, ReviewQueue, ReviewVoted } from "../generated/events";
import { age, localDate, t, withZone } from "../words";
import type { Player } from "../wire/player";
import { flagName, VOTES, type VoteLabel } from "../wire/reviews";
import { attempt, usePage } from "./context";
import { Answer } from "./answer";

const KEY = "tonewatch.reviewer";

type Step =
  | { kind: "asking" }
  | { kind: "empty" }
  | { kind: "blind"; item: ReviewItem }
  | { kind: "told"; item: ReviewItem; voted: ReviewVoted; label: VoteLabel };

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
  const step = useSignal<Step>({ kind: "asking" });
  const queue = useSignal<ReviewQueue | null>(null);
  const skipped = useRef<string[]>([]);
  const next = () =>
    attempt(page, async () => {
      const item = await page.reviews.next(reviewer, skipped.current);
      step.value = item ? { kind: "blind", item } : { kind: "empty" };
      queue.value = await page.reviews.queue();
    });
  useEffect(() => void next(), []);
  const skip = (item: ReviewItem) =>
    attempt(page, async () => {
      skipped.current.push(flagName(item));
      await page.reviews.release(item, reviewer);
      await next();
    });
  const vote = (item: ReviewItem, label: VoteLabel, note: string) =>
    attempt(page, async () => {
      const voted = await page.reviews.vote(item, reviewer, label, note);
      step.value = { kind: "told", item, voted, label };
    });
  const undo = (item: ReviewItem) =>
    attempt(page, async () => {
      await page.reviews.undo(item, reviewer);
      step.value = { kind: "blind", item };
    });
  const now = step.value;
  return (
    <section class="page review" aria-busy={now.kind === "asking"}>
      <div class="title">
        <h1>{t("review.title")}</h1>
        {queue.value && <Waiting queue={queue.value} />}
        <p class="quiet">
          {t("review.as", { name: reviewer })}{" "}
          <button type="button" class="plain" onClick={onLeave}>
            {t("review.leave")}
          </button>
        </p>
      </div>
      {now.kind === "empty" && (
        <div class="empty">
          <h2>{t("review.none")}</h2>
          <p>{t("review.none.hint")}</p>
          <button
            type="button"
            onClick={() => {
              skipped.current = [];
              void next();
            }}
          >
            {t("review.again")}
          </button>
        </div>
      )}
      {(now.kind === "blind" || now.kind === "told") && (
        <One
          key={flagName(now.item)}
          step={now}
          reviewer={reviewer}
          onVote={(label, note) => void vote(now.item, label, note)}
          onUndo={() => void undo(now.item)}
          onSkip={() => void skip(now.item)}
          onNext={() => void next()}
        />
      )}
      <Agreement />
    </section>
  );
}

function Waiting({ queue }: { queue: ReviewQueue }) {
  const oldest = queue.oldest_at
    ? age((Date.now() - Date.parse(queue.oldest_at)) / 1000)
    : "";
  if (queue.waiting === 0) return <p class="quiet figures">{t("review.none")}</p>;
  return (
    <p class="quiet figures">
      {queue.waiting === 1
        ? t("review.queue.one", { age: oldest })
        : t("review.queue", { n: queue.waiting, age: oldest })}
    </p>
  );
}

interface OneProps {
  step: Extract<Step, { item: ReviewItem }>;
  reviewer: string;
  onVote: (label: VoteLabel, note: string) => void;
  onUndo: () => void;
  onSkip: () => void;
  onNext: () => void;
}

function One({ step, reviewer, onVote, onUndo, onSkip, onNext }: OneProps) {
  const page = usePage();
  const note = useSignal("");
  const wanted = useSignal(step.item.second_wanted);
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
  const second = () =>
    void attempt(page, async () => {
      await page.reviews.second(item, reviewer);
      wanted.value = true;
    });
  const told = step.kind === "told";
  useKeys((key) => {
    const vote = VOTES[Number(key) - 1];
    if (key === " ") play();
    else if (key === "n" && !told) noteBox.current?.focus();
    else if (key === "s") second();
    else if (key === "u" && told) onUndo();
    else if (key === "Enter") told ? onNext() : onSkip();
    else if (vote && !told) onVote(vote, note.value);
    else return false;
    return true;
  });
  return (
    <article>
      <p class="flag-head">
        <span dir="auto">{item.session_name}</span>
        <time class="figures quiet" dateTime={item.at} title={withZone(Date.parse(item.at))}>
          {localDate(Date.parse(item.at))}
        </time>
      </p>
      {player && !player.failed.value ? (
        <button type="button" class="primary large" onClick={play} aria-keyshortcuts="Space">
          {t(player.playing.value ? "player.pause" : "flag.play")}
        </button>
      ) : (
        <p class="quiet">{t(player ? "player.failed" : "player.none")}</p>
      )}
      {step.kind === "told" ? (
        <Answer voted={step.voted} own={step.label} player={player} />
      ) : (
        <>
          <h2>{t("review.ask")}</h2>
          <div class="votes" role="group" aria-label={t("review.ask")}>
            {VOTES.map((label, i) => (
              <button
                key={label}
                type="button"
                aria-keyshortcuts={String(i + 1)}
                onClick={() => onVote(label, note.value)}
              >
                <kbd aria-hidden="true">{i + 1}</kbd> {t(`review.vote.${label}`)}
              </button>
            ))}
          </div>
          <label>
            {t("review.note")}
            <textarea
              ref={noteBox}
              rows={2}
              maxLength={2000}
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
            <>
              <button type="button" class="primary" onClick={onNext}>
                {t("review.next")}
              </button>
              <button type="button" onClick={onUndo}>
                {t("review.undo")}
              </button>
            </>
          ) : (
            <button type="button" onClick={onSkip}>
              {t("review.skip")}
            </button>
          )}
          <button type="button" disabled={wanted.value} onClick={second}>
            {t(wanted.value ? "review.second.asked" : "review.second")}
          </button>
        </div>
        <p class="quiet keys">{t(told ? "review.keys.told" : "review.keys")}</p>
      </div>
    </article>
  );
}

/** Keys of the whole page, where no field or button has them. */
function useKeys(press: (key: string) => boolean): void {
  const latest = useRef(press);
  latest.current = press;
  useEffect(() => {
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
