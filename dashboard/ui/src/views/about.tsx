/** What is known of a call before it begins, and what that changed. */
import type { SessionInfo } from "../generated/events";
import { LABELS, labelOf } from "../state/columns";
import type { About } from "../wire/api";
import { t } from "../words";

/** The profiles that come along; a file of one's own may name others. */
const PROFILES = ["customer_service", "medical", "education", "emergency"] as const;

interface FieldsProps {
  about: About;
  onChange: (about: About) => void;
}

export function AboutFields({ about, onChange }: FieldsProps) {
  return (
    <details>
      <summary>{t("about.title")}</summary>
      <p class="quiet">{t("about.hint")}</p>
      <label>
        {t("about.context")}
        <textarea
          rows={2}
          maxLength={2000}
          dir="auto"
          value={about.context}
          onInput={(event) => onChange({ ...about, context: event.currentTarget.value })}
        />
      </label>
      <label>
        {t("about.profile")}
        <input
          list="profiles"
          maxLength={64}
          placeholder={t("about.profile.none")}
          value={about.profile}
          onInput={(event) => onChange({ ...about, profile: event.currentTarget.value.trim() })}
        />
      </label>
      <datalist id="profiles">
        {PROFILES.map((profile) => (
          <option key={profile} value={profile} label={t(`profile.${profile}`)} />
        ))}
      </datalist>
    </details>
  );
}

function profileName(profile: string): string {
  const known = PROFILES.find((one) => one === profile);
  return known ? t(`profile.${known}`) : profile;
}

/** Context and profile of a call, and all that they moved; nothing where there is neither. */
export function SceneNote({ info }: { info: SessionInfo }) {
  const { context, scene } = info;
  if (!context && !scene) return null;
  const thresholds = Object.entries(scene?.thresholds ?? {});
  const shifts = LABELS.filter((label) => scene?.shifts[label]);
  return (
    <details class="scene">
      <summary>
        {scene?.profile
          ? t("scene.profile", { name: profileName(scene.profile) })
          : t("scene.context")}
      </summary>
      {context && <blockquote dir="auto">{context}</blockquote>}
      <ul class="figures">
        {scene?.hints.map((hint) => (
          <li key={hint.word}>
            {t("scene.hint", { word: hint.word, scene: profileName(hint.scene) })}
          </li>
        ))}
        {shifts.map((label) => (
          <li key={label}>
            {t("scene.shift", {
              label: t(`label.${labelOf(label)!}`),
              value: signed(scene!.shifts[label]!),
            })}
          </li>
        ))}
        {thresholds.map(([name, value]) => (
          <li key={name}>
            <code>{name}</code> {value}
          </li>
        ))}
      </ul>
      <p class="quiet">
        {t(scene ? "scene.raw" : "scene.nothing")}
        {scene && ` ${t("scene.version", { version: scene.version })}`}
      </p>
    </details>
  );
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;
}
