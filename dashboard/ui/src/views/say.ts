import type { Saying } from "../state/look";
import type { Session } from "../state/world";
import { t } from "../words";

/** What is said of a call, as a plain and modest sentence. */
export function sentence(said: Saying, call: Session): string {
  if (said.kind === "emotion") {
    if (said.label === "unknown") return t("say.emotion.unknown");
    if (said.label === "other") return t("say.emotion.other");
    return t("say.emotion", { emotion: t(`label.${said.label}`) });
  }
  if (said.kind === "not-scored" && call.info.notice) return t("say.not-scored.other");
  return t(`say.${said.kind}`);
}
