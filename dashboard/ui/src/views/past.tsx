import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { StoredSession } from "../generated/events";
import { labelOf } from "../state/columns";
import { clock, localDate, percent, t, withZone } from "../words";
import { attempt, usePage } from "./context";
import { Link } from "./link";

/** Search, list, open. */
export function PastView() {
  const page = usePage();
  const rows = useSignal<StoredSession[] | null>(null);
  const total = useSignal(0);
  const terms = useSignal({ query: "", from: "", to: "" });
  const number = useSignal(1);
  const load = (which: number) =>
    attempt(page, async () => {
      const asked = terms.value;
      const found = await page.api.search({ ...dates(asked), page: which });
      if (asked !== terms.value) return;
      rows.value = which === 1 ? found.sessions : [...(rows.value ?? []), ...found.sessions];
      total.value = found.total;
      number.value = which;
    });
  useEffect(() => {
    // While somebody types, the last letter counts.
    const timer = setTimeout(() => void load(1), rows.peek() === null ? 0 : 250);
    return () => clearTimeout(timer);
  }, [terms.value]);
  const term = (name: "query" | "from" | "to") => ({
    value: terms.value[name],
    onInput: (event: { currentTarget: HTMLInputElement }) => {
      terms.value = { ...terms.value, [name]: event.currentTarget.value };
    },
  });
  const searched = Object.values(terms.value).some(Boolean);
  return (
    <section class="page">
      <div class="title">
        <h1>{t("past.title")}</h1>
        {rows.value && <p class="quiet figures">{t("past.count", { n: total.value })}</p>}
      </div>
      <form class="search" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          {t("past.search")}
          <input type="search" {...term("query")} />
        </label>
        <label>
          {t("past.from")}
          <input type="date" {...term("from")} />
        </label>
        <label>
          {t("past.to")}
          <input type="date" {...term("to")} />
        </label>
      </form>
      {rows.value?.length === 0 && <p class="quiet">{t(searched ? "past.none" : "past.empty")}</p>}
      {rows.value && rows.value.length > 0 && (
        <table class="past">
          <thead>
            <tr>
              <th scope="col">{t("past.name")}</th>
              <th scope="col">{t("past.when")}</th>
              <th scope="col">{t("past.length")}</th>
              <th scope="col">{t("past.result")}</th>
              <th scope="col">{t("past.flags")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.value.map((row) => (
              <Row key={row.id} row={row} />
            ))}
          </tbody>
        </table>
      )}
      {rows.value && rows.value.length < total.value && (
        <button type="button" onClick={() => void load(number.value + 1)}>
          {t("past.more")}
        </button>
      )}
    </section>
  );
}

function Row({ row }: { row: StoredSession }) {
  const on = row.state === "live" || row.state === "paused";
  const started = Date.parse(row.started_at);
  const emotion = labelOf(row.emotion);
  const id = encodeURIComponent(row.id);
  return (
    <tr>
      <th scope="row" dir="auto">
        <Link to={on ? `/calls/${id}` : `/sessions/${id}`}>{row.name}</Link>
      </th>
      <td class="figures" title={withZone(started)}>
        {localDate(started)}
      </td>
      <td class="figures">
        {on ? t("past.live") : row.duration_s === null ? "–" : clock(row.duration_s)}
      </td>
      <td>
        {row.scoring && emotion ? (
          <>
            <i class={`stroke ${emotion}`} aria-hidden="true" />
            {t(`label.${emotion}`)}{" "}
            {row.confidence !== null && <span class="figures">{percent(row.confidence)}</span>}
          </>
        ) : (
          <span class="quiet">{t("past.result.none")}</span>
        )}
      </td>
      <td class="figures">{row.flags > 0 ? row.flags : <span class="quiet">0</span>}</td>
    </tr>
  );
}

/** Days as people name them, to moments: the whole of the last day counts. */
function dates({ query, from, to }: { query: string; from: string; to: string }) {
  const moment = (day: string, add: number) => {
    const date = new Date(`${day}T00:00:00`);
    date.setDate(date.getDate() + add);
    return date.toISOString();
  };
  return { query, from: from && moment(from, 0), to: to && moment(to, 1) };
}
