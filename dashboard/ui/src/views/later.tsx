import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { attempt, usePage } from "./context";

interface Props {
  load: () => Promise<ComponentType<{ id: string }>>;
  id: string;
}

/** A view whose program comes when it is first opened. */
export function Later({ load, id }: Props) {
  const page = usePage();
  const [loaded, setLoaded] = useState<{ View: ComponentType<{ id: string }> } | null>(null);
  useEffect(() => {
    void attempt(page, async () => setLoaded({ View: await load() }));
  }, [load]);
  return loaded ? <loaded.View id={id} /> : <section class="page" aria-busy="true" />;
}
