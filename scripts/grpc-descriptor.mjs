// Writes mesh.v1 as a module from its .proto: `node scripts/grpc-descriptor.mjs`. The service is loaded from that, for a
// bundle has no files beside it.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readFileSync, writeFileSync } from "node:fs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// Whatever protobufjs the loader brings along: it reads what this one writes.
const require = createRequire(createRequire(import.meta.url).resolve("@grpc/proto-loader"));
const protobuf = require("protobufjs");
const descriptor = require("protobufjs/ext/descriptor");

const protoFile = join(root, "runtime/transports/grpc/mesh/v1/mesh.proto");
export const moduleFile = join(root, "runtime/transports/grpc/mesh-v1.ts");

/** The file as `protoc` would describe it, in base64. */
function descriptorOf(parsed) {
  const [file] = parsed.root.resolveAll().toDescriptor("proto3").file;
  file.name = "mesh/v1/mesh.proto";
  for (const message of file.messageType) {
    for (const nested of message.nestedType) {
      if (nested.options?.mapEntry !== true) continue;
      // protobufjs calls the entry of a map as the field; the language has a name for it that readers check.
      const entry = `${nested.name}Entry`;
      for (const field of message.field) {
        if (field.typeName !== nested.name) continue;
        field.typeName = `.mesh.v1.${message.name}.${entry}`;
      }
      nested.name = entry;
    }
  }
  return Buffer.from(descriptor.FileDescriptorProto.encode(file).finish()).toString("base64");
}

/** The module, as it has to be. */
export function moduleText() {
  const source = readFileSync(protoFile, "utf8");
  const { root: parsed } = protobuf.parse(source, { keepCase: true });
  return [
    "/** mesh/v1/mesh.proto; written by scripts/grpc-descriptor.mjs. */",
    "",
    "/** In the JSON of protobufjs. */",
    `export const meshV1 = ${JSON.stringify(parsed.toJSON())};`,
    "",
    "/** Its FileDescriptorProto in base64. */",
    "export const meshV1Descriptor: string = [",
    ...descriptorOf(protobuf.parse(source, { keepCase: true }))
      .match(/.{1,110}/g)
      .map((line) => `  "${line}",`),
    '].join("");',
    "",
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(moduleFile, moduleText());
  spawnSync("npx", ["--no-install", "oxfmt", moduleFile], { cwd: root, stdio: "inherit" });
}
