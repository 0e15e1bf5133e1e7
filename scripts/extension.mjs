// Builds the extension for Visual Studio Code, and packs it. `node scripts/extension.mjs [--pack]`
//
// vscode-extension/dist/ gets the extension itself, the page of the graph, and the part of meshc that comes along with its language server,
// with what these read beside themselves. A .vsix is a zip file in which two small files say what it is; node_modules are in none.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { zipSync } from "fflate";
import { licencesOf, onDisk } from "./licences.mjs";
import { languageServer, serverApart } from "./language-server.mjs";
import { nodeByImport } from "./node-by-import.mjs";
import { readOptions } from "./options.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "vscode-extension");
export const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** What goes into the .vsix beside the manifest and dist/. */
const shipped = ["README.md", "language-configuration.json", "media", "snippets", "walkthrough"];

/** Builds vscode-extension/dist/: beside, then moved into place, so that nobody finds half of it. */
export async function buildExtension() {
  const out = join(folder, `dist.${process.pid}.tmp`);
  const common = {
    absWorkingDir: root,
    bundle: true,
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
    target: "es2022",
  };
  try {
    const built = await Promise.all([
      build({
        ...common,
        entryPoints: { extension: "vscode-extension/extension.ts" },
        outdir: out,
        outExtension: { ".js": ".cjs" },
        format: "cjs",
        platform: "node",
        external: ["vscode"],
      }),
      build({
        ...common,
        entryPoints: { graph: "vscode-extension/webview/graph.ts" },
        outdir: out,
        format: "iife",
        platform: "browser",
        // One of its forms, which is not taken here, would start a worker by `require`.
        external: ["web-worker"],
      }),
      build({
        ...common,
        entryPoints: { meshc: "vscode-extension/server/main.ts" },
        outdir: out,
        outExtension: { ".js": ".mjs" },
        chunkNames: "chunks/[name]-[hash]",
        format: "esm",
        platform: "node",
        splitting: true,
        alias: { esbuild: join(folder, "server/project-esbuild.ts") },
        plugins: [nodeByImport(root), serverApart],
      }),
      build({ ...languageServer(common, []), outdir: out }),
    ]);
    const inputs = built.flatMap((one) => onDisk(one, root));
    writeFileSync(join(out, "THIRD-PARTY-LICENSES.txt"), licencesOf(inputs, root));
    await writeGrammars(join(out, "syntaxes"));
    copyBeside(out);
    const dist = join(folder, "dist");
    rmSync(dist, { recursive: true, force: true });
    renameSync(out, dist);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** Made from the tokens of the language, so that the two cannot drift apart. */
async function writeGrammars(to) {
  const lines = [
    'export { textMateGrammar } from "./grammar/highlight.ts";',
    'export { markdownGrammar } from "./vscode-extension/core/markdown-grammar.ts";',
  ];
  const stdin = { contents: lines.join("\n"), resolveDir: root };
  const { outputFiles } = await build({ stdin, bundle: true, write: false, format: "esm", platform: "node" });
  const code = Buffer.from(outputFiles[0].contents).toString("base64");
  const { textMateGrammar, markdownGrammar } = await import(`data:text/javascript;base64,${code}`);
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, "mesh.tmLanguage.json"), JSON.stringify(textMateGrammar()));
  writeFileSync(join(to, "markdown-mesh.tmLanguage.json"), JSON.stringify(markdownGrammar));
}

/** What the language server and `init` look for beside the program. */
function copyBeside(out) {
  for (const entry of readdirSync(join(root, "stdlib"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".mesh")) continue;
    const from = join(entry.parentPath ?? entry.path, entry.name);
    cpSync(from, join(out, from.slice(root.length + 1)));
  }
  cpSync(join(root, "docs/diagnostics"), join(out, "docs/diagnostics"), { recursive: true });
  cpSync(join(root, "compiler/cli/init/templates"), join(out, "templates"), { recursive: true });
}

/** @returns where the .vsix is, and how many bytes it has */
export function packExtension() {
  const files = {
    "[Content_Types].xml": text(contentTypes()),
    "extension.vsixmanifest": text(vsixManifest()),
    "extension/LICENSE.txt": readFileSync(join(root, "LICENSE")),
    // What only development needs has no place in it.
    "extension/package.json": text(`${JSON.stringify(manifest, undefined, 2)}\n`),
  };
  for (const name of [...shipped, "dist"]) add(files, join(folder, name), `extension/${name}`);
  // The same bytes for the same files, whenever it is made.
  const zip = zipSync(files, { level: 9, mtime: "1980-01-01T12:00:00" });
  const file = join(folder, `${manifest.name}-${manifest.version}.vsix`);
  writeFileSync(file, zip);
  return { file, bytes: zip.length };
}

function add(files, from, to) {
  if (!existsSync(from)) throw new Error(`${from} is missing: build the extension first`);
  if (!statSync(from).isDirectory()) {
    files[to] = readFileSync(from);
    return;
  }
  for (const entry of readdirSync(from)) add(files, join(from, entry), `${to}/${entry}`);
}

function text(content) {
  return new TextEncoder().encode(content);
}

const types = {
  ".cjs": "application/javascript",
  ".css": "text/css",
  ".html": "text/html",
  ".js": "application/javascript",
  ".json": "application/json",
  ".jsonl": "application/jsonl",
  ".md": "text/markdown",
  ".mesh": "text/plain",
  ".mjs": "application/javascript",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".ts": "text/plain",
  ".txt": "text/plain",
  ".vsixmanifest": "text/xml",
  ".wav": "audio/wav",
};

function contentTypes() {
  const rows = Object.entries(types).map(([ending, type]) => `<Default Extension="${ending}" ContentType="${type}"/>`);
  return `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">${rows.join("")}</Types>
`;
}

/** https://learn.microsoft.com/visualstudio/extensibility/vsix-extension-schema-2-0-reference, as galleries of VS Code read it. */
function vsixManifest() {
  const { name, displayName, version, description, publisher, keywords, categories, engines } = manifest;
  const [tags, groups] = [keywords.join(","), categories.join(",")];
  const { languages } = manifest.contributes;
  const more = languages.flatMap((one) => [one.id, ...one.extensions.map((ending) => `__ext_${ending.slice(1)}`)]);
  const property = (id, value) => `<Property Id="Microsoft.VisualStudio.${id}" Value="${escaped(value)}"/>`;
  const asset = (type, path) => `<Asset Type="Microsoft.VisualStudio.${type}" Path="${path}" Addressable="true"/>`;
  return `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="${escaped(name)}" Version="${escaped(version)}" Publisher="${escaped(publisher)}"/>
    <DisplayName>${escaped(displayName)}</DisplayName>
    <Description xml:space="preserve">${escaped(description)}</Description>
    <Tags>${escaped([tags, ...more].join(","))}</Tags>
    <Categories>${escaped(groups)}</Categories>
    <License>extension/LICENSE.txt</License>
    <Icon>extension/${escaped(manifest.icon)}</Icon>
    <Properties>
      ${property("Code.Engine", engines.vscode)}
      ${property("Code.ExtensionKind", manifest.extensionKind.join(","))}
      ${property("Services.Content.Pricing", "Free")}
    </Properties>
  </Metadata>
  <Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation>
  <Dependencies/>
  <Assets>
    ${asset("Code.Manifest", "extension/package.json")}
    ${asset("Services.Content.Details", "extension/README.md")}
    ${asset("Services.Content.License", "extension/LICENSE.txt")}
    ${asset("Services.Icons.Default", `extension/${manifest.icon}`)}
  </Assets>
</PackageManifest>
`;
}

function escaped(value) {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const options = readOptions(argv.slice(2), ["--pack"], "node scripts/extension.mjs [--pack], or npm run package");
  await buildExtension();
  if (options.has("--pack")) {
    const { file, bytes } = packExtension();
    console.log(`${file.slice(root.length + 1)}: ${(bytes / 1024 / 1024).toFixed(2)} MiB`);
  }
}
