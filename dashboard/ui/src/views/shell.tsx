import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { nextTheme, theme } from "../draw/palette";
import { isOn } from "../state/look";
import type { World } from "../state/world";
import { count, language, locale, setLanguage, t } from "../words";
import { usePage } from "./context";
import { Dialogs } from "./dialogs";
import { Foot } from "./foot";
import { Link } from "./link";

/** What stands around every view: header, banners, foot, dialogs. */
export function Shell({ children }: { children: ComponentChildren }) {
  const page = usePage();
  const world = page.store.shown.value;
  useEffect(() => {
    document.documentElement.lang = locale.value;
  }, [locale.value]);
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        {t("nav.skip")}
      </a>
      <Header world={world} />
      <Banners world={world} />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Foot world={world} />
      <FlagAnnouncer world={world} />
      <Dialogs />
    </>
  );
}

function skip(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Header({ world }: { world: World }) {
  const { router } = usePage();
  const path = router.path.value;
  const views = [
    ["/", t("nav.calls"), path === "/" || path.startsWith("/calls")],
    ["/review", t("nav.review"), path === "/review"],
    ["/sessions", t("nav.past"), path.startsWith("/sessions")],
  ] as const;
  return (
    <header class="header">
      <Link to="/" class="brand">
        <img src="/assets/favicon.svg" alt="" width="24" height="24" />
        <span>{t("app.name")}</span>
      </Link>
      <nav aria-label={t("nav.main")}>
        {views.map(([to, words, here]) => (
          <Link key={to} to={to} aria-current={here ? "page" : undefined}>
            {words}
          </Link>
        ))}
      </nav>
      <Scoring world={world} />
      <div class="switches">
        <button
          type="button"
          class="plain"
          title={t("header.language.hint")}
          onClick={() => setLanguage(language.value === "en" ? "zh" : "en")}
        >
          {t("header.language")}
        </button>
        <button type="button" class="plain" onClick={nextTheme}>
          {t(`theme.${theme.value}`)}
        </button>
      </div>
    </header>
  );
}

/** Stays in sight while any voice is analysed. */
function Scoring({ world }: { world: World }) {
  const n = [...world.sessions.values()].filter(
    (session) => session.info.state === "live" && session.info.scoring,
  ).length;
  if (!world.known) return <span class="scoring" />;
  return (
    <span class={`scoring ${n > 0 ? "on" : ""}`} role="status">
      {n === 0 ? t("header.scoring.none") : count("header.scoring.one", "header.scoring.many", n)}
    </span>
  );
}

const BACK_MS = 5000;

function Banners({ world }: { world: World }) {
  const { message } = usePage();
  const wasLost = useRef(false);
  const [back, setBack] = useState(false);
  useEffect(() => {
    if (world.link === "lost") wasLost.current = true;
    if (world.link !== "live" || !wasLost.current) return;
    wasLost.current = false;
    setBack(true);
    const timer = setTimeout(() => setBack(false), BACK_MS);
    return () => clearTimeout(timer);
  }, [world.link]);
  const { engine } = world;
  return (
    <div class="banners">
      {engine?.score_agent && (
        <p class="banner law" role="alert">
          <strong>{t("law.agent")}</strong> {engine.score_agent}
        </p>
      )}
      {world.link === "lost" && (
        <p class="banner alert" role="alert">
          {t("link.lost")}
        </p>
      )}
      {world.link === "connecting" && !world.known && (
        <p class="banner" role="status">
          {t("link.connecting")}
        </p>
      )}
      {world.link === "live" && back && (
        <p class="banner" role="status">
          {t("link.back")}
        </p>
      )}
      {world.faults
        .filter((fault) => fault.session === "")
        .map((fault) => (
          <p key={fault.code} class="banner alert" role="alert">
            {fault.message} {fault.way_out && t("fault.way", { way: fault.way_out })}
          </p>
        ))}
      {engine?.loading && (
        <p class="banner" role="status">
          {t("engine.loading")}
        </p>
      )}
      <MicrophoneBanner />
      {message.value && (
        <p class="banner alert" role="alert">
          {message.value}{" "}
          <button type="button" class="plain" onClick={() => (message.value = "")}>
            {t("dialog.close")}
          </button>
        </p>
      )}
    </div>
  );
}

function MicrophoneBanner() {
  const { microphone, router } = usePage();
  const state = microphone.state.value;
  if (state.kind === "failed" || state.kind === "rejected") {
    const words =
      state.kind === "failed"
        ? t(`mic.${state.why}`)
        : t("mic.rejected", { reason: state.reason });
    return (
      <p class="banner alert" role="alert">
        {words}
      </p>
    );
  }
  if (state.kind === "off" || state.kind === "ended") return null;
  const words = { opening: "mic.starting", sending: "mic.on", broken: "mic.lost" } as const;
  const { session } = microphone;
  return (
    <p class="banner mic" role="status">
      <span class="dot" aria-hidden="true" /> {t(words[state.kind])}{" "}
      {state.kind === "sending" && state.behind && t("mic.behind")}
      {session && router.path.value !== `/calls/${session}` && (
        <Link to={`/calls/${session}`}>{t("call.curves")}</Link>
      )}
      <button type="button" onClick={() => microphone.stop()}>
        {t("calls.mic.stop")}
      </button>
    </p>
  );
}

/** Says a new flag to screen readers, once. */
function FlagAnnouncer({ world }: { world: World }) {
  const known = useRef<Set<string> | null>(null);
  const [words, setWords] = useState("");
  const flags = [...world.sessions.values()]
    .filter(isOn)
    .flatMap((session) => session.episodes.map((episode) => ({ session, episode })));
  const key = (flag: (typeof flags)[number]) => `${flag.session.info.id}/${flag.episode.id}`;
  const fresh = known.current && flags.filter((flag) => !known.current!.has(key(flag))).at(-1);
  useEffect(() => {
    if (!world.known) return;
    known.current = new Set(flags.map(key));
    if (fresh) {
      const kind = t(`flag.${fresh.episode.kind}`);
      setWords(t("flag.new", { name: fresh.session.info.name, kind }));
    }
  }, [world.known, flags.length]);
  return (
    <div class="visually-hidden" role="status">
      {words}
    </div>
  );
}
