import { existsSync } from "node:fs";
import process from "node:process";
import { chromium, type Browser } from "playwright-core";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Why tests in a browser are skipped; undefined where they are not. */
export const noChromium = existsSync(executablePath)
  ? undefined
  : `no Chromium at ${executablePath}; set CHROMIUM to its path`;
if (noChromium !== undefined) console.warn(`Skipping the tests in a browser: ${noChromium}.`);

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}
