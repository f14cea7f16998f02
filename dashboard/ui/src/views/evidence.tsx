import type { Episode } from "../generated/events";
import { language, t } from "../words";

/** What was measured of the voice in a flag, and for which of the two it speaks; no score has it. */
export function EvidenceList({ episode }: { episode: Episode }) {
  const { evidence, floor_rise } = episode;
  if (evidence.length === 0 && floor_rise === 0) return null;
  return (
    <ul class="evidence" aria-label={t("evidence.title")}>
      {evidence.map((one) => (
        <li key={one.kind} class={one.supports ? "" : "quiet"}>
          {language.value === "zh" ? one.words_zh : one.words_en}
          {one.supports && <small> – {t(`evidence.${one.supports}`)}</small>}
        </li>
      ))}
      {floor_rise > 0 && (
        <li class="quiet">{t("evidence.floor", { n: Math.round(floor_rise) })}</li>
      )}
    </ul>
  );
}
