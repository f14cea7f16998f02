/** What is learned from decided flags. */
import { body, json } from "./api";

/** One thing that may be learned; its figures are of flags that were held back. */
export interface Part {
  taken: boolean;
  [figure: string]: number | boolean | string | null;
}

export interface Version {
  version: number;
  created_at: string;
  /** Whether anything in it was better than what it would replace. */
  better: boolean;
  adopted: boolean;
  figures: { learned_from: number; held_back: number } & { [part: string]: Part | number };
}

export interface Learned {
  /** Newest first. */
  versions: Version[];
  active: number | null;
  /** What was adopted is in force from the server's next start. */
  restart_needed: boolean;
}

export interface Loop {
  learned(): Promise<Learned>;
  refit(): Promise<Version>;
  adopt(version: number): Promise<Learned>;
  rollBack(): Promise<Learned>;
}

export class HttpLoop implements Loop {
  learned(): Promise<Learned> {
    return json<Learned>("/api/loop");
  }
  refit(): Promise<Version> {
    return json<Version>("/api/loop/refit", { method: "POST" });
  }
  adopt(version: number): Promise<Learned> {
    return json<Learned>("/api/loop/adopt", body("POST", { version }));
  }
  rollBack(): Promise<Learned> {
    return json<Learned>("/api/loop/rollback", { method: "POST" });
  }
}
