import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { expect, it } from "vitest";

/** Makes a hundred thousand objects that stay, and tells how large the young generation has become by that. */
const program = `
  import { getHeapSpaceStatistics } from "node:v8";
  import { keepYoungGenerationSmall } from ${JSON.stringify(fileURLToPath(new URL("../../../runtime/signaling/young-generation.nodejs.ts", import.meta.url)))};
  if (process.argv.includes("small")) keepYoungGenerationSmall();
  const kept = [];
  for (let count = 0; count < 100_000; count += 1) kept.push({ count, text: String(count).repeat(8), list: [count, count] });
  process.stdout.write(String(getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").space_size));
  globalThis.kept = kept;
`;

/** In a process of its own: what it does to the heap cannot be taken back. */
function youngBytes(...args: readonly string[]): number {
  const built = buildSync({
    stdin: { contents: program, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    ...{ bundle: true, platform: "node", format: "esm", write: false, logLevel: "silent" },
  });
  const code = built.outputFiles[0]?.text ?? "";
  return Number(execFileSync(process.execPath, ["--input-type=module", "-", ...args], { input: code }));
}

it("keeps the young generation small where nearly everything stays", () => {
  const [small, usual] = [youngBytes("small"), youngBytes()];
  expect(small).toBeGreaterThan(0);
  expect(usual).toBeGreaterThan(4 * small);
});
