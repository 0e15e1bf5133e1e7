import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { differencesOf } from "../../../compiler/pull/drift.ts";
import { lockedText, lockOf } from "../../../compiler/pull/lock.ts";

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");
const body = `interface Loud {
  in  line: text
  out answer: Reply
}

record Reply {
  text: text
  marks: int = 1
}

enum Mood { calm, loud }
`;
const uri = "webrtc://127.0.0.1:7452/Loud";

describe("the head of a pulled file", () => {
  it("tells where it comes from and what it was", () => {
    const file = lockedText(uri, body, hashOf);
    const lock = lockOf(file);
    expect(lock).toMatchObject({ uri, body, hash: hashOf(body) });
    expect(file.slice(lock?.bodyStart)).toBe(body);
  });

  it("is the same with other line ends, and notes each edit", () => {
    const file = lockedText(uri, body, hashOf);
    const windows = lockOf(file.replaceAll("\n", "\r\n"));
    expect(windows?.hash).toBe(hashOf(windows?.body ?? ""));
    const edited = lockOf(file.replace("int = 1", "int = 2"));
    expect(edited?.hash).not.toBe(hashOf(edited?.body ?? ""));
  });

  it("is missing from a file of one's own", () => {
    expect(lockOf(body)).toBeUndefined();
    expect(lockOf(`// meshc pull ${uri}\n${body}`)).toBeUndefined();
    expect(lockOf("")).toBeUndefined();
  });
});

describe("what has changed", () => {
  it("is told by port, field and value, with both forms", () => {
    const fresh = body
      .replace("answer: Reply", "answer: text")
      .replace("  text: text\n", "  text: text\n  language: text?\n")
      .replace("calm, loud", "loud");
    expect(differencesOf(body, fresh)).toEqual([
      { message: "`Loud.answer` is `out answer: text` there, `out answer: Reply` here", span: expect.anything() },
      { message: "`Mood.calm` is no longer there", span: expect.anything() },
      { message: "`Reply.language` is new there: `language: text?`", span: undefined },
    ]);
    const [first] = differencesOf(body, fresh);
    expect(body.slice(first?.span?.start, first?.span?.end)).toBe("out answer: Reply");
  });

  it("is nothing where nothing differs", () => {
    expect(differencesOf(body, body)).toEqual([]);
  });

  it("tells that a stream answers requests now", () => {
    const [only] = differencesOf(body, body.replace("interface Loud", "batch interface Loud"));
    expect(only?.message).toBe("`Loud` is `batch interface Loud` there, `interface Loud` here");
  });
});
