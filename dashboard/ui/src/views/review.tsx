import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Duel } from "../draw/duel";
import { palette } from "../draw/palette";
import { SHAPES } from "../draw/marks";
import type { Focus } from "../generated/events";
import { FRAMES_PER_SECOND, type Columns } from "../state/columns";
import { columnsOf } from "../state/kept";
import { loadFlag, loadQueue, type Queue, type Waiting } from "../state/queue";
import { age, clock, localDate, t, withZone } from "../words";
import type { Player } from "../wire/player";
import { AROUND_S } from "./call";
import { attempt, usePage } from "./context";
import { reason } from "./flags";
import { Link } from "./link";

interface Open extends Waiting {
  columns: Columns;
}

/** Flags of all calls, oldest first, one at a time. */
export function ReviewView() {
  const page = usePage();
  const queue = useSignal<Queue | null>(null);
  const index = useSignal(0);
  const open = useSignal<Open | null>(null);
  useEffect(() => {
    void attempt(page, async () => (queue.value = await loadQueue(page.api)));
  }, []);
  useEffect(() => {
    const [asked, known] = [index.value, queue.value];
    if (!known) return;
    void attempt(page, async () => {
      const waiting = await loadFlag(page.api, known, asked);
      if (!waiting || asked !== index.value) return;
      const points = await page.api.frames(waiting.kept.info.id, waiting.episode.leg, 4);
      if (asked === index.value) open.value = { ...waiting, columns: columnsOf(points) };
    });
  }, [index.value, queue.value]);
  if (!queue.value) {
    return (
      <section class="page review" aria-busy="true">
        <p class="quiet">{t("review.loading")}</p>
      </section>
    );
  }
  const { length, sessions } = queue.value;
  if (length === 0) {
    return (
      <section class="page empty">
        <h1>{t("review.none")}</h1>
        <p>{t("review.none.hint")}</p>
      </section>
    );
  }
  const oldest = age((Date.now() - Date.parse(sessions[0]!.started_at)) / 1000);
  const go = (way: number) => {
    index.value = Math.min(length - 1, Math.max(0, index.value + way));
  };
  return (
    <section class="page review">
      <div class="title">
        <h1>{t("review.title")}</h1>
        <p class="quiet figures">
          {length === 1
            ? t("review.queue.one", { age: oldest })
            : t("review.queue", { n: length, age: oldest })}
        </p>
      </div>
      {open.value && (
        <One key={`${open.value.kept.info.id}/${open.value.episode.id}`} open={open.value} go={go} />
      )}
      <div class="review-foot">
        <div class="buttons">
          <button type="button" disabled={index.value === 0} onClick={() => go(-1)}>
            {t("review.previous")}
          </button>
          <span class="figures">{t("review.position", { i: index.value + 1, n: length })}</span>
          <button type="button" disabled={index.value === length - 1} onClick={() => go(1)}>
            {t("review.next")}
          </button>
        </div>
        <p class="quiet keys">{t("review.keys")}</p>
      </div>
    </section>
  );
}

function One({ open, go }: { open: Open; go: (way: number) => void }) {
  const page = usePage();
  const { kept, episode } = open;
  const at = Date.parse(kept.info.started_at) + (episode.start * 1000) / FRAMES_PER_SECOND;
  const player = useMemo<Player | null>(
    () =>
      kept.session?.audio ? page.player(page.api.audio(kept.info.id, episode.leg)) : null,
    [],
  );
  useEffect(() => () => player?.close(), []);
  const play = () => {
    if (!player) return;
    if (player.playing.value) return player.pause();
    const [from, to] = [episode.start / FRAMES_PER_SECOND, episode.end / FRAMES_PER_SECOND];
    player.play(from - AROUND_S, to + AROUND_S);
  };
  useReviewKeys(play, go);
  const on = kept.info.state === "live" || kept.info.state === "paused";
  const id = encodeURIComponent(kept.info.id);
  return (
    <article>
      <p class="flag-head">
        <b aria-hidden="true">{SHAPES[episode.kind]}</b>
        <strong>{t(`flag.${episode.kind}`)}</strong>
        <span dir="auto">{kept.info.name}</span>
        <time class="figures quiet" dateTime={new Date(at).toISOString()} title={withZone(at)}>
          {localDate(at)}
        </time>
        <Link to={`${on ? "/calls" : "/sessions"}/${id}`}>{t("review.open")}</Link>
      </p>
      <DuelChart open={open} player={player} />
      <p class="say">{reason(episode)}</p>
      <Clearest label="fearful" focus={episode.focus_fear} />
      <Clearest label="disgusted" focus={episode.focus_disgust} />
      {player && !player.failed.value ? (
        <button type="button" class="primary large" onClick={play}>
          {t(player.playing.value ? "player.pause" : "flag.play")}
        </button>
      ) : (
        <p class="quiet">{t(player ? "player.failed" : "player.none")}</p>
      )}
    </article>
  );
}

function Clearest({ label, focus }: { label: "fearful" | "disgusted"; focus: Focus | null }) {
  if (!focus) return null;
  const values = {
    label: t(`label.${label}`),
    from: clock(focus.start / FRAMES_PER_SECOND),
    to: clock(focus.end / FRAMES_PER_SECOND),
    score: Math.round(focus.score),
  };
  return <p class="quiet figures">{t("review.clearest", values)}</p>;
}

function DuelChart({ open, player }: { open: Open; player: Player | null }) {
  const { loop } = usePage();
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = host.current!;
    const duel = new Duel(element, open.columns, open.episode, palette.peek());
    const watcher = new ResizeObserver(() =>
      duel.resize(element.clientWidth, element.clientHeight),
    );
    watcher.observe(element);
    const stop = loop.add(() =>
      duel.show(player?.playing.peek() ? player.seconds : null, palette.peek()),
    );
    return () => {
      stop();
      watcher.disconnect();
      duel.destroy();
    };
  }, []);
  return <div ref={host} class="plot duel" role="img" aria-label={t("review.curves")} />;
}

function useReviewKeys(play: () => void, go: (way: number) => void): void {
  const latest = useRef({ play, go });
  latest.current = { play, go };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.target as HTMLElement).closest("input, select, textarea, button, a, dialog")) return;
      if (event.key === " ") latest.current.play();
      else if (event.key === "ArrowRight") latest.current.go(1);
      else if (event.key === "ArrowLeft") latest.current.go(-1);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
