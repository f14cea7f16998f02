// Types of the wire from the server's JSON Schema. `npm run types` after `python -m tonewatch.dashboard.schema`.
import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";

const here = (name) => new URL(`../src/generated/${name}`, import.meta.url);

// Titles would give every field an alias of its own; tuples are read in their older spelling.
function plain(node) {
  if (Array.isArray(node)) return node.map((item) => plain(item));
  if (node === null || typeof node !== "object") return node;
  const { prefixItems, title: _, ...rest } = node;
  const tuple = prefixItems ? { items: prefixItems, additionalItems: false } : {};
  return Object.fromEntries(
    Object.entries({ ...rest, ...tuple }).map(([key, value]) => [
      key,
      key === "properties" || key === "$defs"
        ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]))
        : plain(value),
    ]),
  );
}

const schema = plain(JSON.parse(await readFile(here("schema.json"), "utf8")));
const source = await compile(schema, "Wire", {
  additionalProperties: false,
  unreachableDefinitions: true,
  bannerComment: "// Made from schema.json by `npm run types`; not written by hand.",
});
await writeFile(here("events.ts"), source);
