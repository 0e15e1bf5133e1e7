import { readFileSync } from "node:fs";
import { deepStrictEqual } from "node:assert/strict";
import { describe, expect, it } from "vitest";
import { MeshError } from "../../../../runtime/interface/errors.ts";
import { CborReader } from "../../../../runtime/remote/cbor/reader.ts";
import { CborWriter } from "../../../../runtime/remote/cbor/writer.ts";

interface Vector {
  readonly name: string;
  readonly hex: string;
}
interface ReadVector extends Vector {
  readonly value: unknown;
}

const docs = new URL("../../../../docs/", import.meta.url);
const vectors = JSON.parse(readFileSync(new URL("protocol-vectors/records.json", docs), "utf8")) as {
  readonly valid: readonly ReadVector[];
  readonly read: readonly ReadVector[];
  readonly invalid: readonly Vector[];
};
const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));

/** A value of the vectors: an object with `$bytes` alone stands for bytes. */
function valueOf(written: unknown): unknown {
  if (typeof written !== "object" || written === null) return written;
  if (Array.isArray(written)) return written.map(valueOf);
  const { $bytes } = written as { readonly $bytes?: string };
  if ($bytes !== undefined) return bytesOf($bytes);
  return Object.fromEntries(Object.entries(written).map(([name, value]) => [name, valueOf(value)]));
}

describe("the vectors of records in CBOR", () => {
  it.each(vectors.valid)("are written so: $name", ({ value, hex }) => {
    const bytes = new CborWriter().write(valueOf(value));
    expect(Buffer.from(bytes ?? []).toString("hex")).toBe(hex);
  });

  it.each([...vectors.valid, ...vectors.read])("are read so: $name", ({ value, hex }) => {
    deepStrictEqual(new CborReader().read(bytesOf(hex)), valueOf(value));
  });

  it.each(vectors.invalid)("are refused: $name", ({ hex }) => {
    expect(() => new CborReader().read(bytesOf(hex))).toThrow(MeshError);
  });

  it("stand in the page as they are in the file", () => {
    const page = readFileSync(new URL("protocol.md", docs), "utf8");
    const told = [...page.matchAll(/^\| `(.+)` \| `((?:[0-9a-f]{2})+)` \|$/gm)].map(([, json, hex]) => ({ json, hex }));
    expect(told.length).toBeGreaterThanOrEqual(5);
    for (const { json, hex } of told) {
      const bytes = new CborWriter().write(JSON.parse(json as string));
      expect({ json, hex: Buffer.from(bytes ?? []).toString("hex") }).toEqual({ json, hex });
    }
  });
});
