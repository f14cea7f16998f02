/** The three ways to begin, and quieter ones. */
import { useSignal } from "@preact/signals";
import type { About, Told } from "../wire/api";
import { t } from "../words";
import { attempt, usePage, type Page } from "./context";

const KEY = "tonewatch.notice";
export const NOTHING_KNOWN: About = { context: "", profile: "" };

export function rememberNotice(notice: Told): void {
  localStorage.setItem(KEY, JSON.stringify(notice));
}

export function rememberedNotice(): Told | null {
  const kept = localStorage.getItem(KEY);
  return kept ? (JSON.parse(kept) as Told) : null;
}

export function forgetNotice(): void {
  localStorage.removeItem(KEY);
}

/** Ask for the notice, or start at once where it has been given. */
function speak(page: Page): void {
  const notice = rememberedNotice();
  const opening = { name: t("source.browser"), about: NOTHING_KNOWN };
  if (notice) void page.microphone.start({ ...opening, notice });
  else page.dialog.value = "notice";
}

async function playDemo(page: Page): Promise<void> {
  await attempt(page, async () => page.router.go(`/calls/${await page.api.demo()}`));
}

/** Large, with a sentence each, where nothing is on; else a row of plain buttons. */
export function StartButtons({ large }: { large: boolean }) {
  const page = usePage();
  const told = useSignal(rememberedNotice() !== null);
  const state = page.microphone.state.value.kind;
  const busy = state === "opening" || state === "sending" || state === "broken";
  const choices = [
    ["mic", () => speak(page), busy],
    ["demo", () => void playDemo(page), false],
    ["open", () => (page.dialog.value = "upload"), false],
  ] as const;
  return (
    <div class={large ? "starts large" : "starts"}>
      {choices.map(([name, act, disabled], i) => (
        <button
          key={name}
          type="button"
          class={large && i === 0 ? "primary" : ""}
          disabled={disabled}
          onClick={act}
        >
          <strong>{t(`calls.${name}`)}</strong>
          {large && <span>{t(`calls.${name}.hint`)}</span>}
        </button>
      ))}
      <button type="button" class="plain" onClick={() => (page.dialog.value = "machine")}>
        {t("calls.machine")}
      </button>
      {told.value && !busy && (
        <button
          type="button"
          class="plain"
          onClick={() => {
            forgetNotice();
            told.value = false;
          }}
        >
          {t("notice.forget")}
        </button>
      )}
    </div>
  );
}
