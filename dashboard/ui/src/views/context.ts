import { signal, type Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { FrameLoop } from "../draw/frame";
import type { Microphone } from "../microphone/microphone";
import type { Store } from "../state/store";
import { Refused, type Api } from "../wire/api";
import type { Player } from "../wire/player";
import type { Loop } from "../wire/loop";
import type { Reviews } from "../wire/reviews";
import { t } from "../words";
import type { Router } from "./router";

/** What every view may use; made once, in main.tsx or demo/main.tsx. */
export interface Page {
  store: Store;
  api: Api;
  reviews: Reviews;
  learning: Loop;
  loop: FrameLoop;
  microphone: Pick<Microphone, "state" | "session" | "start" | "stop">;
  router: Router;
  player: (url: string) => Player;
  /** The open dialog. */
  dialog: Signal<"notice" | "machine" | "upload" | null>;
  /** One line about the last thing that was asked for. */
  message: Signal<string>;
}

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error("no page around this view");
  return page;
}

export function newSignals(): Pick<Page, "dialog" | "message"> {
  return { dialog: signal(null), message: signal("") };
}

/** What an error says to a person. */
export function spoken(error: unknown): string {
  if (error instanceof Refused) return t("error.request", { what: error.message });
  return t("error.network");
}

/** Do something and say it if it fails. */
export async function attempt(page: Page, task: () => Promise<unknown>): Promise<boolean> {
  page.message.value = "";
  try {
    await task();
    return true;
  } catch (error) {
    page.message.value = spoken(error);
    return false;
  }
}
