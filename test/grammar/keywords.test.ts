import { describe, expect, it } from "vitest";
import { parse } from "../../grammar/index.ts";
import { keywords } from "../../grammar/tokens.ts";

/** Reserved by the language. */
const reserved = new Set(["true", "false", "map"]);
/** `any`, `first`, `route` and `flush` may not name something that starts a step, though they may end a chain. */
const words = [...keywords.keys()].filter((word) => !reserved.has(word));
/** `mono` as a value is the channel layout. */
const values = new Set(["mono", "stereo"]);

const pipeline = (statements: string): string => `pipeline P {\n${statements}\n}`;
const scenario = (steps: string): string => `scenario "x" for P {\n${steps}\n}`;
const remote = (targets: string): string => pipeline(`remote r: I {\n${targets}\n}`);

/** Places of a name, by what it names there: each a program with `NAME` in it. */
const places: readonly (readonly [string, string])[] = [
  ["an input", pipeline("in NAME: text")],
  ["an output after an input", pipeline("in a: text\nout NAME: text\nout b: text")],
  ["a port of an interface", "interface I {\n in NAME: audio<opus>\n out x: text\n}"],
  ["a port of a node", 'node N {\n in NAME: [text]?\n out b: text\n from "x"\n}'],
  ["a field", "record R {\n a: float = 1\n NAME: float in 0..1 = 0.5\n b: text\n}"],
  ["a first field", "record R {\n NAME: text\n b: text\n}"],
  ["a field on one line", "record R { a: text, NAME: text, b: text }"],
  ["an enum value", "enum E { a, NAME, b }"],
  ["an enum value on its line", "enum E {\n a\n NAME\n b\n}"],
  ["a parameter", 'node N(a: int, NAME: text = "x") {}'],
  ["a parameter on its line", "pipeline P(\n a: int,\n NAME: text,\n) {}"],
  ["an argument", pipeline("let a = N(NAME: 1, b: 2)")],
  ["an argument on its line", pipeline("let a = N(\n b: 1,\n NAME: 2,\n)")],
  ["an option", pipeline("a -> b with { NAME: 1 }")],
  ["a let", pipeline("let NAME = N()\nlet x = N()")],
  ["a let with options", pipeline("let NAME = N() with { a: 1 }")],
  ["a remote", pipeline("remote NAME: I {\n at gpu.X\n}")],
  ["a remote with a policy", pipeline("remote NAME: I with NAME {\n at NAME.X\n}")],
  ["a policy and a peer", "policy NAME {\n retry 2 times\n}\npeer NAME {\n}"],
  ["the end of a chain", pipeline("a -> NAME\na -> b")],
  ["a step", pipeline("a -> NAME -> b")],
  ["a port of a step", pipeline("a.NAME -> b.NAME")],
  ["a source", pipeline("in a: text\nNAME -> b\nNAME ~> c")],
  ["a source with a port", pipeline("x -> y\nNAME.p -> b")],
  ["a source before a break", pipeline("x -> y\nNAME\n  ~> b")],
  ["a branch", pipeline("a -> [NAME, b, c -> NAME, NAME.x, NAME]")],
  ["a branch on its line", pipeline("a -> [\n NAME,\n b,\n]")],
  ["a merged source", pipeline("[a, NAME] -> b\n[NAME, a] -> b")],
  ["the ends of a budget", pipeline("budget 400ms NAME -> NAME\na -> b")],
  ["what is flushed", pipeline("a -> flush NAME")],
  ["a field that is routed by", pipeline('a -> route NAME { "x" -> NAME, else -> NAME }')],
  ["a field that is hashed", pipeline("a -> any(hash(NAME)) [b, c]")],
  ["a property of a candidate", remote('at service "x" where NAME == 1 or a.NAME > 1, b\nelse Y()')],
  ["a property of a capability", "peer p {\n provides gpu(NAME: 24GiB)\n}"],
  ["an argument of what a peer runs", 'peer p {\n runs X(NAME: 1) as "x"\n}'],
  [
    "a port of a scenario",
    scenario('feed NAME from "a"\nexpect NAME emits 1\nexpect gap NAME <= 1s\nexpect no loss NAME'),
  ],
  ["the ends of a latency", scenario("expect latency NAME -> NAME p99 <= 1s")],
  ["a remote of a scenario", scenario("expect NAME uses L within 1s")],
  ["a peer of a scenario", scenario("at 2s kill NAME\nat 3s cut NAME..b\nat 3s delay b..NAME 3ms")],
  ...[
    "requires gpu",
    "latency 3ms",
    "in text",
    "in a: text?",
    "converts",
    "delays",
    "join time",
    "budget 1s a -> b",
  ].map((before) => [`a source after ${before}`, pipeline(`${before}\nNAME -> b`)] as const),
];

const valuePlaces: readonly (readonly [string, string])[] = [
  ["a value", pipeline('let a = N(b: NAME, c: [NAME], d: env("x", NAME))')],
  ["a default", "record R { a: E = NAME }"],
  ["a format", "node N(NAME: frequency) {\n in audio<pcm_f32, R>\n out audio<pcm_f32, NAME>\n}"],
  ["what a property is compared with", remote('at service "x" where a == NAME, prefer fastest')],
];

function treeOf(place: string, name: string): string {
  const { file, errors } = parse(place.replaceAll("NAME", name));
  expect(errors, name).toEqual([]);
  return JSON.stringify(file, (key, value: unknown) => {
    if (key === "span" || key === "arrowSpan") return undefined;
    return key === "text" && value === name ? "NAME" : value;
  });
}

describe("every keyword may name", () => {
  it.each(places)("%s", (_, place) => {
    const wanted = treeOf(place, "plain");
    for (const word of words) expect(treeOf(place, word), word).toBe(wanted);
  });

  it.each(valuePlaces)("%s", (_, place) => {
    const wanted = treeOf(place, "plain");
    for (const word of words.filter((one) => !values.has(one))) expect(treeOf(place, word), word).toBe(wanted);
  });
});

describe("what is reserved", () => {
  it.each([...reserved])("%s names nothing", (word) => {
    for (const text of [
      `record ${word} { a: text }`,
      pipeline(`let ${word} = N()`),
      pipeline(`remote ${word}: I {}`),
    ]) {
      expect(parse(text).errors.map(({ code }) => code)).toEqual(["MESH1022"]);
    }
  });
});
