import { render } from "preact";
import "./style/theme.css";
import "./style/page.css";
import { FrameLoop } from "./draw/frame";
import { Microphone } from "./microphone/microphone";
import { Store } from "./state/store";
import { App } from "./views/app";
import { newSignals, type Page } from "./views/context";
import { pathRouter } from "./views/router";
import { HttpApi } from "./wire/api";
import { AudioPlayer } from "./wire/player";
import { HttpLoop } from "./wire/loop";
import { HttpReviews } from "./wire/reviews";
import { LiveSocket } from "./wire/socket";

const root = document.getElementById("app")!;

function socketUrl(path: string): string {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

function live(): Page {
  const store = new Store();
  new LiveSocket(socketUrl("/ws/live"), (input) => store.dispatch(input));
  return {
    store,
    api: new HttpApi(),
    reviews: new HttpReviews(),
    learning: new HttpLoop(),
    loop: new FrameLoop(),
    microphone: new Microphone(socketUrl("/ingest/v1")),
    router: pathRouter(),
    player: (url) => new AudioPlayer(url),
    ...newSignals(),
  };
}

async function start(): Promise<void> {
  const page = location.pathname === "/demo" ? (await import("./demo/main")).examplePage() : live();
  page.loop.add((now) => page.store.publish(now));
  render(<App page={page} />, root);
}

void start();
