/** The whole page without a server: scripted calls in every state that it can show. */
import { signal } from "@preact/signals";
import type { Wire } from "../generated/events";
import { FrameLoop } from "../draw/frame";
import type { MicrophoneState } from "../microphone/microphone";
import { Store } from "../state/store";
import type { Order } from "../wire/api";
import { newSignals, type Page } from "../views/context";
import { hashRouter } from "../views/router";
import { ExampleApi } from "./api";
import { ExampleLoop } from "./loop";
import { ExampleReviews } from "./reviews";
import { ScriptedCall } from "./script";
import { SilentPlayer } from "./silent";
import { ENGINE, scenario, stateNamed } from "./states";

const TICK_MS = 120;

export function examplePage(): Page {
  const state = scenario(stateNamed(new URLSearchParams(location.search).get("state")));
  const store = new Store();
  const tell = (message: Wire) => store.dispatch({ kind: "wire", at: Date.now(), message });
  const calls = state.plans.map((plan) => new ScriptedCall(plan));
  const due = (call: ScriptedCall) =>
    (Date.now() - Date.parse(call.plan.info.started_at)) / 20;
  for (const call of calls) call.advance(due(call), Date.now());
  const snapshot = () =>
    tell({
      type: "snapshot",
      sessions: calls.map((call) => call.snapshot()),
      engine: { ...ENGINE, sessions: calls.length, ...state.engine },
      faults: state.faults,
      server_time_ns: Date.now() * 1e6,
      labels: [],
    });
  if (state.link !== "connecting") {
    snapshot();
    store.dispatch({ kind: "link", link: "live" });
  }
  if (state.link === "lost" || state.link === "recovered") {
    store.dispatch({ kind: "link", link: "lost" });
  }
  if (state.link === "recovered") {
    setTimeout(() => {
      snapshot();
      store.dispatch({ kind: "link", link: "live" });
    }, 500);
  }
  setInterval(() => {
    if (store.current.link !== "live") return;
    for (const call of calls) {
      const known = store.current.sessions.get(call.plan.info.id);
      if (known?.info.state !== "live") continue;
      call.advance(due(call), Date.now(), known.info.scoring).forEach(tell);
    }
  }, TICK_MS);
  return {
    store,
    api: new ExampleApi((id, order) => obey(store, tell, id, order)),
    reviews: new ExampleReviews(),
    learning: new ExampleLoop(),
    loop: new FrameLoop(),
    microphone: {
      state: signal<MicrophoneState>(state.microphone),
      session: "session" in state.microphone ? state.microphone.session : null,
      start: () => Promise.resolve(),
      stop: () => undefined,
    },
    router: hashRouter(),
    player: () => new SilentPlayer(),
    ...newSignals(),
  };
}

function obey(
  store: Store,
  tell: (message: Wire) => void,
  id: string,
  order: Order | { name: string },
): void {
  const info = store.current.sessions.get(id)?.info;
  if (!info) return;
  const changes = {
    pause: { state: "paused" },
    resume: { state: "live" },
    stop: { state: "ended" },
    "stop-scoring": { scoring: false, scoring_reason: "stopped on the page" },
    "erase-scores": { scoring: false, scoring_reason: "scores erased" },
    "start-scoring": { scoring: true, scoring_reason: "" },
  } as const;
  const change = typeof order === "string" ? changes[order] : order;
  if (order === "erase-scores") tell({ type: "mark", session: id, name: "scores erased", at: 0 });
  tell({ type: "session", session: { ...info, ...change } });
}
