import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Page } from "playwright-core";
import { ensureEditorHost } from "../../../scripts/editor-host.mjs";

/** An editor that is served to a browser. */
export interface EditorHost extends AsyncDisposable {
  /** Installs a package of an extension. @returns what the editor has said */
  install(vsix: string): Promise<string>;
  /** Starts it with a folder; whether that is trusted, it asks only where it is to. @returns where a page finds it */
  serve(folder: string, asksForTrust?: boolean): Promise<URL>;
}

/** What an editor does besides, and nobody looks at here. */
const plain = {
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "chat.disableAIFeatures": true,
  "git.enabled": false,
  "editor.minimap.enabled": false,
  // In a page it saves a second after each edit, also while a test does, whose own saving then comes to nothing.
  "files.autoSave": "off",
  // It finds what other tests listen at, and asks about that over what somebody is just asked.
  "remote.autoForwardPorts": false,
  // It asks a shell for its environment, which takes as long as this where there is no terminal.
  "application.shellEnvironmentResolutionTimeout": 1,
};

/** Asks about every folder, as an editor at a desk does. */
const careful = { ...plain, "security.workspace.trust.startupPrompt": "always" };

/** @param folder for what it keeps: a fresh one for each run, for it keeps locks as well */
export async function editorHost(folder: string): Promise<EditorHost> {
  const { node, program } = await ensureEditorHost();
  const extensions = join(folder, "extensions");
  mkdirSync(extensions, { recursive: true });
  const common = [program, ...["--extensions-dir", extensions], ...["--config", join(folder, "config.yaml")]];
  /** What one of them keeps: two at once would be in each other's way. */
  const dataIn = (name: string, settings: object = plain): string[] => {
    mkdirSync(join(folder, name, "User"), { recursive: true });
    writeFileSync(join(folder, name, "User/settings.json"), JSON.stringify(settings));
    return ["--user-data-dir", join(folder, name)];
  };
  // Its own Node.js is the first on the path for what it starts in its turn.
  const { VITEST: _, NODE_OPTIONS: __, NODE_ENV: ___, ...env } = process.env;
  const servers: ChildProcess[] = [];
  return {
    async install(vsix) {
      const child = spawn(node, [...common, ...dataIn("user"), "--install-extension", vsix], { env });
      let text = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (text += part.toString()));
      const [code] = (await once(child, "close")) as [number | null];
      if (code !== 0) throw new Error(`the extension was not installed: ${text}`);
      return text;
    },
    async serve(opened, asksForTrust = false) {
      const trust = asksForTrust ? dataIn("careful", careful) : [...dataIn("user"), "--disable-workspace-trust"];
      const quiet = ["--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"];
      const words = [...common, "--auth", "none", "--bind-addr", "127.0.0.1:0", ...quiet, ...trust, opened];
      for (let left = 2; ; left -= 1) {
        const child = spawn(node, words, { env });
        servers.push(child);
        const { address, errors } = await listening(child);
        if (address !== undefined) {
          address.searchParams.set("folder", opened);
          return address;
        }
        // It gives its own process ten seconds to come up, which is little on a machine that is busy.
        if (left === 0 || !errors.includes("timed out"))
          throw new Error(`the editor ended before it listened: ${errors}`);
      }
    },
    async [Symbol.asyncDispose]() {
      const ended = servers
        .filter(({ exitCode }) => exitCode === null)
        .map(async (server) => {
          const closed = once(server, "close");
          // It ends what it has started.
          server.kill("SIGTERM");
          await closed;
        });
      await Promise.all(ended);
    },
  };
}

/** @returns where it listens; no address if it has ended before */
async function listening(child: ChildProcess): Promise<{ readonly address?: URL; readonly errors: string }> {
  let errors = "";
  child.stderr?.on("data", (part: Buffer) => (errors += part.toString()));
  return new Promise((resolve) => {
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on("line", (line) => {
      const found = /HTTP server listening on (http:\/\/\S+?)\/?$/.exec(line)?.[1];
      if (found !== undefined) resolve({ address: new URL(found), errors });
    });
    child.once("close", () => resolve({ errors }));
  });
}

/**
 * Makes the page of an editor run tests in its extension host.
 * @param extension the folder of the extension, which is taken as one that is being developed
 * @param suite the file of the tests, whose `run` is called
 */
export async function withHostTests(page: Page, url: URL, extension: string, suite: string): Promise<void> {
  const at = (path: string): object => ({ scheme: "vscode-remote", authority: url.host, path });
  await page.route(
    ({ pathname }) => pathname === url.pathname,
    async (route) => {
      const response = await route.fetch();
      const text = await response.text();
      const body = text.replace(
        /(id="vscode-workbench-web-configuration" data-settings=")([^"]*)"/,
        (_, lead: string, json: string) => {
          const settings = JSON.parse(json.replaceAll("&quot;", '"').replaceAll("&amp;", "&")) as Record<
            string,
            unknown
          >;
          settings["developmentOptions"] = { extensions: [at(extension)], extensionTestsPath: at(suite) };
          return `${lead}${JSON.stringify(settings).replaceAll("&", "&amp;").replaceAll('"', "&quot;")}"`;
        },
      );
      if (body === text) throw new Error("the page of the editor has no settings to add to");
      await route.fulfill({ response, body });
    },
  );
}
