/** Learning from decided flags: what was tried, whether it was better, and the way back. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Learned, Part, Version } from "../wire/loop";
import { localDate, t, withZone } from "../words";
import { attempt, usePage } from "./context";

const PARTS = ["temperature", "floor_points", "centres"] as const;

export function Learning() {
  const page = usePage();
  const shown = useSignal(false);
  const busy = useSignal(false);
  const learned = useSignal<Learned | null>(null);
  const act = async (task: () => Promise<Learned>) => {
    busy.value = true;
    await attempt(page, async () => (learned.value = await task()));
    busy.value = false;
  };
  useEffect(() => {
    if (shown.value) void act(() => page.learning.learned());
  }, [shown.value]);
  const refit = async () => {
    await page.learning.refit();
    return page.learning.learned();
  };
  const now = learned.value;
  return (
    <details class="agreement" onToggle={(event) => (shown.value = event.currentTarget.open)}>
      <summary>{t("learning.title")}</summary>
      <p class="quiet">{t("learning.hint")}</p>
      {now && (
        <>
          <p role="status">
            {now.active === null
              ? t("learning.plain")
              : t("learning.active", { version: now.active })}{" "}
            {now.restart_needed && t("learning.restart")}
          </p>
          <div class="buttons">
            <button type="button" disabled={busy.value} onClick={() => void act(refit)}>
              {t(busy.value ? "learning.busy" : "learning.refit")}
            </button>
            {now.active !== null && (
              <button
                type="button"
                disabled={busy.value}
                onClick={() => void act(() => page.learning.rollBack())}
              >
                {t("learning.back")}
              </button>
            )}
          </div>
          <ol class="versions">
            {now.versions.map((version) => (
              <One
                key={version.version}
                version={version}
                busy={busy.value}
                onAdopt={() => void act(() => page.learning.adopt(version.version))}
              />
            ))}
          </ol>
        </>
      )}
    </details>
  );
}

interface OneProps {
  version: Version;
  busy: boolean;
  onAdopt: () => void;
}

function One({ version, busy, onAdopt }: OneProps) {
  const { figures } = version;
  const at = Date.parse(version.created_at);
  const from = { n: figures.learned_from, back: figures.held_back };
  return (
    <li>
      <p class="flag-head">
        <strong>{t("learning.version", { version: version.version })}</strong>
        <span class="quiet">{t(version.better ? "learning.better" : "learning.worse")}</span>
        <time class="figures" dateTime={version.created_at} title={withZone(at)}>
          {localDate(at)}
        </time>
      </p>
      <p class="quiet figures">{t("learning.from", from)}</p>
      <ul class="quiet figures">
        {PARTS.map((name) => {
          const part = figures[name];
          if (typeof part !== "object") return null;
          return (
            <li key={name}>
              {t(`learning.${name}`)}: {t(part.taken ? "learning.taken" : "learning.kept")}
              <small> {numbers(part)}</small>
            </li>
          );
        })}
      </ul>
      {version.adopted ? (
        <p>{t("learning.adopted")}</p>
      ) : (
        version.better && (
          <button type="button" disabled={busy} onClick={onAdopt}>
            {t("learning.adopt")}
          </button>
        )
      )}
    </li>
  );
}

/** The figures of a part under the names that the interface gives them. */
function numbers(part: Part): string {
  return Object.entries(part)
    .filter((entry): entry is [string, number] => typeof entry[1] === "number")
    .map(([name, value]) => `${name} ${Number(value.toFixed(3))}`)
    .join(" · ");
}
