import type { Evidence } from "../generated/events";
import { language, t } from "../words";

/** What was measured of the voice; never a part of the scores. */
export function EvidenceList({ evidence }: { evidence: readonly Evidence[] }) {
  if (evidence.length === 0) return null;
  return (
    <>
      <h3>{t("evidence.title")}</h3>
      <ul class="evidence">
        {evidence.map((one) => (
          <li key={one.kind}>{language.value === "zh" ? one.words_zh : one.words_en}</li>
        ))}
      </ul>
    </>
  );
}
