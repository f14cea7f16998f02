import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { language, percent, t } from "../words";
import { usePage, attempt, spoken } from "./context";
import type { About, Device } from "../wire/api";
import { AboutFields } from "./about";
import { NOTHING_KNOWN, rememberNotice } from "./start";

export function Dialogs() {
  const { dialog } = usePage();
  if (dialog.value === "notice" || dialog.value === "machine") {
    return <NoticeDialog machine={dialog.value === "machine"} />;
  }
  if (dialog.value === "upload") return <UploadDialog />;
  return null;
}

function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  return (
    <dialog ref={box} aria-labelledby="dialog-title" onClose={props.onClose}>
      <h2 id="dialog-title">{props.title}</h2>
      {props.children}
    </dialog>
  );
}

/** Asked once before the microphone is scored; the answer is remembered on this computer. */
function NoticeDialog({ machine }: { machine: boolean }) {
  const page = usePage();
  const [text, setText] = useState("");
  const [about, setAbout] = useState<About>(NOTHING_KNOWN);
  const [device, setDevice] = useState("");
  useEffect(() => {
    void attempt(page, async () => setText(await page.api.notice()));
  }, []);
  const close = () => (page.dialog.value = null);
  const start = (told: boolean) => {
    close();
    const given = { method: "announced", text, language: language.value } as const;
    if (told) rememberNotice(given);
    const notice = told ? given : null;
    if (!machine) {
      void page.microphone.start({ name: t("source.browser"), notice, about });
      return;
    }
    const listening = { name: t("source.microphone"), device, notice, about };
    void attempt(page, async () => {
      page.router.go(`/calls/${await page.api.machine(listening)}`);
    });
  };
  return (
    <Dialog title={t(machine ? "machine.title" : "notice.title")} onClose={close}>
      {machine && <Devices onChoose={setDevice} />}
      <p>{t("notice.ask")}</p>
      <blockquote>{text}</blockquote>
      <p class="quiet">{t("notice.remember")}</p>
      <AboutFields about={about} onChange={setAbout} />
      <div class="buttons">
        <button type="button" class="primary" disabled={!text} onClick={() => start(true)}>
          {t("notice.yes")}
        </button>
        <button type="button" onClick={() => start(false)}>
          {t("notice.no")}
        </button>
        <button type="button" class="plain" onClick={close}>
          {t("notice.cancel")}
        </button>
      </div>
    </Dialog>
  );
}

/** Microphones of the machine that the monitor runs on; says why where it has none. */
function Devices({ onChoose }: { onChoose: (device: string) => void }) {
  const page = usePage();
  const [found, setFound] = useState<Device[] | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    page.api.devices().then(setFound, (error) => setProblem(spoken(error)));
  }, []);
  if (problem || found?.length === 0) {
    return (
      <p class="problem" role="alert">
        {problem || t("machine.none")}
      </p>
    );
  }
  return (
    <label>
      {t("machine.device")}
      <select onChange={(event) => onChoose(event.currentTarget.value)}>
        <option value="">{t("machine.default")}</option>
        {found?.map((device) => (
          <option key={device.index} value={String(device.index)}>
            {device.name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A recording that was dropped on the page waits here for the dialog. */
export const dropped: { file: File | null } = { file: null };

const LEGS = {
  "upload.legs.one": "customer",
  "upload.legs.customer-agent": "customer,agent",
  "upload.legs.agent-customer": "agent,customer",
  "upload.legs.mix": "mix",
} as const;

function UploadDialog() {
  const page = usePage();
  const [file, setFile] = useState<File | null>(dropped.file);
  const [legs, setLegs] = useState<string>("");
  const [pace, setPace] = useState<"live" | "fast">("live");
  const [about, setAbout] = useState<About>(NOTHING_KNOWN);
  const [share, setShare] = useState<number | null>(null);
  const [problem, setProblem] = useState("");
  const close = () => {
    dropped.file = null;
    page.dialog.value = null;
  };
  const send = async (event: Event) => {
    event.preventDefault();
    if (!file) return;
    setProblem("");
    setShare(0);
    try {
      const name = file.name.replace(/\.[^.]+$/, "");
      const session = await page.api.upload({ file, name, legs, pace, about }, setShare);
      close();
      page.router.go(`/calls/${session}`);
    } catch (error) {
      setProblem(spoken(error));
      setShare(null);
    }
  };
  return (
    <Dialog title={t("upload.title")} onClose={close}>
      <form onSubmit={(event) => void send(event)}>
        <label>
          {t("upload.file")}
          <input
            type="file"
            accept="audio/*,.wav,.flac,.ogg,.opus,.mp3"
            required={!file}
            onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)}
          />
        </label>
        {file && <p class="quiet">{file.name}</p>}
        <label>
          {t("upload.legs")}
          <select value={legs} onChange={(event) => setLegs(event.currentTarget.value)}>
            <option value="">{t("upload.legs.auto")}</option>
            {Object.entries(LEGS).map(([key, value]) => (
              <option key={value} value={value}>
                {t(key as keyof typeof LEGS)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t("upload.pace")}
          <select
            value={pace}
            onChange={(event) => setPace(event.currentTarget.value as "live" | "fast")}
          >
            <option value="live">{t("upload.pace.live")}</option>
            <option value="fast">{t("upload.pace.fast")}</option>
          </select>
        </label>
        <AboutFields about={about} onChange={setAbout} />
        {share !== null && (
          <p>
            <progress value={share} max={1} aria-label={t("upload.title")} />{" "}
            {t("upload.sending", { n: percent(share).replace(/\s?%/, "") })}
          </p>
        )}
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div class="buttons">
          <button type="submit" class="primary" disabled={!file || share !== null}>
            {t("upload.start")}
          </button>
          <button type="button" class="plain" onClick={close}>
            {t("notice.cancel")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
