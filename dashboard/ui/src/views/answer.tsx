/** After the vote: what the model said of the flag, on what evidence, and what others said. */
import { useEffect, useRef } from "preact/hooks";
import { Duel } from "../draw/duel";
import { SHAPES } from "../draw/marks";
import { palette } from "../draw/palette";
import type { Focus, ReviewVoted } from "../generated/events";
import { columnsOf } from "../state/kept";
import { FRAMES_PER_SECOND } from "../state/columns";
import type { Player } from "../wire/player";
import { pointsOf, type VoteLabel } from "../wire/reviews";
import { clock, t } from "../words";
import { usePage } from "./context";
import { EvidenceList } from "./evidence";
import { reason } from "./flags";
import { Link } from "./link";

interface Props {
  voted: ReviewVoted;
  own: VoteLabel;
  player: Player | null;
}

export function Answer({ voted, own, player }: Props) {
  const { episode, votes } = voted.answer;
  const others = votes.filter((vote) => vote.label !== own || votes.length > 1);
  return (
    <>
      <h2>
        {t("review.yours", { vote: t(`review.vote.${own}`) })}
      </h2>
      <p class="flag-head">
        <b aria-hidden="true">{SHAPES[episode.kind]}</b>
        <strong>{t(`flag.${episode.kind}`)}</strong>
        <Link to={`/sessions/${encodeURIComponent(voted.item.session)}`}>{t("review.open")}</Link>
      </p>
      <DuelChart voted={voted} player={player} />
      <p class="say">{reason(episode)}</p>
      <Clearest label="fearful" focus={episode.focus_fear} />
      <Clearest label="disgusted" focus={episode.focus_disgust} />
      {episode.crossing !== null && (
        <p class="quiet figures">
          {t("review.crossing", { at: clock(episode.crossing / FRAMES_PER_SECOND) })}
        </p>
      )}
      <EvidenceList episode={episode} />
      {others.length > 1 && (
        <ul class="quiet">
          {others.map((vote) => (
            <li key={`${vote.reviewer} ${vote.at}`}>
              <span dir="auto">{vote.reviewer}</span>: {t(`review.vote.${vote.label}`)}
              {vote.note && <q dir="auto">{vote.note}</q>}
            </li>
          ))}
        </ul>
      )}
    </>
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

function DuelChart({ voted, player }: { voted: ReviewVoted; player: Player | null }) {
  const { loop } = usePage();
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = host.current!;
    const { answer } = voted;
    const duel = new Duel(element, columnsOf(pointsOf(answer)), answer.episode, palette.peek());
    const watcher = new ResizeObserver(() =>
      duel.resize(element.clientWidth, element.clientHeight),
    );
    watcher.observe(element);
    // The sound begins where the curves do.
    const begin = answer.frames.start_frame / FRAMES_PER_SECOND;
    const stop = loop.add(() =>
      duel.show(player?.playing.peek() ? begin + player.seconds : null, palette.peek()),
    );
    return () => {
      stop();
      watcher.disconnect();
      duel.destroy();
    };
  }, []);
  return <div ref={host} class="plot duel" role="img" aria-label={t("review.curves")} />;
}
