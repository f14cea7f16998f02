import { quantile } from "../state/look";
import type { World } from "../state/world";
import { t } from "../words";

/** Small, always there: what reads the voices, under which licence, how late, what was lost. */
export function Foot({ world }: { world: World }) {
  const { engine } = world;
  const half = quantile(world.latencies, 0.5) ?? engine?.latency_p50_ms ?? null;
  const most = quantile(world.latencies, 0.95) ?? engine?.latency_p95_ms ?? null;
  const ms = (value: number | null) => (value === null ? "–" : String(Math.round(value)));
  if (!engine) return <footer class="foot">{t("app.name")}</footer>;
  return (
    <footer class="foot">
      {!engine.commercial_use && <p class="licence">{t("law.licence")}</p>}
      <dl>
        <Item name={t("foot.engine")}>
          {engine.model} {engine.version} {engine.precision}
        </Item>
        <Item name={t("foot.provider")}>{engine.provider || t("foot.unknown")}</Item>
        <Item name={t("foot.licence")} hint={engine.licence_notice}>
          {engine.licence}
        </Item>
        <Item name={t("foot.latency")}>{t("foot.ms", { a: ms(half), b: ms(most) })}</Item>
        <Item name={t("foot.dropped")}>{engine.dropped}</Item>
        <Item name={t("foot.superseded")}>{engine.superseded}</Item>
      </dl>
      {engine.decision_off && <p>{t(`foot.decision-off-${engine.decision_off}`)}</p>}
      {engine.way_up && (
        <p>
          {t("foot.way-up")} <code>{engine.way_up}</code>
        </p>
      )}
    </footer>
  );
}

function Item(props: { name: string; hint?: string; children: preact.ComponentChildren }) {
  return (
    <div title={props.hint}>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}
