import * as library from "node-datachannel";
import { describe, expect, test } from "vitest";
import { chooseEngine, type EngineName } from "../../../runtime/transports/webrtc/engines/choose.nodejs.ts";

/** Chooses with a package that loads as told, and gives what was logged. */
async function choose(name: EngineName, importLibrary: () => Promise<unknown>) {
  const logged: string[] = [];
  const engine = await chooseEngine({
    name,
    log: (level, message, fields) => logged.push(`${level}: ${message} ${JSON.stringify(fields)}`),
    importLibrary,
  });
  return { engine: engine.name, logged };
}

const installed = async (): Promise<unknown> => library;
const absent = async (): Promise<unknown> => {
  throw Object.assign(new Error("Cannot find package 'node-datachannel' imported from /app/main.js"), {
    code: "ERR_MODULE_NOT_FOUND",
  });
};
/** As on a machine for which there is no binary. */
const broken = async (): Promise<unknown> => {
  throw new Error("Unsupported platform/architecture for node-datachannel: sunos (x64).\nMore.");
};

describe("the WebRTC engine in Node", () => {
  test("is node-datachannel where it is installed, and werift otherwise", async () => {
    expect(await choose("auto", installed)).toEqual({ engine: "node-datachannel", logged: [] });
    expect(await choose("auto", absent)).toEqual({ engine: "werift", logged: [] });
  });

  test("is the one that is asked for", async () => {
    expect(await choose("werift", installed)).toEqual({ engine: "werift", logged: [] });
    expect(await choose("node-datachannel", installed)).toEqual({ engine: "node-datachannel", logged: [] });
  });

  test("says so when what is installed cannot be used", async () => {
    expect(await choose("auto", broken)).toEqual({
      engine: "werift",
      logged: [
        "warn: node-datachannel is installed and cannot be loaded; werift is used instead " +
          '{"reason":"Unsupported platform/architecture for node-datachannel: sunos (x64)"}',
      ],
    });
  });

  test("says what to install when the one that is asked for is not there", async () => {
    await expect(choose("node-datachannel", absent)).rejects.toMatchObject({
      code: "dependency-missing",
      message: "The WebRTC engine node-datachannel cannot be loaded: it is not installed.",
      hint: expect.stringContaining("npm install node-datachannel@"),
    });
    await expect(choose("node-datachannel", broken)).rejects.toMatchObject({
      message: expect.stringContaining("Unsupported platform/architecture"),
    });
  });

  test("loads the package by itself", async () => {
    expect((await chooseEngine({ name: "auto", log: () => undefined })).name).toBe("node-datachannel");
  });
});
