import { Component } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { palette } from "../draw/palette";
import { SHAPES } from "../draw/marks";
import { drawSpark } from "../draw/spark";
import { lanes, liveFrame } from "../draw/now";
import { saying, scoredLeg, serverNow, speaking } from "../state/look";
import type { Session } from "../state/world";
import { clock, count, language, percent, t, withZone } from "../words";
import { usePage } from "./context";
import { Link } from "./link";
import { sentence } from "./say";

/** One call in the list. */
export function CallRow({ call }: { call: Session }) {
  return <Row call={call} words={language.value} />;
}

interface RowProps {
  call: Session;
  /** The language: a row is rendered again only when this or the call has changed. */
  words: string;
}

class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    return next.call !== this.props.call || next.words !== this.props.words;
  }
  render() {
    return <RowContent call={this.props.call} />;
  }
}

function RowContent({ call }: { call: Session }) {
  const { store } = usePage();
  const { info } = call;
  const started = Date.parse(info.started_at);
  const running = (serverNow(store.shown.peek()) - started) / 1000;
  const said = saying(call);
  return (
    <li>
      <Link to={`/calls/${encodeURIComponent(info.id)}`} class="row call">
        <span class="row-name">
          <strong dir="auto" title={info.name}>
            {info.name}
          </strong>
          <small title={withZone(started)}>
            <span class="figures">{clock(running)}</span> · {t(`source.${info.source}`)}
          </small>
        </span>
        <span class="row-now">
          {said.kind === "emotion" ? (
            <strong>
              <i class={`stroke ${said.label}`} aria-hidden="true" />
              {said.label === "unknown" ? t("say.emotion.unknown") : t(`label.${said.label}`)}{" "}
              {said.label !== "unknown" && (
                <span class="figures">{percent(said.confidence)}</span>
              )}
            </strong>
          ) : (
            <span class="quiet">{sentence(said, call)}</span>
          )}
          <small>{t(`who.${who(call)}`)}</small>
        </span>
        <Spark id={info.id} />
        <span class="row-line">
          <Line call={call} />
        </span>
        {call.episodes.length > 0 && (
          <span class="row-flags">
            <b aria-hidden="true">{SHAPES[call.episodes.at(-1)!.kind]}</b>{" "}
            {count("flags.open.one", "flags.open.many", call.episodes.length)}
          </span>
        )}
      </Link>
    </li>
  );
}

export function who(call: Session): "customer" | "agent" | "both" | "none" {
  const roles = speaking(call);
  const customer = roles.some((role) => role !== "agent");
  if (customer && roles.includes("agent")) return "both";
  if (customer) return "customer";
  return roles.length > 0 ? "agent" : "none";
}

/** Level as a bar, and quality in words. */
function Line({ call }: { call: Session }) {
  const activity = scoredLeg(call)?.activity ?? [...call.legs.values()][0]?.activity;
  if (!activity) return <small class="quiet">{t("line.none")}</small>;
  const level = Math.min(1, Math.max(0, (activity.level_dbfs + 60) / 60));
  return (
    <>
      <span class="level" aria-hidden="true">
        <i style={{ width: `${Math.round(level * 100)}%` }} />
      </span>
      <small class={activity.poor ? "poor" : ""} title={activity.poor}>
        {activity.poor ? t("line.poor") : t("line.good")}
      </small>
    </>
  );
}

function Spark({ id }: { id: string }) {
  const { store, loop } = usePage();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current!;
    let seen = true;
    let drawn = -Infinity;
    const watcher = new IntersectionObserver(([entry]) => (seen = entry!.isIntersecting));
    watcher.observe(element);
    const stop = loop.add((now) => {
      const call = store.current.sessions.get(id);
      // A minute on two hundred pixels moves a pixel in a third of a second.
      if (!seen || !call || now - drawn < 150) return;
      drawn = now;
      drawSpark(element, call, lanes(call), liveFrame(call), palette.peek());
    });
    return () => {
      stop();
      watcher.disconnect();
    };
  }, [id]);
  return <canvas ref={canvas} class="spark" role="img" aria-label={t("spark.alt")} />;
}
