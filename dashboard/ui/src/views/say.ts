import type { Label } from "../state/columns";
import type { Saying } from "../state/look";
import type { Session } from "../state/world";
import { t } from "../words";

/** What is said of a call, as a plain and modest sentence. */
export function sentence(said: Saying, call: Session): string {
  if (said.kind === "emotion") return emotionSentence(said.label);
  if (said.kind === "not-scored" && call.info.notice) return t("say.not-scored.other");
  return t(`say.${said.kind}`);
}

export function emotionSentence(label: Label): string {
  if (label === "unknown") return t("say.emotion.unknown");
  if (label === "other") return t("say.emotion.other");
  return t("say.emotion", { emotion: t(`label.${label}`) });
}
