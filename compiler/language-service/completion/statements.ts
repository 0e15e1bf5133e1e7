import { keywordDocs } from "../words.ts";
import { keyword, type CompletionItem } from "./item.ts";

function all(snippets: Readonly<Record<string, string>>): CompletionItem[] {
  return Object.entries(snippets).map(([label, snippet]) => {
    const [word = ""] = label.split(" ");
    return keyword(label, keywordDocs[word], snippet === "" ? undefined : snippet);
  });
}

const signature = {
  in: "in  ${1:name}: ${2:text}",
  out: "out ${1:name}: ${2:text}",
  requires: "requires ${1:memory >= 2GiB}",
  latency: "latency ${1:20ms}",
};

const clauses = {
  retry: "retry ${1:3} times, backoff ${2:100ms..5s}",
  timeout: "timeout connect ${1:3s}",
  breaker: "breaker ${1:5} failures in ${2:30s}, open ${3:10s}",
  via: "via ${1|auto,webrtc,grpc|}",
  resume: "resume ${1:10s}",
  standby: "standby ${1|on,off|}",
  auth: 'auth mtls "${1:spiffe://example.com/peer}"',
  failback: "failback after ${1:30s}",
};

/** What may begin a line, by what it stands in; `""` is the file itself. */
export const statements: Readonly<Record<string, readonly CompletionItem[]>> = {
  "": all({
    import: "import { $2 } from \u0022${1:./file.mesh}\u0022",
    record: "record ${1:Name} {\n  ${2:field}: ${3:text}\n}",
    enum: "enum ${1:Name} { ${2:value} }",
    interface: "interface ${1:Name} {\n  in  ${2:a}: ${3:text}\n  out ${4:b}: ${5:text}\n}",
    node: 'node ${1:Name} {\n  in  ${2:text}\n  out ${3:text}\n  from "./${4:node.ts}"\n}',
    pipeline: "pipeline ${1:Name} {\n  in  ${2:a}: ${3:text}\n  out ${4:b}: ${5:text}\n  ${2:a} -> ${4:b}\n}",
    policy: "policy ${1:name} {\n  retry ${2:3} times\n}",
    peer: 'peer ${1:name} {\n  runs ${2:Pipeline}\n  listens "${3:webrtc://0.0.0.0:7443}"\n}',
    scenario: 'scenario "${1:what happens}" for ${2:Pipeline} {\n  $0\n}',
    batch: "batch ${1|node,pipeline,interface|} ${2:Name} {\n  in  ${3:text}\n  out ${4:text}\n}",
  }),
  interface: all({ ...signature, join: "join ${1|time,index,latest|}" }),
  node: all({
    ...signature,
    from: 'from "./${1:node.ts}"',
    converts: "converts at cost ${1:2}",
    join: "join ${1|time,index,latest|}",
    delays: "",
    idempotent: "",
  }),
  pipeline: all({
    ...signature,
    let: "let ${1:name} = ${2:Node}()",
    remote: "remote ${1:name}: ${2:Interface} {\n  at   ${3:peer.Pipeline}\n}",
    budget: "budget ${1:400ms} ${2:a} -> ${3:b}",
    join: "join ${1|time,index,latest|}",
  }),
  remote: all({ at: "at   ", else: "else ", ...clauses }),
  policy: all(clauses),
  peer: all({
    runs: "runs ",
    listens: 'listens "${1:webrtc://0.0.0.0:7443}"',
    provides: "provides ${1:memory(8GiB)}",
    registers: 'registers "${1:wss://signal.example.com}"',
    allows: 'allows "${1:spiffe://example.com/*}"',
    admin: 'admin "${1:spiffe://example.com/admin}"',
  }),
  scenario: all({
    at: "at ${1:2s} ${2|kill,pause,resume|} ${3:peer}",
    feed: 'feed ${1:port} from "${2:file}"',
    "expect emits": "expect ${1:port} emits ${2:1} within ${3:1s}",
    "expect uses": "expect ${1:remote} uses ${2:Target} within ${3:1s}",
    "expect gap": "expect gap ${1:port} <= ${2:500ms}",
    "expect latency": "expect latency ${1:a} -> ${2:b} p99 <= ${3:400ms}",
    "expect no loss": "expect no loss ${1:port}",
    "expect no duplicates": "expect no duplicates ${1:port}",
  }),
};

/** What may follow a word on its line, where that is one of a few words. */
export const followers: Readonly<Record<string, readonly string[]>> = {
  join: ["time", "index", "latest"],
  via: ["auto", "webrtc", "grpc"],
  standby: ["on", "off"],
  auth: ["mtls"],
  failback: ["after"],
  timeout: ["connect", "idle", "call"],
  prefer: ["round_robin", "fastest", "least_loaded", "adaptive", "hash"],
  converts: ["at"],
  batch: ["node", "pipeline", "interface"],
};

/** Options of `with { … }`, and what they may be. */
export const linkOptions: Readonly<Record<string, readonly string[]>> = {
  buffer: ["8", "64"],
  overflow: ["block", "drop_oldest", "drop_newest", "error"],
  delivery: ["reliable", "live"],
  deadline: ["200ms"],
};

export const runOptions: Readonly<Record<string, readonly string[]>> = {
  restart: ["never", "on_failure"],
  attempts: ["3"],
  worker: ["true", "false"],
};

export const balancing: readonly string[] = ["round_robin", "fastest", "least_loaded", "adaptive"];
