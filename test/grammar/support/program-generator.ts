/**
 * Random programs of every form that the grammar has: right in syntax, without sense. Each statement stands on a line of
 * its own; `scattered` puts comments and other space into them.
 */
import * as fc from "fast-check";
import { keywords } from "../../../grammar/tokens.ts";

type Text = fc.Arbitrary<string>;

const reserved = new Set(["true", "false", "map"]);
/** Words that begin a step of their own form, or a value. */
const stepWords = new Set(["any", "first", "route", "flush", "mono", "stereo"]);
const words = [...keywords.keys()].filter((word) => !reserved.has(word));
const plainNames = ["a", "mic", "vad", "speaker_2", "captions", "x1", "_y"];

const plain: Text = fc.constantFrom(...plainNames);
/** What may name a port, field, parameter, `let` or `remote`. */
const anyName: Text = fc.oneof({ weight: 2, arbitrary: plain }, { weight: 1, arbitrary: fc.constantFrom(...words) });
const stepName: Text = fc.oneof(
  { weight: 3, arbitrary: plain },
  { weight: 1, arbitrary: fc.constantFrom(...words.filter((word) => !stepWords.has(word))) },
);
const declared: Text = fc.constantFrom("A", "Hearing", "Answer", "LocalHearing", "VeryLongNameOfSomethingDeclared");

/** Texts one after the other, with a space between them. */
function say(...parts: readonly (string | Text)[]): Text {
  return fc.tuple(...parts.map((part) => (typeof part === "string" ? fc.constant(part) : part))).map(spaced);
}

function glue(...parts: readonly (string | Text)[]): Text {
  return fc
    .tuple(...parts.map((part) => (typeof part === "string" ? fc.constant(part) : part)))
    .map((all) => all.join(""));
}

function spaced(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}

function maybe(part: Text): Text {
  return fc.oneof(fc.constant(""), part);
}

function listOf(part: Text, minLength = 0, maxLength = 4): Text {
  return fc.array(part, { minLength, maxLength }).map((parts) => parts.join(", "));
}

function body(head: Text, member: Text, maxLength = 4): Text {
  return fc
    .tuple(head, fc.array(member, { maxLength }))
    .map(([start, members]) => `${start} {\n${members.join("\n")}\n}`);
}

// ---- values -----------------------------------------------------------------------------------------------------

const numbers = ["0", "5", "0.5", "-1", "12.4", "20ms", "3s", "1h", "48kHz", "8GiB", "64kbps", "30fps", "-6dB", "80%"];
const number: Text = fc.constantFrom(...numbers, "6ch", "1280x720", "12.4.1");
const literal: Text = fc.oneof(number, fc.constantFrom("true", "false", "mono", "stereo"));
const range: Text = fc.oneof(glue(number, "..", number), glue(number, ".."), glue("..", number));
const string: Text = fc.constantFrom(
  '""',
  '"a"',
  '"de-DE, en"',
  '"webrtc://host:7443/speaker"',
  '"\\u00e9\\"//"',
  '"{(["',
);
const scalar: Text = fc.oneof(literal, range, string, plain);
const call: Text = glue(plain, "(", listOf(scalar, 0, 3), ")");
const list: Text = glue("[", listOf(fc.oneof(scalar, call)), "]");
export const value: Text = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 1, arbitrary: fc.oneof(call, list, glue("[", listOf(list, 0, 2), "]")) },
);

const argument: Text = glue(anyName, ": ", value);
const instance: Text = glue(declared, "(", listOf(argument), ")");
const options: Text = glue("with { ", listOf(argument), " }");

// ---- types ------------------------------------------------------------------------------------------------------

const shape: Text = glue("[", listOf(fc.oneof(fc.constantFrom("1", "224", "N")), 0, 3), "]");
const cap: Text = fc
  .array(fc.oneof(fc.constantFrom("opus", "pcm_f32", "R"), literal, range, shape), { minLength: 1, maxLength: 3 })
  .map((alternatives) => alternatives.join(" | "));
const simpleType: Text = fc.oneof(
  fc.constantFrom("text", "signal", "Transcript", "int"),
  glue(fc.constantFrom("audio", "video", "tensor"), "<", listOf(cap, 1), ">"),
);
const { type } = fc.letrec<{ type: string }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    simpleType,
    glue("[", tie("type"), "]"),
    glue("map<", tie("type"), ">"),
    glue(tie("type"), "?"),
    say("float in", range),
    say("text matches", string),
  ),
}));
const parameter: Text = fc.oneof(glue(anyName, ": ", type), glue(anyName, ": ", type, " = ", value));
const parameters: Text = maybe(glue("(", listOf(parameter), ")"));
const variable: Text = glue(
  fc.constantFrom("R", "C", "K"),
  ": ",
  fc.constantFrom("rate", "channels"),
  maybe(glue(" in ", cap)),
);
const variables: Text = maybe(glue("<", listOf(variable, 1, 3), ">"));

// ---- capabilities -----------------------------------------------------------------------------------------------

const capabilityValue: Text = fc.oneof(scalar, glue(plain, ": ", value));
const capability: Text = fc.oneof(plain, glue(plain, "(", listOf(capabilityValue), ")"));
const property: Text = fc.array(plain, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("."));
const comparison: Text = say(property, fc.constantFrom("==", "!=", ">=", ">", "<=", "<"), scalar);
const condition: Text = fc
  .array(fc.oneof(capability, comparison), { minLength: 1, maxLength: 3 })
  .map((alternatives) => alternatives.join(" or "));
const conditions: Text = listOf(condition, 1);

// ---- members ----------------------------------------------------------------------------------------------------

const documentation: Text = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: fc.constantFrom("/// What it is.\n", "/// One.\n/// Two.\n") },
);
const within: Text = maybe(say("within", number));
const port: Text = fc.oneof(
  glue(documentation, fc.constantFrom("in ", "out "), anyName, ": ", type),
  glue(fc.constantFrom("in ", "out "), type),
);
const signatureMember: Text = fc.oneof(
  { weight: 3, arbitrary: port },
  say("requires", conditions),
  say("latency", number),
  say("from", string),
  fc.constant("converts"),
  say("converts at cost", number),
  say("join", fc.constantFrom("time", "index", "latest"), within),
  fc.constantFrom("delays", "idempotent"),
);

const hashed: Text = glue("hash(", plain, ")");
const endpoint: Text = fc.oneof(stepName, glue(stepName, ".", anyName), instance, glue(instance, ".", plain));
const arrow: Text = fc.constantFrom("->", "~>");
const { hops } = fc.letrec<{ step: string; hop: string; hops: string; branch: string }>((tie) => ({
  branch: say(tie("step"), fc.oneof({ maxDepth: 3 }, fc.constant(""), tie("hops"))),
  step: fc.oneof(
    { maxDepth: 3, depthIdentifier: "step" },
    { weight: 4, arbitrary: endpoint },
    { weight: 1, arbitrary: glue("[", listOf(tie("branch"), 1, 3), "]") },
    { weight: 1, arbitrary: glue("any(", fc.oneof(plain, hashed), ") [", listOf(tie("branch"), 1, 3), "]") },
    {
      weight: 1,
      arbitrary: glue("first", maybe(glue("(", listOf(argument), ")")), " [", listOf(tie("branch"), 1, 3), "]"),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          property,
          fc.array(fc.tuple(fc.oneof(string, number, plain), tie("hops")), { maxLength: 3 }),
          maybe(tie("hops")),
        )
        .map(([field, cases, otherwise]) => {
          const all = cases.map(([match, flow]) => `${match} ${flow}`);
          if (otherwise !== "") all.push(`else ${otherwise}`);
          return `route ${field} { ${all.join(", ")} }`;
        }),
    },
    { weight: 1, arbitrary: say("flush", plain) },
  ),
  hop: say(arrow, tie("step"), fc.oneof({ weight: 4, arbitrary: fc.constant("") }, { weight: 1, arbitrary: options })),
  hops: fc.oneof(
    { maxDepth: 3, depthIdentifier: "hops" },
    say(arrow, endpoint),
    tie("hop"),
    say(tie("hop"), tie("hops")),
  ),
}));
const flow: Text = say(fc.oneof(endpoint, glue("[", listOf(endpoint, 1, 3), "]")), hops);
const path: Text = glue(fc.oneof(plain, glue(plain, ".", plain)), " -> ", plain);

const uri: Text = fc.oneof(string, glue("env(", string, ", ", string, ")"));
const service: Text = say("service", string, maybe(say("where", conditions)));
const targetValue: Text = fc.oneof(
  glue(plain, ".", declared),
  uri,
  service,
  glue(service, ", prefer ", plain),
  instance,
);
const clause: Text = fc.oneof(
  say("retry", number, "times"),
  glue("retry ", number, " times, backoff ", range),
  glue("timeout ", listOf(say(fc.constantFrom("connect", "idle", "call"), number), 1, 3)),
  glue("breaker ", number, " failures in ", number, maybe(glue(", open ", number))),
  say("via", fc.constantFrom("auto", "webrtc", "grpc")),
  say("resume", number),
  say("standby", fc.constantFrom("on", "off")),
  say("auth mtls", string),
  say("failback after", number),
);
const remoteHead: Text = glue(documentation, "remote ", anyName, ": ", declared, maybe(glue(" with ", plain)));
const remote: Text = body(remoteHead, fc.oneof(say(fc.constantFrom("at", "else"), targetValue), clause));
const pipelineMember: Text = fc.oneof(
  { weight: 4, arbitrary: flow },
  { weight: 2, arbitrary: signatureMember },
  { weight: 2, arbitrary: glue("let ", anyName, " = ", instance, maybe(glue(" ", options))) },
  { weight: 2, arbitrary: remote },
  { weight: 1, arbitrary: say("budget", number, path) },
);

const strings: Text = listOf(uri, 1, 3);
const peerMember: Text = fc.oneof(
  glue("runs ", fc.oneof(declared, instance), maybe(glue(" as ", string)), maybe(fc.constant(" shared"))),
  say(fc.constantFrom("listens", "registers", "allows", "admin"), strings),
  say("provides", listOf(capability, 1, 3)),
);

const reached: Text = fc.oneof(declared, targetValue);
const scenarioStep: Text = fc.oneof(
  say("at", number, fc.constantFrom("kill", "pause", "resume"), plain),
  glue(
    "at ",
    number,
    " ",
    fc.constantFrom("cut", "heal", "delay", "lose"),
    " ",
    plain,
    "..",
    plain,
    maybe(glue(" ", number)),
  ),
  say("feed", plain, "from", string),
  say("expect", plain, "emits", number, within),
  say("expect", plain, "uses", reached, within),
  say("expect gap", plain, "<=", number),
  say("expect latency", path, "p99 <=", number),
  say("expect no", fc.constantFrom("loss", "duplicates"), plain),
);

// ---- declarations -----------------------------------------------------------------------------------------------

const field: Text = glue(documentation, parameter);
const oneLine = (head: Text, member: Text): Text =>
  fc
    .tuple(head, listOf(member))
    .map(([start, members]) => (members === "" ? `${start} {}` : `${start} { ${members} }`));
const batch: Text = maybe(fc.constant("batch "));
const declaration: Text = fc.oneof(
  body(say("record", declared), field),
  oneLine(say("record", declared), parameter),
  body(say("enum", declared), glue(documentation, anyName)),
  oneLine(say("enum", declared), anyName),
  body(glue(batch, "interface ", declared), signatureMember),
  body(glue(batch, "node ", declared, variables, parameters), signatureMember),
  {
    weight: 4,
    arbitrary: body(glue(batch, "pipeline ", declared, parameters, maybe(glue(": ", declared))), pipelineMember, 6),
  },
  body(say("policy", plain), clause),
  body(say("peer", plain), peerMember),
  body(glue("scenario ", string, " for ", declared), scenarioStep),
);
const imported: Text = glue(declared, maybe(glue(" as ", declared)));
const importing: Text = glue("import { ", listOf(imported), " } from ", string);

/** The text of a program without syntax errors. */
export const program: Text = fc
  .tuple(
    fc.array(importing, { maxLength: 2 }),
    fc.array(glue(documentation, declaration), { minLength: 1, maxLength: 4 }),
  )
  .map(([imports, declarations]) => `${[...imports, ...declarations].join("\n")}\n`);
