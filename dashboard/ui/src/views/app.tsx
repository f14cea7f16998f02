import { useEffect } from "preact/hooks";
import { ordered } from "../state/look";
import { t } from "../words";
import { CallView } from "./call";
import { CallsView } from "./calls";
import { PageContext, usePage, type Page } from "./context";
import { Later } from "./later";
import { Shell } from "./shell";

export function App({ page }: { page: Page }) {
  return (
    <PageContext.Provider value={page}>
      <Shell>
        <View />
      </Shell>
    </PageContext.Provider>
  );
}

function View() {
  const page = usePage();
  const [, room, id] = page.router.path.value.split("/");
  const spoken = page.microphone.session;
  useEffect(() => {
    if (spoken && page.router.path.value === "/") page.router.go(`/calls/${spoken}`);
  }, [spoken]);
  const flags = ordered(page.store.shown.value).reduce((n, call) => n + call.episodes.length, 0);
  const names = { review: t("nav.review"), sessions: t("nav.past") } as Record<string, string>;
  useEffect(() => {
    const name = names[room ?? ""] ?? t("nav.calls");
    document.title = `${flags > 0 ? `(${flags}) ` : ""}${name} – ${t("app.name")}`;
  });
  if (room === "review") return <Later key="review" load={review} id="" />;
  if (room === "sessions" && id) return <Later key={id} load={recording} id={decoded(id)} />;
  if (room === "sessions") return <Later key="past" load={past} id="" />;
  if (room === "calls" && id) return <CallView key={id} id={decoded(id)} />;
  return <CallsView />;
}

// What a supervisor does not look at all day is loaded when it is opened.
const review = async () => (await import("./review")).ReviewView;
const recording = async () => (await import("./recording")).RecordingView;
const past = async () => (await import("./past")).PastView;

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
