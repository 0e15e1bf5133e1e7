import { existsSync } from "node:fs";
import process from "node:process";
import { chromium, type Browser } from "playwright-core";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Why tests in a browser are skipped; undefined where they are not. */
export const noChromium = existsSync(executablePath)
  ? undefined
  : `no Chromium at ${executablePath}; set CHROMIUM to its path`;
if (noChromium !== undefined) console.warn(`Skipping the tests in a browser: ${noChromium}.`);

/** Only a page that hangs should run into it, on a slow machine too. */
const pageMs = 120_000;

/** @param args further ones of the command line */
export async function launchChromium(...args: readonly string[]): Promise<Browser> {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", ...args] });
  return browser.on("context", (context) => context.setDefaultTimeout(pageMs));
}
