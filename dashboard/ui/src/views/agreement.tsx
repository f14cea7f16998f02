/** How far the model and the reviewers agree, over days; and everything as a file. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Agreement as Figures, Day } from "../generated/events";
import { percent, t } from "../words";
import { attempt, usePage } from "./context";

const [WIDTH, HEIGHT, PAD] = [480, 120, 24];

export function Agreement() {
  const page = usePage();
  const shown = useSignal(false);
  const figures = useSignal<Figures | null>(null);
  useEffect(() => {
    if (!shown.value) return;
    void attempt(page, async () => (figures.value = await page.reviews.agreement()));
  }, [shown.value]);
  return (
    <details
      class="agreement"
      onToggle={(event) => (shown.value = event.currentTarget.open)}
    >
      <summary>{t("agreement.title")}</summary>
      {figures.value && <Shown figures={figures.value} />}
      <p>
        <a href={page.reviews.exported("csv")} download>
          {t("agreement.csv")}
        </a>{" "}
        <a href={page.reviews.exported("json")} download>
          {t("agreement.json")}
        </a>
      </p>
    </details>
  );
}

function Shown({ figures }: { figures: Figures }) {
  const { model, reviewers, over_time: days } = figures;
  if (model.decided === 0) return <p class="quiet">{t("agreement.none")}</p>;
  return (
    <>
      <p class="figures">
        {t("agreement.model", {
          share: percent(model.agree / model.decided),
          n: model.decided,
        })}
      </p>
      <p class="figures">
        {reviewers.alpha === null
          ? t("agreement.alone")
          : t("agreement.alpha", { alpha: reviewers.alpha.toFixed(2), n: reviewers.flags })}
      </p>
      <Drawing days={days} />
      <table class="quiet figures">
        <thead>
          <tr>
            <th scope="col">{t("agreement.day")}</th>
            <th scope="col">{t("agreement.decided")}</th>
            <th scope="col">{t("agreement.agrees")}</th>
          </tr>
        </thead>
        <tbody>
          {days.slice(-14).map((day) => (
            <tr key={day.day}>
              <td>{day.day}</td>
              <td>{day.decided}</td>
              <td>{percent(day.model_agrees / Math.max(1, day.decided))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** A point for each day, its size by the number of decisions; the table says the same. */
function Drawing({ days }: { days: readonly Day[] }) {
  const x = (i: number) =>
    days.length === 1 ? WIDTH / 2 : PAD + (i * (WIDTH - 2 * PAD)) / (days.length - 1);
  const y = (day: Day) =>
    HEIGHT - PAD - ((HEIGHT - 2 * PAD) * day.model_agrees) / Math.max(1, day.decided);
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={t("agreement.drawing")}>
      {[0, 0.5, 1].map((share) => {
        const at = HEIGHT - PAD - (HEIGHT - 2 * PAD) * share;
        return (
          <g key={share}>
            <line x1={PAD} x2={WIDTH - PAD} y1={at} y2={at} class="grid" />
            <text x={WIDTH - PAD + 2} y={at + 4}>{`${100 * share}`}</text>
          </g>
        );
      })}
      <polyline points={days.map((day, i) => `${x(i)},${y(day)}`).join(" ")} />
      {days.map((day, i) => (
        <circle key={day.day} cx={x(i)} cy={y(day)} r={Math.min(8, 2 + Math.sqrt(day.decided))} />
      ))}
    </svg>
  );
}
