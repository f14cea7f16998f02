/** A flag's sound: a button, and a line that shows which part of it is asked about. */
import { useEffect, useRef } from "preact/hooks";
import type { ReviewItem } from "../generated/events";
import { t } from "../words";
import type { Player } from "../wire/player";
import { usePage } from "./context";

interface Props {
  item: ReviewItem;
  player: Player | null;
  onPlay: () => void;
}

export function Snippet({ item, player, onPlay }: Props) {
  if (!player || player.failed.value) {
    return <p class="quiet">{t(player ? "player.failed" : "player.none")}</p>;
  }
  return (
    <div class="snippet">
      <button type="button" class="primary large" onClick={onPlay} aria-keyshortcuts="Space">
        {t(player.playing.value ? "player.pause" : "flag.play")}
      </button>
      <Line item={item} player={player} />
    </div>
  );
}

function Line({ item, player }: { item: ReviewItem; player: Player }) {
  const { loop } = usePage();
  const head = useRef<HTMLElement>(null);
  const before = item.start_s - item.sound_start_s;
  const flag = item.end_s - item.start_s;
  const whole = before + flag + before;
  const share = (seconds: number) => `${(100 * Math.min(seconds, whole)) / whole}%`;
  useEffect(() => loop.add(() => {
    if (head.current) head.current.style.insetInlineStart = share(player.seconds);
  }), [player]);
  const values = { from: before.toFixed(1), to: (before + flag).toFixed(1) };
  return (
    <div class="snippet-line" dir="ltr">
      <div class="track" aria-hidden="true">
        <i class="part" style={{ insetInlineStart: share(before), width: share(flag) }} />
        <i class="head" ref={head} />
      </div>
      <p class="quiet figures">{t("review.part", values)}</p>
    </div>
  );
}
