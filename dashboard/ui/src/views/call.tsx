import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { lanes, liveFrame, SmoothEdge } from "../draw/now";
import type { Episode } from "../generated/events";
import { Columns, FRAMES_PER_SECOND, leading } from "../state/columns";
import { isOn, saying, scoredLeg, serverNow } from "../state/look";
import type { Leg, Session } from "../state/world";
import { age, clock, decibels, percent, t, withZone } from "../words";
import type { Order } from "../wire/api";
import type { Player } from "../wire/player";
import { SceneNote } from "./about";
import { Chart, type Scene } from "./chart";
import { attempt, usePage } from "./context";
import { FlagList } from "./flags";
import { Link } from "./link";
import { Name } from "./name";
import { who } from "./row";
import { rememberedNotice } from "./start";
import { sentence } from "./say";

const NOTHING = new Columns(1);
/** Sound around a flag that helps to judge it, seconds. */
export const AROUND_S = 1.5;

/** One call that is on. */
export function CallView({ id }: { id: string }) {
  const { store } = usePage();
  const world = store.shown.value;
  const call = world.sessions.get(id);
  if (!world.known) return <section class="page" aria-busy="true" />;
  if (!call) {
    return (
      <section class="page empty">
        <h1>{t("call.missing")}</h1>
        <p>{t("call.missing.hint")}</p>
        <p>
          <Link to={`/sessions/${encodeURIComponent(id)}`}>{t("call.ended.open")}</Link>
        </p>
      </section>
    );
  }
  return (
    <section class={`page call-view ${world.link === "lost" ? "stale" : ""}`}>
      <Heading call={call} />
      <SessionFaults id={id} />
      <SceneNote info={call.info} />
      <Now call={call} />
      <Curving call={call} />
    </section>
  );
}

function Heading({ call }: { call: Session }) {
  const page = usePage();
  const { info } = call;
  const started = Date.parse(info.started_at);
  const order = (name: Order) => void attempt(page, () => page.api.order(info.id, name, rememberedNotice()));
  const mine = page.microphone.session === info.id;
  const told = (scoredLeg(call)?.columns.length ?? 0) > 0;
  return (
    <header class="call-head">
      <p class="back">
        <Link to="/">{t("call.back")}</Link>
      </p>
      <div class="call-title">
        <Name
          name={info.name}
          onSave={isOn(call) && ((name) => attempt(page, () => page.api.rename(info.id, name)))}
        />
        <p class="quiet" title={withZone(started)}>
          <span class="figures">{clock((serverNow(page.store.current) - started) / 1000)}</span> ·{" "}
          {t(`source.${info.source}`)} · {t(`state.${info.state}`)}
        </p>
      </div>
      {isOn(call) ? (
        <div class="buttons">
          {info.state === "paused" ? (
            <button type="button" class="primary" onClick={() => order("resume")}>
              {t("call.resume")}
            </button>
          ) : (
            <button type="button" title={t("call.pause.hint")} onClick={() => order("pause")}>
              {t("call.pause")}
            </button>
          )}
          {info.scoring && (
            <button
              type="button"
              title={t("call.stop-scoring.hint")}
              onClick={() => order("stop-scoring")}
            >
              {t("call.stop-scoring")}
            </button>
          )}
          {!info.scoring && info.legs.some((leg) => leg.role === "customer") && (
            <button
              type="button"
              title={t("call.start-scoring.hint")}
              onClick={() => order("start-scoring")}
            >
              {t("call.start-scoring")}
            </button>
          )}
          {!info.scoring && told && (
            <button
              type="button"
              title={t("call.erase-scores.hint")}
              onClick={() => confirm(t("call.erase-scores.sure")) && order("erase-scores")}
            >
              {t("call.erase-scores")}
            </button>
          )}
          <button
            type="button"
            onClick={() => (mine ? page.microphone.stop() : order("stop"))}
          >
            {t(mine ? "call.end.mic" : "call.stop")}
          </button>
        </div>
      ) : (
        <p>
          <Link to={`/sessions/${encodeURIComponent(info.id)}`} class="button">
            {t("call.ended.open")}
          </Link>
        </p>
      )}
    </header>
  );
}

function SessionFaults({ id }: { id: string }) {
  const { faults } = usePage().store.shown.value;
  return (
    <>
      {faults
        .filter((fault) => fault.session === id)
        .map((fault) => (
          <p key={fault.code} class="banner alert" role="alert">
            {fault.message} {fault.way_out && t("fault.way", { way: fault.way_out })}
          </p>
        ))}
    </>
  );
}

/** The emotion now in words, how sure, since when; and how far fear and disgust are apart. */
function Now({ call }: { call: Session }) {
  const said = saying(call);
  const leg = scoredLeg(call);
  return (
    <div class="now">
      <div class="now-words">
        <p class={`say ${said.kind === "emotion" ? "" : "quiet"}`}>
          {said.kind === "emotion" && <i class={`stroke ${said.label}`} aria-hidden="true" />}
          {sentence(said, call)}
          {said.kind === "emotion" && said.label !== "unknown" && (
            <span class="figures sure"> ({percent(said.confidence)})</span>
          )}
        </p>
        <p class="quiet">
          {said.kind === "emotion" && said.seconds >= 1 && (
            <span class="figures">{t("say.since", { time: age(said.seconds) })} · </span>
          )}
          {said.kind !== "paused" && t(`who.${who(call)}`)}
          {said.kind === "emotion" && leg?.warmingUp && <> · {t("call.warming")}</>}
          {said.kind === "not-scored" && call.info.scoring_reason && (
            <> · {call.info.scoring_reason}</>
          )}
        </p>
      </div>
      {leg && call.info.scoring && (
        <Confusion confusion={said.kind === "emotion" ? leg.confusion : null} />
      )}
      {leg && <Meters leg={leg} />}
    </div>
  );
}

/** Small difference, easily confused; said only while one of the two is strong enough. */
function Confusion({ confusion }: { confusion: number | null }) {
  const close = confusion !== null && confusion < 15;
  return (
    <div class="confusion">
      <p class="quiet">{t("call.fear-disgust")}</p>
      {confusion === null ? (
        <p class="quiet">{t("call.confusion.none")}</p>
      ) : (
        <>
          <p class="figures">
            <strong>{t("call.confusion", { n: confusion.toFixed(1) })}</strong>{" "}
            {t(close ? "call.confusion.close" : "call.confusion.clear")}
          </p>
          <span class="scale" aria-hidden="true">
            <i style={{ width: `${Math.min(100, confusion)}%` }} />
          </span>
        </>
      )}
    </div>
  );
}

function Meters({ leg }: { leg: Leg }) {
  const { activity } = leg;
  if (!activity) return <div class="meters" />;
  return (
    <dl class="meters">
      <div>
        <dt>{t("call.level")}</dt>
        <dd class="figures">{decibels(activity.level_dbfs)}</dd>
      </div>
      <div>
        <dt>{t("call.snr")}</dt>
        <dd class="figures">{decibels(activity.snr_db)}</dd>
      </div>
      <div>
        <dt>{t("calls.column.line")}</dt>
        <dd>{activity.poor || t("call.line.good")}</dd>
      </div>
      {leg.info.reason && <p class="quiet">{leg.info.reason}</p>}
    </dl>
  );
}

/** Curves at the left, flags at the side. */
function Curving({ call }: { call: Session }) {
  const { store } = usePage();
  const { id } = call.info;
  const chosen = useSignal<string | null>(null);
  const looked = useSignal<number | null>(null);
  const edge = useMemo(() => new SmoothEdge(), [id]);
  const { play, playing } = useFlagPlayer(call);
  const leg = scoredLeg(call);
  const scene = (now: number): Scene => {
    const current = store.current.sessions.get(id) ?? call;
    const shown = scoredLeg(current);
    const moving = current.info.state === "live";
    const end = edge.at(liveFrame(current), now, moving) / FRAMES_PER_SECOND;
    const { episodes, gaps } = current;
    const marks = { episodes, gaps, lanes: lanes(current), chosen: chosen.peek(), head: null };
    const back = looked.peek();
    return {
      columns: shown?.columns ?? NOTHING,
      provisional: shown?.provisional ?? null,
      marks,
      leader: leading(shown?.emotion?.label),
      end,
      window: (span) => {
        if (back !== null) return [back - (span || 30) / 2, back + (span || 30) / 2];
        return span === 0 ? [0, Math.max(10, end)] : [end - span, end];
      },
    };
  };
  const show = (episode: Episode) => {
    const again = chosen.value === episode.id;
    chosen.value = again ? null : episode.id;
    looked.value = again ? null : (episode.start + episode.end) / 2 / FRAMES_PER_SECOND;
  };
  return (
    <div class="call-body">
      <Chart
        scene={scene}
        newest={leg?.emotion?.frame ?? 0}
        columns={leg?.columns ?? NOTHING}
        provisional={leg?.provisional ?? null}
        gaps={call.gaps}
        live
      />
      <FlagList
        episodes={call.episodes}
        started={Date.parse(call.info.started_at)}
        chosen={chosen.value}
        onPlay={play}
        onShow={show}
        playing={playing.value}
      />
    </div>
  );
}

/** Plays a flag's sound from what is on disk already. */
function useFlagPlayer(call: Session) {
  const page = usePage();
  const playing = useSignal<string | null>(null);
  const player = useRef<Player | null>(null);
  const stop = () => {
    player.current?.close();
    player.current = null;
    playing.value = null;
  };
  useEffect(() => stop, []);
  const play = (episode: Episode) => {
    const again = playing.value === episode.id;
    stop();
    if (again) return;
    const sound = page.player(page.api.audio(call.info.id, episode.leg));
    player.current = sound;
    playing.value = episode.id;
    const [from, to] = [episode.start / FRAMES_PER_SECOND, episode.end / FRAMES_PER_SECOND];
    sound.play(from - AROUND_S, to + AROUND_S);
    sound.failed.subscribe((failed) => {
      if (!failed) return;
      page.message.value = t("player.failed");
      stop();
    });
    let begun = false;
    sound.playing.subscribe((on) => {
      if (begun && !on && player.current === sound) stop();
      begun ||= on;
    });
  };
  return { play, playing };
}
