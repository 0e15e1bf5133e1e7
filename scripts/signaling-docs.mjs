// Writes what is said to a signaling service, from its schemas: docs/signaling.schema.json, and the tables of docs/protocol.md.
// `node scripts/signaling-docs.mjs`
import { readFileSync, writeFileSync } from "node:fs";
import { register } from "tsx/esm/api";

const unregister = register();
const { signalingSchema, withTables } = await import("./signaling-docs.ts");
const at = (file) => new URL(`../docs/${file}`, import.meta.url);
writeFileSync(at("signaling.schema.json"), signalingSchema());
writeFileSync(at("protocol.md"), withTables(readFileSync(at("protocol.md"), "utf8")));
await unregister();
