// Types of the wire from the server's JSON Schema. `npm run types`, after
// `python -m tonewatch.dashboard.schema dashboard/ui/src/generated/schema.json`.
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
      key === "properties" ? mapped(value) : plain(value),
    ]),
  );
}

function mapped(table) {
  return Object.fromEntries(Object.entries(table).map(([name, inner]) => [name, plain(inner)]));
}

const { $defs, ...wire } = JSON.parse(await readFile(here("schema.json"), "utf8"));
const all = { ...mapped($defs), Wire: plain(wire) };
// One object that names every type, since only what is referred to is written.
const schema = {
  type: "object",
  required: Object.keys(all),
  properties: Object.fromEntries(Object.keys(all).map((name) => [name, { $ref: `#/$defs/${name}` }])),
  $defs: all,
};
const source = await compile(schema, "Everything", {
  additionalProperties: false,
  bannerComment: "// Made from schema.json by `npm run types`; not written by hand.",
});
await writeFile(here("events.ts"), source);
