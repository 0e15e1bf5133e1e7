// The benchmarks: `npm run bench` lists them, `-- NAME` runs one, `-- all` every one; `--json` prints one line of JSON
// for each.
//
// test/bench/NAME.bench.ts exports `title` and an async function `run()`. It returns figures by name, units in the names
// (`hopNs`, `framesPerSecond`), or `{ rows, notes? }`: ours beside a peer in each row, see test/bench/hop-rounds.ts.
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { register } from "tsx/esm/api";
import { readOptions } from "./options.mjs";

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), "test/bench");
const suffix = ".bench.ts";
const options = readOptions(
  process.argv.slice(2),
  ["--json", "--long"],
  "npm run bench -- [NAME|all] [--json] [--long]",
  true,
);
const json = options.has("--json");
const [wanted] = options.names;

function listed() {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith(suffix))
      .map((file) => file.slice(0, -suffix.length))
      .toSorted();
  } catch {
    return [];
  }
}

async function measure(name) {
  const { title = name, run } = await import(pathToFileURL(join(folder, name + suffix)).href);
  const figures = await run();
  if (Array.isArray(figures.rows)) {
    if (json) console.log(JSON.stringify({ name, ...figures }));
    else printRows(title, figures);
    return;
  }
  if (json) {
    console.log(JSON.stringify({ name, title, node: process.version, figures }));
    return;
  }
  console.log(title);
  for (const [figure, value] of Object.entries(figures)) console.log(`  ${figure.padEnd(32)} ${value}`);
}

function printRows(title, { rows, notes = [] }) {
  const shown = (value) => (value === null || value === undefined ? "" : String(value));
  const cells = rows.map((row) => [
    row.case,
    row.metric,
    `${row.ours} ${row.unit}`,
    row.peerName === null ? "" : `${row.peer} ${row.unit}`,
    shown(row.peerName),
    shown(row.ratio),
    shown(row.goal),
  ]);
  const table = [["case", "metric", "ours", "peer", "", "ratio", "goal"], ...cells];
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  console.log(title);
  for (const line of table)
    console.log(
      `  ${line
        .map((cell, index) => cell.padEnd(widths[index]))
        .join("  ")
        .trimEnd()}`,
    );
  for (const note of notes) console.log(`  ${note}`);
}

const names = listed();
if (wanted === undefined) {
  if (json) console.log(JSON.stringify(names));
  else if (names.length === 0) console.log("There are no benchmarks yet.");
  else for (const name of names) console.log(name);
} else if (wanted !== "all" && !names.includes(wanted)) {
  console.error(`There is no benchmark ${wanted}. There are: ${names.join(", ") || "none"}.`);
  process.exitCode = 2;
} else {
  const unregister = register();
  for (const name of wanted === "all" ? names : [wanted]) await measure(name);
  await unregister();
}
