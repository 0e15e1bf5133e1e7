import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const rooms = ["grammar", "compiler", "runtime", "stdlib", "vscode-extension"];

const files = rooms.flatMap((room) =>
  readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts") && !name.startsWith("dist"))
    .map((name) => `${room}/${name}`),
);
const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));

/** Code without comments and strings, so that a word in a sentence is not taken for a call. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[^]*?\*\//g, "")
    .replace(/\/\/.*$/gm, "")
    .replace(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, '""');
}

/** What each file imports: paths of the project, or names of packages. */
const imports = new Map(
  [...sources].map(([file, text]) => {
    const found = [
      ...text.matchAll(/^(?:import|export)\b[^;]*?from "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm),
    ];
    const targets = found.map((match) => match[1] ?? match[2] ?? match[3] ?? "");
    return [
      file,
      targets.map((target) => (target.startsWith(".") ? relative(root, resolve(root, dirname(file), target)) : target)),
    ];
  }),
);

const lazy = new Set(
  [...sources].flatMap(([file, text]) =>
    [...text.matchAll(/\bimport\("(\.[^"]+)"\)/g)].map(
      (match) => `${file} ${relative(root, resolve(root, dirname(file), match[1] ?? ""))}`,
    ),
  ),
);

function offenders(inRoom: (file: string) => boolean, forbidden: (target: string, file: string) => boolean): string[] {
  return [...imports].flatMap(([file, targets]) =>
    inRoom(file)
      ? targets.filter((target) => forbidden(target, file)).map((target) => `${file} imports ${target}`)
      : [],
  );
}

const isProject = (target: string): boolean => rooms.some((room) => target.startsWith(`${room}/`));

describe("the house", () => {
  it("1: grammar imports nothing but Chevrotain and itself", () => {
    expect(
      offenders(
        (file) => file.startsWith("grammar/"),
        (target) => !target.startsWith("grammar/") && target !== "chevrotain",
      ),
    ).toEqual([]);
  });

  it("2: runtime imports neither compiler nor grammar", () => {
    expect(
      offenders(
        (file) => file.startsWith("runtime/"),
        (target) => /^(compiler|grammar|stdlib)\//.test(target),
      ),
    ).toEqual([]);
  });

  it("3: compiler shares with the runtime only what both must read alike", () => {
    const plan = ["plan", "plan-version", "plan-defaults", "conditions"];
    const names = ["caps", ...plan, "frame", "uri", "wasm-abi", "wasm-module"];
    const shared = names.map((name) => `runtime/interface/${name}.ts`);
    const inRoom = (file: string): boolean => file.startsWith("compiler/") && !file.startsWith("compiler/cli/");
    expect(offenders(inRoom, (target) => /^(runtime|stdlib)\//.test(target) && !shared.includes(target))).toEqual([]);
  });

  it("4: stdlib imports only the interface of the runtime", () => {
    const allowed = (target: string): boolean =>
      target.startsWith("stdlib/") || target.startsWith("runtime/interface/");
    expect(
      offenders(
        (file) => file.startsWith("stdlib/"),
        (target) => isProject(target) && !allowed(target),
      ),
    ).toEqual([]);
  });

  it("5: has no import cycles", () => {
    const state = new Map<string, "open" | "done">();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      state.set(file, "open");
      for (const target of imports.get(file) ?? []) {
        // What is loaded when it is used closes no circle.
        if (!sources.has(target) || lazy.has(`${file} ${target}`)) continue;
        if (state.get(target) === "open") cycles.push([...path.slice(path.indexOf(target)), file, target].join(" -> "));
        else if (state.get(target) === undefined) visit(target, [...path, file]);
      }
      state.set(file, "done");
    };
    for (const file of files) if (!state.has(file)) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it("6: has no file beyond 500 lines but the tree", () => {
    const long = [...sources].filter(([file, text]) => file !== "grammar/syntax.ts" && text.split("\n").length > 500);
    expect(long.map(([file]) => file)).toEqual([]);
  });

  it("7: takes time, randomness and environment as arguments", () => {
    const allowed = (file: string): boolean =>
      file.startsWith("runtime/platform/") ||
      file.startsWith("compiler/cli/") ||
      file.startsWith("vscode-extension/host/") ||
      file === "vscode-extension/webview/graph.ts" ||
      file.endsWith(".nodejs.ts") ||
      file.endsWith("nodejs.ts");
    const direct = /\bDate\.now\b|\bMath\.random\b|\bsetTimeout\(|\bsetInterval\(|\bprocess\.env\b/;
    expect(
      [...sources].filter(([file, text]) => !allowed(file) && direct.test(codeOf(text))).map(([file]) => file),
    ).toEqual([]);
  });

  it("8: media tracks know no engine", () => {
    const allowed = (target: string): boolean => /^runtime\/(interface|media)\//.test(target);
    expect(
      offenders(
        (file) => file.startsWith("runtime/media/"),
        (target) => !allowed(target),
      ),
    ).toEqual([]);
  });

  it("9: only the server knows the protocol of editors", () => {
    const knows = (file: string): boolean =>
      /^(compiler\/(language-server|cli\/lsp)|vscode-extension\/host)\//.test(file);
    const inService = (file: string): boolean => file.startsWith("compiler/language-service/");
    expect(
      offenders(
        (file) => !knows(file),
        (target) => /^vscode-(?!extension\/)/.test(target),
      ),
    ).toEqual([]);
    expect(
      offenders(inService, (target) => !isProject(target) || /^compiler\/(cli|language-server)\//.test(target)),
    ).toEqual([]);
    const above = /^compiler\/language-s/;
    expect(
      offenders(
        (file) => !knows(file) && !inService(file),
        (target) => above.test(target),
      ),
    ).toEqual([]);
  });

  it("10: the extension of the editor stands on the compiler, and nothing on it; its core knows neither editor nor machine", () => {
    const extension = "vscode-extension/";
    const inside = (file: string): boolean => file.startsWith(extension);
    expect(
      offenders(
        (file) => !inside(file),
        (target) => target.startsWith(extension) || target === "vscode",
      ),
    ).toEqual([]);
    // What runs in the editor, and in its page, speaks with servers and programs: it has the words of both, and of the picture.
    const shared = /^compiler\/(graph\/(picture|svg)|language-server\/protocol|diagnostics\/style)\.ts$/;
    const words =
      /^(compiler\/cli\/(run\/(messages|reporter|view-state)|test\/messages|init\/templates)|runtime\/interface\/session)\.ts$/;
    const inEditor = (file: string): boolean => inside(file) && !file.startsWith(`${extension}server/`);
    expect(
      offenders(
        inEditor,
        (target) => isProject(target) && !inside(target) && !shared.test(target) && !words.test(target),
      ),
    ).toEqual([]);
    const pure = (file: string): boolean => /^vscode-extension\/(core|webview)\//.test(file);
    expect(
      offenders(pure, (target) => !isProject(target) || /^vscode-extension\/(host|server)\//.test(target)),
    ).toEqual([]);
  });

  it("keeps Node out of what a browser loads", () => {
    const nodeOnly = (file: string): boolean => file.includes(".nodejs.ts") || file === "runtime/platform/nodejs.ts";
    const inRoom = (file: string): boolean => /^(grammar|runtime|stdlib)\//.test(file) && !nodeOnly(file);
    expect(offenders(inRoom, (target) => target.startsWith("node:") || target === "ws" || target === "werift")).toEqual(
      [],
    );
  });

  it("waits for signals by one door, which gives each of them one listener", () => {
    // Machines that are simulated are the platform.
    const others = [...sources].filter(([file]) =>
      /^(runtime|stdlib)\/(?!simulation\/|interface\/abort\.ts)/.test(file),
    );
    expect(others.filter(([, text]) => text.includes('addEventListener("abort"')).map(([file]) => file)).toEqual([]);
  });

  it("corrects werift behind one door", () => {
    const folder = "runtime/transports/webrtc/engines/werift/";
    const inner = (target: string): boolean => target.startsWith(folder) && target !== `${folder}corrections.nodejs.ts`;
    expect(offenders((file) => !file.startsWith(folder), inner)).toEqual([]);
  });

  it("registers every command exactly once", () => {
    const registry = sources.get("compiler/cli/commands.ts") ?? "";
    for (const file of files.filter((one) => one.endsWith(".command.ts"))) {
      const name = file.slice(file.lastIndexOf("/") + 1);
      expect(registry.split(`"./${name}"`).length - 1, file).toBe(1);
    }
  });
});
