import { useEffect, useState } from "preact/hooks";
import { ordered } from "../state/look";
import { count, t } from "../words";
import { usePage } from "./context";
import { dropped } from "./dialogs";
import { CallRow } from "./row";
import { StartButtons } from "./start";

/** Every call that is on; those that need a person first. */
export function CallsView() {
  const { store } = usePage();
  const world = store.shown.value;
  const calls = ordered(world);
  const flagged = calls.filter((call) => call.episodes.length > 0).length;
  const over = useDrop();
  if (!world.known) return <section class="page" aria-busy="true" />;
  return (
    <section class={`page ${world.link === "lost" ? "stale" : ""}`}>
      {over && <div class="drop">{t("calls.drop")}</div>}
      {calls.length === 0 ? (
        <div class="empty">
          <h1>{t("calls.none")}</h1>
          <p>{t("calls.intro")}</p>
          <StartButtons large />
        </div>
      ) : (
        <>
          <div class="title">
            <h1>{count("calls.count.one", "calls.count.many", calls.length)}</h1>
            {flagged > 0 && <p class="quiet">{t("calls.flagged", { n: flagged })}</p>}
            <StartButtons large={false} />
          </div>
          <div class="row heads" aria-hidden="true">
            <span>{t("calls.column.call")}</span>
            <span>{t("calls.column.now")}</span>
            <span>{t("calls.column.minute")}</span>
            <span>{t("calls.column.line")}</span>
          </div>
          <ol class="calls" aria-label={t("calls.list")}>
            {calls.map((call) => (
              <CallRow key={call.info.id} call={call} />
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

/** A recording may be dropped anywhere on this view. */
function useDrop(): boolean {
  const { dialog } = usePage();
  const [over, setOver] = useState(false);
  useEffect(() => {
    const hover = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (!event.relatedTarget) setOver(false);
    };
    const drop = (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      dropped.file = event.dataTransfer?.files[0] ?? null;
      if (dropped.file) dialog.value = "upload";
    };
    addEventListener("dragover", hover);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", hover);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, []);
  return over;
}
