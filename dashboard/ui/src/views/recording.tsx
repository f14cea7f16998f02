import { useSignal, type Signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Episode } from "../generated/events";
import { CONFIDENCE, EMOTION, FRAMES_PER_SECOND, LABELS, leading } from "../state/columns";
import { loadRecording, type Recording } from "../state/kept";
import type { Player } from "../wire/player";
import { clock, localDate, percent, t, withZone } from "../words";
import { SceneNote } from "./about";
import { AROUND_S } from "./call";
import { Chart, type Scene } from "./chart";
import { attempt, usePage } from "./context";
import { FlagList } from "./flags";
import { Link } from "./link";
import { Name } from "./name";
import { emotionSentence } from "./say";

/** A past call: the curves with a play head, its sound, its flags. */
export function RecordingView({ id }: { id: string }) {
  const page = usePage();
  const recording = useSignal<Recording | null>(null);
  useEffect(() => {
    void attempt(page, async () => (recording.value = await loadRecording(page.api, id)));
  }, [id]);
  if (!recording.value) return <section class="page" aria-busy="true" />;
  return <Opened recording={recording.value} />;
}

function Opened({ recording }: { recording: Recording }) {
  const { kept } = recording;
  const { info } = kept;
  const started = Date.parse(info.started_at);
  const leg = useSignal(recording.leg);
  const { player, position, failed } = usePlayer(recording, leg);
  const page = usePage();
  const name = useSignal(info.name);
  const rename = async (wanted: string) => {
    if (await attempt(page, () => page.api.rename(info.id, wanted))) name.value = wanted;
  };
  const chosen = useSignal<string | null>(null);
  const playing = useSignal<string | null>(null);
  const { columns } = recording;
  const scene = (): Scene => {
    const head = player?.seconds ?? 0;
    const index = columns.at(EMOTION, columns.pointOf(head * FRAMES_PER_SECOND));
    return {
      columns,
      provisional: null,
      marks: {
        episodes: kept.episodes,
        gaps: recording.gaps,
        lanes: info.legs.flatMap((one) => {
          const speech = recording.speech.get(one.name);
          return speech ? [{ name: t(`role.${one.role}`), role: one.role, speech }] : [];
        }),
        chosen: chosen.peek(),
        head,
      },
      leader: leading(LABELS[index]),
      end: recording.seconds,
      window: (span) => windowAround(head, span, recording.seconds),
    };
  };
  const show = (episode: Episode) => {
    chosen.value = episode.id;
    player?.seek(episode.start / FRAMES_PER_SECOND);
    position.value = episode.start / FRAMES_PER_SECOND;
  };
  const play = (episode: Episode) => {
    if (!player) return;
    if (playing.value === episode.id && player.playing.peek()) return player.pause();
    chosen.value = episode.id;
    playing.value = episode.id;
    const [from, to] = [episode.start / FRAMES_PER_SECOND, episode.end / FRAMES_PER_SECOND];
    player.play(from - AROUND_S, to + AROUND_S);
  };
  const seek = (seconds: number) => {
    player?.seek(seconds);
    position.value = seconds;
  };
  return (
    <section class="page call-view">
      <header class="call-head">
        <p class="back">
          <Link to="/sessions">{t("past.title")}</Link>
        </p>
        <div class="call-title">
          <Name name={name.value} onSave={rename} />
          <p class="quiet" title={withZone(started)}>
            {localDate(started)} · {t(`source.${info.source}`)} ·{" "}
            <span class="figures">{clock(recording.seconds)}</span>
          </p>
        </div>
        <Actions recording={recording} />
      </header>
      <SceneNote info={info} />
      <AtHead recording={recording} seconds={position.value} />
      <Controls
        recording={recording}
        player={failed.value ? null : player}
        position={position}
        leg={leg}
        seek={seek}
        failed={failed.value}
      />
      <div class="call-body">
        <Chart
          scene={scene}
          newest={position.value * FRAMES_PER_SECOND}
          columns={columns}
          provisional={null}
          gaps={recording.gaps}
          live={false}
          onPick={seek}
        />
        <FlagList
          episodes={kept.episodes}
          started={started}
          chosen={chosen.value}
          onPlay={player && !failed.value ? play : undefined}
          onShow={show}
          playing={player?.playing.value ? playing.value : null}
        />
      </div>
    </section>
  );
}

/** The play head stands in the middle, except near both ends. */
function windowAround(head: number, span: number, whole: number): [number, number] {
  if (span === 0 || span >= whole) return [0, Math.max(whole, 1)];
  const from = Math.min(Math.max(0, head - span / 2), whole - span);
  return [from, from + span];
}

function AtHead({ recording, seconds }: { recording: Recording; seconds: number }) {
  const { columns, kept } = recording;
  const point = columns.pointOf(seconds * FRAMES_PER_SECOND);
  const label = LABELS[columns.at(EMOTION, point)];
  if (columns.length === 0) {
    const words = kept.info.notice ? "say.not-scored.other" : "say.not-scored";
    return <p class="say quiet">{t(words)}</p>;
  }
  return (
    <p class={`say ${label ? "" : "quiet"}`}>
      {label && <i class={`stroke ${label}`} aria-hidden="true" />}
      {label ? emotionSentence(label) : t("say.silence")}
      {label && label !== "unknown" && (
        <span class="figures sure"> ({percent(columns.at(CONFIDENCE, point))})</span>
      )}
    </p>
  );
}

/** The player of the chosen leg, and its position for words and the slider. */
function usePlayer(recording: Recording, leg: Signal<string>) {
  const page = usePage();
  const position = useSignal(0);
  const failed = useSignal(false);
  const { kept } = recording;
  const player = useMemo<Player | null>(
    () => (kept.session?.audio ? page.player(page.api.audio(kept.info.id, leg.value)) : null),
    [leg.value],
  );
  useEffect(() => {
    if (!player) return;
    failed.value = false;
    player.seek(position.peek());
    const forget = player.failed.subscribe((broken) => (failed.value = broken));
    let told = -Infinity;
    const stop = page.loop.add((now) => {
      if (!player.playing.peek() || now - told < 100) return;
      told = now;
      position.value = player.seconds;
    });
    return () => {
      stop();
      forget();
      player.close();
    };
  }, [player]);
  return { player, position, failed };
}

interface ControlProps {
  recording: Recording;
  player: Player | null;
  position: Signal<number>;
  leg: Signal<string>;
  seek: (seconds: number) => void;
  failed: boolean;
}

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2];

function Controls({ recording, player, position, leg, seek, failed }: ControlProps) {
  const speed = useRef(1);
  const { episodes, info } = recording.kept;
  const starts = episodes.map((episode) => episode.start / FRAMES_PER_SECOND);
  const here = position.value;
  const before = starts.findLast((start) => start < here - 1);
  const after = starts.find((start) => start > here + 0.1);
  useEffect(() => player?.speed(speed.current), [player]);
  if (!player) {
    return <p class="banner">{t(failed ? "player.failed" : "player.none")}</p>;
  }
  return (
    <div class="player">
      <button
        type="button"
        class="primary"
        onClick={() => (player.playing.value ? player.pause() : player.play())}
      >
        {t(player.playing.value ? "player.pause" : "player.play")}
      </button>
      <input
        type="range"
        min={0}
        max={recording.seconds}
        step={0.1}
        value={here}
        aria-label={t("player.position")}
        aria-valuetext={clock(here)}
        onInput={(event) => seek(Number(event.currentTarget.value))}
      />
      <span class="figures">
        {clock(here)} / {clock(recording.seconds)}
      </span>
      <label>
        {t("player.speed")}
        <select
          onChange={(event) => {
            speed.current = Number(event.currentTarget.value);
            player.speed(speed.current);
          }}
        >
          {SPEEDS.map((rate) => (
            <option key={rate} value={rate} selected={rate === speed.current}>
              {rate}×
            </option>
          ))}
        </select>
      </label>
      {info.legs.length > 1 && (
        <label>
          {t("player.listen")}
          <select value={leg.value} onChange={(event) => (leg.value = event.currentTarget.value)}>
            {info.legs.map((one) => (
              <option key={one.name} value={one.name}>
                {t(`role.${one.role}`)}
              </option>
            ))}
          </select>
        </label>
      )}
      {starts.length > 0 && (
        <>
          <button
            type="button"
            disabled={before === undefined}
            onClick={() => before !== undefined && seek(before)}
          >
            {t("player.previous-flag")}
          </button>
          <button
            type="button"
            disabled={after === undefined}
            onClick={() => after !== undefined && seek(after)}
          >
            {t("player.next-flag")}
          </button>
        </>
      )}
    </div>
  );
}

function Actions({ recording }: { recording: Recording }) {
  const page = usePage();
  const asking = useSignal(false);
  const { id } = recording.kept.info;
  const remove = async () => {
    if (!(await attempt(page, () => page.api.remove(id)))) return;
    page.router.go("/sessions");
  };
  if (asking.value) {
    return (
      <div class="buttons" role="alertdialog" aria-label={t("past.delete")}>
        <p>{t("past.delete.sure")}</p>
        <button type="button" class="danger" onClick={() => void remove()}>
          {t("past.delete.yes")}
        </button>
        <button type="button" onClick={() => (asking.value = false)}>
          {t("notice.cancel")}
        </button>
      </div>
    );
  }
  return (
    <div class="buttons">
      <a class="button" href={page.api.download(id)} download>
        {t("past.download")}
      </a>
      <button type="button" onClick={() => (asking.value = true)}>
        {t("past.delete")}
      </button>
    </div>
  );
}
