/** A project that a bundler builds: a program of two files, and the code of a node in TypeScript. */
export const bundledProject = {
  "package.json": JSON.stringify({ name: "bundled", type: "module" }),
  "words.mesh": `/// What is said.
record Greeting {
  text: text
  marks: int = 1
}

pipeline Shouting {
  in  name: text
  out greeting: Greeting
  name -> Shout() -> greeting
}

node Shout {
  in  text
  out Greeting
  from "./shout.ts"
}
`,
  "shout.ts": `import { defineNode } from "pipeline-mesh";

const word: string = "HELLO";

export const Shout = defineNode<object>({
  open: (_, { emit }) => ({
    process: ({ payload }) => emit("out", { text: \`\${word} \${String(payload).toUpperCase()}\` }),
  }),
});
`,
  "main.mesh": `import { Greeting, Shouting } from "./words.mesh"

pipeline Main {
  in  name: text
  out greeting: Greeting
  name -> Shouting() -> greeting
}

peer here {
  runs Main
  listens "webrtc://127.0.0.1:0"
}
`,
  // In plain JavaScript, so that every bundler takes it; the code of the node is TypeScript.
  "use.js": `import { launchMain } from "./main.mesh";
import * as module from "./main.mesh";

export async function greet(names) {
  const main = await launchMain();
  const heard = [];
  const reading = (async () => {
    for await (const greeting of main.greeting) heard.push(greeting);
  })();
  for (const name of names) await main.name.write(name);
  main.end();
  const { error } = await main.closed;
  await reading;
  return { heard, error: error?.message, exports: Object.keys(module).sort() };
}
`,
  "node.js": `import { greet } from "./use.js";
console.log(JSON.stringify(await greet(["ada", "grace"])));
`,
  "page.js": `import { greet } from "./use.js";
globalThis.greet = greet;
`,
  "index.html": `<!doctype html><script type="module" src="/page.js"></script>`,
};

/** What comes of \`ada\` and \`grace\`. */
export const heard = [
  { text: "HELLO ADA", marks: 1 },
  { text: "HELLO GRACE", marks: 1 },
];
