// What `meshc build` prints with: ts-morph without TypeScript and without the declarations of the standard libraries, which are
// twelve of its thirteen megabytes. The ts-morph that holds code against its contract is the package as it is.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const standIn = fileURLToPath(new URL("../compiler/codegen/typescript-stand-in.ts", import.meta.url));

/** Options of esbuild that write `printing-morph.cjs`. @param common those of all builds */
export function printingMorph(common) {
  return {
    ...common,
    format: "cjs",
    splitting: false,
    platform: "node",
    packages: "bundle",
    sourcemap: false,
    minifyWhitespace: true,
    entryPoints: { "printing-morph": require.resolve("ts-morph") },
    outExtension: { ".js": ".cjs" },
    plugins: [withoutTypeScript],
  };
}

const withoutTypeScript = {
  name: "without-typescript",
  setup(build) {
    build.onResolve({ filter: /^\.\/typescript$/ }, ({ resolveDir }) => ({
      path: createRequire(`${resolveDir}/`).resolve("./typescript"),
      namespace: "stand-in",
    }));
    build.onLoad({ filter: /./, namespace: "stand-in" }, ({ path }) => ({
      contents: `const { typescriptStandIn } = require(${JSON.stringify(standIn)});
        module.exports = typescriptStandIn(JSON.parse(${JSON.stringify(JSON.stringify(constantsOf(require(path))))}), () => require("ts-morph").ts);`,
      resolveDir: fileURLToPath(new URL(".", import.meta.url)),
    }));
    // Should TypeScript be asked for after all, it is the one of the package.
    build.onResolve({ filter: /^ts-morph$/ }, ({ namespace, path }) =>
      namespace === "stand-in" ? { path, external: true } : undefined,
    );
    build.onLoad({ filter: /code-block-writer\/script\/mod\.js$/ }, ({ path }) => ({
      contents: withPlainFields(path),
    }));
    build.onLoad({ filter: /ts-morph-common\.js$/ }, ({ path }) => ({ contents: withoutLibraries(path) }));
  },
};

/** Exports that are texts, numbers, or tables of such: the enumerations. */
function constantsOf(typescript) {
  const isPlain = (value) => ["string", "number"].includes(typeof value);
  const isTable = (value) => typeof value === "object" && value !== null && Object.values(value).every(isPlain);
  return Object.fromEntries(Object.entries(typescript).filter(([, value]) => isPlain(value) || isTable(value)));
}

function withoutLibraries(path) {
  const text = readFileSync(path, "utf8");
  const from = text.indexOf("const libFiles = [{");
  const to = text.indexOf("\n", text.indexOf("}];", from));
  if (from === -1 || to === -1) throw new Error(`${path} has no table of libraries where one was`);
  return `${text.slice(0, from)}const libFiles = [];${text.slice(to)}`;
}

/** Fields set one by one instead of defined: a writer is made for each type that is printed, and that took most of its time. */
function withPlainFields(path) {
  const text = readFileSync(path, "utf8");
  const field =
    /Object\.defineProperty\(this, "(\w+)", \{\s*enumerable: true,\s*configurable: true,\s*writable: true,\s*value: ([^{}]*?)\s*\}\)/g;
  const plain = text.replace(field, "this.$1 = $2");
  if (plain === text) throw new Error(`${path} defines no fields where it did`);
  return plain;
}
