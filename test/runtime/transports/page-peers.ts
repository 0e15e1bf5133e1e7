import { createServer, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "../../e2e/support/chromium.ts";
import type { Peer } from "../../conformance/peer.ts";
import { remoteObject, type Invoke, type Outcome } from "../../conformance/remote-objects.ts";

/** A page in Chromium whose peers are called from here. */
export interface PagePeers {
  readonly page: Page;
  /** Dials peers outside of the page. */
  readonly outwards: Peer;
  /** Two that dial each other. */
  readonly caller: Peer;
  readonly callee: Peer;
  close(): Promise<void>;
}

/** A browser for all pages of a test file. */
export class PageHarness {
  readonly #browser: Browser;
  readonly #server: Server;

  private constructor(browser: Browser, server: Server) {
    this.#browser = browser;
    this.#server = server;
  }

  /** @param entry the program of its pages, in `fixtures` */
  static async start(entry = "conformance-page.ts"): Promise<PageHarness> {
    const bundle = await build({
      entryPoints: [fileURLToPath(new URL(`fixtures/${entry}`, import.meta.url))],
      bundle: true,
      write: false,
      format: "iife",
      platform: "browser",
    });
    const script = bundle.outputFiles[0]?.text.replaceAll("</script", "<\\/script");
    const server = createServer((_, response) => {
      response.setHeader("content-type", "text/html");
      response.end(`<!doctype html><script>${script}</script>`);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new PageHarness(await launchChromium("--disable-background-networking"), server);
  }

  async open(): Promise<PagePeers> {
    const page = await this.#browser.newPage();
    await page.goto(`http://127.0.0.1:${(this.#server.address() as { port: number }).port}/`);
    const invoke: Invoke = async (...call) => (await page.evaluate(`invoke(...${JSON.stringify(call)})`)) as Outcome;
    return {
      page,
      outwards: remoteObject<Peer>(invoke, 0),
      caller: remoteObject<Peer>(invoke, 1),
      callee: remoteObject<Peer>(invoke, 2),
      close: () => page.close(),
    };
  }

  async close(): Promise<void> {
    await this.#browser.close();
    this.#server.close();
  }
}
