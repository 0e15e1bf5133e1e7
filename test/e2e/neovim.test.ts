import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { folderWith } from "../compiler/language-server/support/client.ts";
import { blocksOf } from "../support/markdown.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const meshc = at("../../dist/meshc.js");
const hasNeovim = spawnSync("nvim", ["--version"]).status === 0;
if (!hasNeovim) console.log("Neovim is skipped as a client of the language server: there is no nvim (Debian: neovim)");

const program = `import { Recognise } from "std/speech"

record Heard { text: text }

pipeline Hearing {
  in   speech: audio<opus, 48kHz, mono>
  out words: Heard
  speech ~> Recogniser() ~> words
}
`;

/** What docs/editors.md says to put into \`init.lua\`, for a Neovim of any age, with the server of this build. */
function configuration(): string {
  const page = readFileSync(at("../../docs/editors.md"), "utf8");
  const shown = blocksOf(page).findLast((one) => one.language === "lua")?.text ?? "";
  const command = [process.execPath, meshc].map((one) => JSON.stringify(one)).join(", ");
  expect(shown).toContain('"npx", "meshc"');
  return shown.replace('"npx", "meshc"', command);
}

it.skipIf(!hasNeovim)("Neovim shows what is wrong, completes, hovers, renames and lays out", async () => {
  const folder = folderWith({ "main.mesh": program });
  try {
    const [init, seen] = [join(folder, "init.lua"), join(folder, "seen.json")];
    writeFileSync(init, configuration());
    const args = ["--headless", "-n", "-i", "NONE", "-u", init, "main.mesh", "-S", at("fixtures/neovim-session.lua")];
    // Nothing of whoever runs this is read or written.
    const home = {
      HOME: folder,
      XDG_CONFIG_HOME: folder,
      XDG_DATA_HOME: folder,
      XDG_STATE_HOME: folder,
      XDG_CACHE_HOME: folder,
    };
    const editor = spawn("nvim", args, {
      cwd: folder,
      env: { ...process.env, ...home, MESH_SEEN: seen },
      stdio: "ignore",
    });
    await once(editor, "exit");
    const found = JSON.parse(readFileSync(seen, "utf8")) as Record<string, unknown>;
    expect(found["problem"]).toBeUndefined();
    expect(found).toMatchObject({
      wrong: [expect.stringContaining("Nothing named `Recogniser` is in sight")],
      severity: 1,
      offered: expect.arrayContaining(["words", "Recognise", "OpusDecode"]),
      hover: expect.stringContaining("node Recognise"),
      renamed: expect.arrayContaining(["  out transcript: Heard", "  speech ~> Recognise() ~> transcript"]),
      formatted: expect.arrayContaining(["  in  speech: audio<opus, 48kHz, mono>", "  out transcript: Heard"]),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
