/** What a user may set under `mesh`, with what holds where nobody says anything. `package.json` has the same, as a test proves. */
export interface ExtensionSettings {
  /** Which language server is asked: that of the project where it has one and may be run, the project's alone, or the extension's. */
  readonly "server.use": "auto" | "project" | "bundled";
  /** The Node.js that `meshc run`, `build` and `test` are run with; that of the PATH where it is empty. */
  readonly node: string;
  /** Each peer in a process of its own. */
  readonly "run.processes": boolean;
  /** More options for `meshc run`. */
  readonly "run.arguments": readonly string[];
  /** The graph shows whichever program is edited. */
  readonly "graph.follow": boolean;
}

export const defaultSettings: ExtensionSettings = {
  "server.use": "auto",
  node: "",
  "run.processes": true,
  "run.arguments": [],
  "graph.follow": true,
};

/** Those that the language server reads, by their names under `mesh`. */
export const serverSettings = [
  "inlayHints.converters",
  "inlayHints.formats",
  "inlayHints.targets",
  "codeLens",
] as const;

/** What is set, whatever it is: a value of another kind counts as none. @param get what an editor says of a setting */
export function readSettings(get: (name: string) => unknown): ExtensionSettings {
  const use = get("server.use");
  const node = get("node");
  const processes = get("run.processes");
  const words = get("run.arguments");
  const follow = get("graph.follow");
  return {
    "server.use": use === "project" || use === "bundled" ? use : defaultSettings["server.use"],
    node: typeof node === "string" ? node.trim() : defaultSettings.node,
    "run.processes": typeof processes === "boolean" ? processes : defaultSettings["run.processes"],
    "run.arguments": Array.isArray(words)
      ? words.filter((one): one is string => typeof one === "string")
      : defaultSettings["run.arguments"],
    "graph.follow": typeof follow === "boolean" ? follow : defaultSettings["graph.follow"],
  };
}
