import type { Episode, TieBreak } from "../generated/events";
import { language, t } from "../words";

/** What was measured of the voice in a flag, and for which of the two it speaks; no score has it. */
export function EvidenceList({ episode }: { episode: Episode }) {
  const { evidence, floor_rise, tie_break } = episode;
  if (evidence.length === 0 && floor_rise === 0 && !tie_break) return null;
  return (
    <ul class="evidence" aria-label={t("evidence.title")}>
      {evidence.map((one) => (
        <li key={one.kind} class={one.supports ? "" : "quiet"}>
          {language.value === "zh" ? one.words_zh : one.words_en}
          {one.supports && <small> – {t(`evidence.${one.supports}`)}</small>}
        </li>
      ))}
      {tie_break && <li>{t("evidence.centres", leaning(tie_break))}</li>}
      {floor_rise !== 0 && (
        <li class="quiet">
          {t(floor_rise > 0 ? "evidence.floor" : "evidence.floor.lower", {
            n: Math.round(Math.abs(floor_rise)),
          })}
        </li>
      )}
    </ul>
  );
}

/** The scores that were too close, and which of the two the centres make of them. */
function leaning(tie: TieBreak) {
  const label = tie.fear_enhanced >= tie.disgust_enhanced ? "fearful" : "disgusted";
  return {
    fear: Math.round(tie.fear),
    disgust: Math.round(tie.disgust),
    label: t(`label.${label}`),
  };
}
