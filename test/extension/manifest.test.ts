import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { defaultSettings as serverDefaults } from "../../compiler/language-server/settings.ts";
import { tokenModifiers, tokenTypes } from "../../compiler/language-service/semantic-tokens.ts";
import { defaultSettings, readSettings, serverSettings } from "../../vscode-extension/core/settings.ts";
import { taskCommands } from "../../vscode-extension/core/task-words.ts";
import { textMateGrammar } from "../../grammar/highlight.ts";
import { markdownGrammar } from "../../vscode-extension/core/markdown-grammar.ts";
import root from "../../package.json" with { type: "json" };
import manifest from "../../vscode-extension/package.json" with { type: "json" };

const folder = fileURLToPath(new URL("../../vscode-extension/", import.meta.url));
const read = (path: string): string => readFileSync(join(folder, path), "utf8");
const { contributes } = manifest;
const commands = contributes.commands.map(({ command }) => command);

/** Every text below a part of the manifest. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

describe("the manifest of the extension", () => {
  it("is of the version of the package, under the same licence", () => {
    expect([manifest.version, manifest.license]).toEqual([root.version, root.license]);
  });

  it("declares the commands that there are, each with a title", () => {
    const registered = [...read("host/commands.ts").matchAll(/^ {4}"(mesh\.\w+)":/gm)].map(([, name]) => name);
    expect(registered.toSorted()).toEqual(commands.toSorted());
    for (const { title } of contributes.commands) expect(title).toMatch(/^[A-Z]|^mesh|^Open/);
  });

  it("names only commands, views and files that there are", () => {
    const { menus, keybindings, viewsWelcome, walkthroughs, views } = contributes;
    const used = [
      ...Object.values(menus).flatMap((menu) => menu.map(({ command }) => command)),
      ...keybindings.map(({ command }) => command),
      ...textsIn([viewsWelcome, walkthroughs]).flatMap((text) =>
        [...text.matchAll(/(?:command:|onCommand:)(mesh\.\w+)/g)].map(([, name]) => name ?? ""),
      ),
    ];
    expect(used.filter((one) => !commands.includes(one))).toEqual([]);
    const known = Object.values(views).flatMap((all) => all.map(({ id }) => id));
    const inConditions = textsIn(menus).flatMap((text) => [...text.matchAll(/view == ([\w.]+)/g)].map(([, id]) => id));
    expect(
      [...inConditions, ...viewsWelcome.map(({ view }) => view)].filter((id) => !known.includes(id ?? "")),
    ).toEqual([]);
    const events = walkthroughs.flatMap(({ steps }) => steps.flatMap((step) => step.completionEvents));
    // The editor knows few kinds of these, and says so of others where nobody looks.
    expect(events.filter((one) => !/^(onCommand:mesh\.\w+|onContext:\w+ == mesh)$/.test(one))).toEqual([]);
    const paths = textsIn(manifest).filter((text) =>
      /^(\.\/)?(media|snippets|walkthrough|language-conf)[\w/.-]+$/.test(text),
    );
    expect(paths.length).toBeGreaterThan(8);
    expect(paths.filter((path) => !existsSync(join(folder, path)))).toEqual([]);
  });

  it("declares the settings that are read, with what holds where nobody says anything", () => {
    const declared = contributes.configuration.properties;
    const defaults = Object.entries(declared).map(([name, one]) => [name.replace(/^mesh\./, ""), one.default]);
    const { trusted: _, ...server } = serverDefaults;
    const flat = Object.entries(server).flatMap(([name, value]) =>
      typeof value === "object"
        ? Object.entries(value).map(([inner, one]): [string, unknown] => [`${name}.${inner}`, one])
        : [[name, value] as [string, unknown]],
    );
    expect(Object.fromEntries(flat)).toEqual(
      Object.fromEntries(defaults.filter(([name]) => serverSettings.includes(name as never))),
    );
    expect(Object.fromEntries(defaults)).toEqual({ ...Object.fromEntries(flat), ...defaultSettings });
    for (const [name, one] of Object.entries(declared)) expect(one.markdownDescription, name).toMatch(/\.$/);
    expect(declared["mesh.server.use"].enum).toHaveLength(declared["mesh.server.use"].enumDescriptions.length);
  });

  it("reads settings of the wrong kind as none", () => {
    expect(readSettings(() => undefined)).toEqual(defaultSettings);
    expect(readSettings(() => 7)).toEqual(defaultSettings);
    expect(readSettings((name) => (name === "run.arguments" ? ["--engine", 3, "werift"] : null))).toEqual({
      ...defaultSettings,
      "run.arguments": ["--engine", "werift"],
    });
  });

  it("runs nothing of a workspace that is not trusted: what could is restricted or not enabled", () => {
    const { untrustedWorkspaces } = manifest.capabilities;
    expect(untrustedWorkspaces.supported).toBe("limited");
    expect(untrustedWorkspaces.restrictedConfigurations.toSorted()).toEqual([
      "mesh.node",
      "mesh.run.arguments",
      "mesh.server.use",
    ]);
    const guarded = contributes.commands.filter((one) => one.enablement?.includes("isWorkspaceTrusted") === true);
    expect(guarded.map(({ command }) => command)).toEqual(["mesh.run", "mesh.runPeer", "mesh.build"]);
  });

  it("has the scopes of the grammars, and the kinds of tasks", () => {
    const [mesh, markdown] = contributes.grammars;
    expect(mesh?.scopeName).toBe(textMateGrammar().scopeName);
    expect(markdown?.scopeName).toBe(markdownGrammar.scopeName);
    expect(contributes.taskDefinitions[0]?.properties.command.enum).toEqual([...taskCommands]);
  });

  it("needs no scopes for semantic tokens: all types and modifiers are those of the protocol", () => {
    const types = [
      "namespace",
      "class",
      "enum",
      "interface",
      "struct",
      "typeParameter",
      "type",
      "parameter",
      "variable",
    ];
    const more = ["property", "enumMember", "function", "comment", "string", "keyword", "number", "operator"];
    expect(tokenTypes.filter((one) => ![...types, ...more].includes(one))).toEqual([]);
    const modifiers = [
      "declaration",
      "definition",
      "readonly",
      "static",
      "deprecated",
      "documentation",
      "defaultLibrary",
    ];
    expect(tokenModifiers.filter((one) => !modifiers.includes(one))).toEqual([]);
  });

  it("draws its icon as a PNG of at least 128 pixels", () => {
    const png = readFileSync(join(folder, manifest.icon));
    expect(png.subarray(1, 4).toString()).toBe("PNG");
    expect(png.readUInt32BE(16)).toBeGreaterThanOrEqual(128);
    expect(png.readUInt32BE(20)).toBe(png.readUInt32BE(16));
  });
});
