import { useSignal } from "@preact/signals";
import { t } from "../words";

interface Props {
  name: string;
  /** Keep another name; false where it cannot be changed. */
  onSave: false | ((name: string) => unknown);
}

/** A call's name; a click on "Rename" makes it a field. */
export function Name({ name, onSave }: Props) {
  const editing = useSignal(false);
  if (!editing.value || !onSave) {
    return (
      <h1 dir="auto">
        {name}{" "}
        {onSave && (
          <button type="button" class="plain" onClick={() => (editing.value = true)}>
            {t("call.rename")}
          </button>
        )}
      </h1>
    );
  }
  const save = (event: Event) => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem("name");
    const chosen = (field as HTMLInputElement).value.trim();
    editing.value = false;
    if (chosen && chosen !== name) onSave(chosen);
  };
  return (
    <form onSubmit={save}>
      <input
        name="name"
        aria-label={t("call.rename.label")}
        defaultValue={name}
        maxLength={128}
        dir="auto"
        ref={(field) => field?.focus()}
        onBlur={(event) => event.currentTarget.form?.requestSubmit()}
        onKeyDown={(event) => event.key === "Escape" && (editing.value = false)}
      />
    </form>
  );
}
