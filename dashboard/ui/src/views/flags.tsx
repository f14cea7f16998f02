import { EvidenceList } from "./evidence";
import { SHAPES } from "../draw/marks";
import type { Episode } from "../generated/events";
import { FRAMES_PER_SECOND } from "../state/columns";
import { clock, language, localTime, t, withZone } from "../words";

interface Props {
  episodes: readonly Episode[];
  /** UTC ms of frame 0. */
  started: number;
  chosen: string | null;
  /** Hear it; absent where there is no sound. */
  onPlay?: ((episode: Episode) => void) | undefined;
  onShow: (episode: Episode) => void;
  playing: string | null;
}

/** Newest first: time, kind, the reason in one sentence, a way to hear it. */
export function FlagList({ episodes, started, chosen, onPlay, onShow, playing }: Props) {
  return (
    <section class="flags" aria-labelledby="flags-title">
      <h2 id="flags-title">{t("call.flags")}</h2>
      {episodes.length === 0 && <p class="quiet">{t("call.flags.none")}</p>}
      <ol>
        {episodes.toReversed().map((episode) => {
          const at = started + (episode.start * 1000) / FRAMES_PER_SECOND;
          const length = (episode.end - episode.start) / FRAMES_PER_SECOND;
          return (
            <li key={episode.id} class={episode.id === chosen ? "chosen" : ""}>
              <p class="flag-head">
                <b aria-hidden="true">{SHAPES[episode.kind]}</b>
                <strong>{t(`flag.${episode.kind}`)}</strong>
                <time class="figures" dateTime={new Date(at).toISOString()} title={withZone(at)}>
                  {clock(episode.start / FRAMES_PER_SECOND)} · {localTime(at)}
                </time>
              </p>
              <p>{reason(episode)}</p>
              <EvidenceList episode={episode} />
              <p class="flag-foot">
                <span class="figures quiet">
                  {t("flag.fear", { n: Math.round(episode.fear) })} ·{" "}
                  {t("flag.disgust", { n: Math.round(episode.disgust) })} ·{" "}
                  {episode.state === "open"
                    ? t("flag.open")
                    : t("flag.seconds", { n: length.toFixed(1) })}
                </span>
                <button type="button" onClick={() => onShow(episode)}>
                  {t("flag.show")}
                </button>
                {onPlay && (
                  <button type="button" onClick={() => onPlay(episode)}>
                    {playing === episode.id ? t("flag.stop") : t("flag.play")}
                  </button>
                )}
              </p>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

export function reason(episode: Episode): string {
  return language.value === "zh" ? episode.reason_zh : episode.reason_en;
}
