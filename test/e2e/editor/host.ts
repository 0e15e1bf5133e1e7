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
  /** Starts it with a folder. @returns where a page finds it */
  serve(folder: string): Promise<URL>;
}

/** What an editor does besides, and nobody looks at here. */
const plain = {
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "chat.disableAIFeatures": true,
  "git.enabled": false,
  "editor.minimap.enabled": false,
  // It asks a shell for its environment, which takes as long as this where there is no terminal.
  "application.shellEnvironmentResolutionTimeout": 1,
};

/** @param folder for what it keeps: a fresh one for each run, for it keeps locks as well */
export async function editorHost(folder: string): Promise<EditorHost> {
  const { node, program } = await ensureEditorHost();
  const extensions = join(folder, "extensions");
  mkdirSync(extensions, { recursive: true });
  mkdirSync(join(folder, "user/User"), { recursive: true });
  writeFileSync(join(folder, "user/User/settings.json"), JSON.stringify(plain));
  const common = [
    program,
    ...["--user-data-dir", join(folder, "user"), "--extensions-dir", extensions],
    ...["--config", join(folder, "config.yaml")],
  ];
  // Its own Node.js is the first on the path for what it starts in its turn.
  const { VITEST: _, NODE_OPTIONS: __, NODE_ENV: ___, ...env } = process.env;
  let server: ChildProcess | undefined;
  return {
    async install(vsix) {
      const child = spawn(node, [...common, "--install-extension", vsix], { env });
      let text = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (text += part.toString()));
      const [code] = (await once(child, "close")) as [number | null];
      if (code !== 0) throw new Error(`the extension was not installed: ${text}`);
      return text;
    },
    async serve(opened) {
      const quiet = ["--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"];
      const more = ["--auth", "none", "--bind-addr", "127.0.0.1:0", "--disable-getting-started-override", ...quiet];
      const child = spawn(node, [...common, ...more, opened], { env });
      server = child;
      const said = createInterface({ input: child.stdout });
      let errors = "";
      child.stderr.on("data", (part: Buffer) => (errors += part.toString()));
      const address = await new Promise<string>((resolve, reject) => {
        said.on("line", (line) => {
          const found = /HTTP server listening on (http:\/\/\S+?)\/?$/.exec(line)?.[1];
          if (found !== undefined) resolve(found);
        });
        child.once("close", (code) =>
          reject(new Error(`the editor has ended with code ${code} before it listened: ${errors}`)),
        );
      });
      const url = new URL(address);
      url.searchParams.set("folder", opened);
      return url;
    },
    async [Symbol.asyncDispose]() {
      if (server === undefined || server.exitCode !== null) return;
      const ended = once(server, "close");
      // It ends what it has started.
      server.kill("SIGTERM");
      await ended;
    },
  };
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
