/** The ways to begin. */
import { useSignal } from "@preact/signals";
import type { Told } from "../wire/api";
import { t } from "../words";
import { attempt, usePage, type Page } from "./context";

const KEY = "tonewatch.notice";

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
  if (notice) void page.microphone.start({ name: t("source.browser"), notice });
  else page.dialog.value = "notice";
}

/** The monitor's own machine may have a microphone, too. */
export async function listenHere(page: Page, notice: Told | null): Promise<void> {
  await attempt(page, async () => {
    page.router.go(`/calls/${await page.api.machine(t("source.microphone"), notice)}`);
  });
}

function machine(page: Page): void {
  const notice = rememberedNotice();
  if (notice) void listenHere(page, notice);
  else page.dialog.value = "machine";
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
    ["machine", () => machine(page), false],
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
