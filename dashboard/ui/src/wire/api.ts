/** Requests to the monitor. The demo page has its own `Api`, with the same doors. */
import type { Begun, ErrorAnswer, Found, Kept, Notice, NoticeText, Points } from "../generated/events";

/** The parts of result.json that the page draws; its other keys are for programs. */
export interface Result {
  duration_s: number;
  gaps: { leg: string; start_s: number; end_s: number }[];
}

export interface Search {
  query?: string;
  from?: string;
  to?: string;
  flagged?: boolean;
  page?: number;
}

export interface Recording {
  file: File;
  name: string;
  legs: string;
  pace: "live" | "fast";
  about: About;
}

/** What is known of a call, in words, and the name of a scene profile; both may be empty. */
export interface About {
  context: string;
  profile: string;
}

/** A microphone of the monitor's own machine. */
export interface Device {
  index: number;
  name: string;
  default: boolean;
}

/** How to listen to it; `device` empty: the one that the monitor is set to. */
export interface Listening {
  name: string;
  device: string;
  notice: Told | null;
  about: About;
}

export type Order = "stop" | "pause" | "resume" | "stop-scoring" | "start-scoring" | "erase-scores";

/** How people were told that their voice is analysed. */
export type Told = Pick<Notice, "method" | "text" | "language">;

export interface Api {
  search(search: Search): Promise<Found>;
  kept(session: string): Promise<Kept>;
  frames(session: string, leg: string, step: number): Promise<Points>;
  audio(session: string, leg: string): string;
  download(session: string): string;
  /** `notice`: how the people heard were told, where scoring starts anew. */
  order(session: string, order: Order, notice?: Told | null): Promise<void>;
  rename(session: string, name: string): Promise<void>;
  remove(session: string): Promise<void>;
  demo(): Promise<string>;
  /** Listen to the microphone of the machine that the monitor runs on. */
  machine(listening: Listening): Promise<string>;
  devices(): Promise<Device[]>;
  upload(recording: Recording, progress: (share: number) => void): Promise<string>;
  notice(): Promise<string>;
}

/** A request that was answered with an error; `message` is fit to be read. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  /** Who holds what was asked for, if that is the reason. */
  readonly by: string | null;

  constructor(message: string, status = 0, code = "", by: string | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.by = by;
  }
}
/** No answer at all. */
export class Unreachable extends Error {}

export class HttpApi implements Api {
  search({ query = "", from = "", to = "", flagged = false, page = 1 }: Search): Promise<Found> {
    const terms = new URLSearchParams({ query, page: String(page) });
    if (from) terms.set("from", from);
    if (to) terms.set("to", to);
    if (flagged) terms.set("flagged", "true");
    return json<Found>(`/api/sessions?${terms}`);
  }
  kept(session: string): Promise<Kept> {
    return json<Kept>(`/api/sessions/${segment(session)}`);
  }
  frames(session: string, leg: string, step: number): Promise<Points> {
    const terms = new URLSearchParams({ leg, step: String(step) });
    return json<Points>(`/api/sessions/${segment(session)}/frames?${terms}`);
  }
  audio(session: string, leg: string): string {
    return `/api/sessions/${segment(session)}/audio/${segment(leg)}.wav`;
  }
  download(session: string): string {
    return `/api/sessions/${segment(session)}/download`;
  }
  async order(session: string, order: Order, notice: Told | null = null): Promise<void> {
    const at = `/api/sessions/${segment(session)}`;
    if (order === "erase-scores") {
      await request(`${at}/stop-scoring`, body("POST", { erase: true }));
    } else if (order === "start-scoring") {
      await request(`${at}/start-scoring`, body("POST", { notice }));
    } else {
      await request(`${at}/${order}`, { method: "POST" });
    }
  }
  async rename(session: string, name: string): Promise<void> {
    await request(`/api/sessions/${segment(session)}`, body("PATCH", { name }));
  }
  async remove(session: string): Promise<void> {
    await request(`/api/sessions/${segment(session)}`, { method: "DELETE" });
  }
  async demo(): Promise<string> {
    const notice = { method: "test" };
    const options = body("POST", { source: "demo", name: "", notice });
    return (await json<Begun>("/api/sessions", options)).session;
  }
  async machine({ name, device, notice, about }: Listening): Promise<string> {
    const started = { source: "microphone", name, device: device || null, notice, ...about };
    return (await json<Begun>("/api/sessions", body("POST", started))).session;
  }
  devices(): Promise<Device[]> {
    return json<Device[]>("/api/devices");
  }
  upload({ file, name, legs, pace, about }: Recording, progress: (share: number) => void) {
    const form = new FormData();
    form.set("file", file);
    form.set("name", name);
    form.set("legs", legs);
    form.set("pace", pace);
    form.set("context", about.context);
    form.set("profile", about.profile);
    // fetch cannot tell how much of a body has been sent.
    return new Promise<string>((resolve, reject) => {
      const call = new XMLHttpRequest();
      call.open("POST", "/api/upload");
      call.upload.onprogress = (event) => progress(event.loaded / event.total);
      call.onerror = () => reject(new Unreachable());
      call.onload = () =>
        call.status < 300
          ? resolve((JSON.parse(call.responseText) as Begun).session)
          : reject(refusal(call.responseText, call.status));
      call.send(form);
    });
  }
  async notice(): Promise<string> {
    return (await json<NoticeText>("/api/notice")).text;
  }
}

export function segment(text: string): string {
  return encodeURIComponent(text);
}

export function body(method: string, content: unknown): RequestInit {
  const headers = { "Content-Type": "application/json" };
  return { method, headers, body: JSON.stringify(content) };
}

export async function request(url: string, options?: RequestInit): Promise<Response> {
  const answer = await fetch(url, options).catch(() => {
    throw new Unreachable();
  });
  if (!answer.ok) throw refusal(await answer.text(), answer.status);
  return answer;
}

export async function json<T>(url: string, options?: RequestInit): Promise<T> {
  return (await (await request(url, options)).json()) as T;
}

function refusal(text: string, status: number): Refused {
  try {
    const { error, claimed_by = null } = JSON.parse(text) as ErrorAnswer & { claimed_by?: string };
    const { code, message, way_out } = error;
    return new Refused(way_out ? `${message} (${way_out})` : message, status, code, claimed_by);
  } catch {
    return new Refused(`HTTP ${status}`, status);
  }
}
