// What the tests need beside Node: a recogniser with its English model, a browser, servers of TURN and NATS, what makes WebAssembly
// of C and Rust, Python, an editor, and clients of HTTP and gRPC that are not ours.
import { existsSync, readdirSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const libraryFolders = [
  "/usr/lib",
  "/usr/local/lib",
  "/usr/lib64",
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
];

/** Each with the Debian packages that bring it and a test for its being there. */
const needed = [
  {
    debian: "libpocketsphinx3",
    present: () => libraryFolders.some((folder) => hasFile(folder, /^libpocketsphinx\.so\.3/)),
  },
  { debian: "pocketsphinx-en-us", present: () => existsSync("/usr/share/pocketsphinx/model/en-us") },
  { debian: "chromium", present: () => ["chromium", "chromium-browser", "google-chrome"].some(onPath) },
  { debian: "coturn", present: () => onPath("turnserver") },
  { debian: "nats-server", present: () => onPath("nats-server") },
  { debian: "clang lld", present: () => onPath("clang") && onPath("wasm-ld") },
  {
    debian: "wasi-libc libclang-rt-dev-wasm32",
    present: () => ["-print-file-name=libc.a", "-print-libgcc-file-name"].every(forWasi),
  },
  { debian: "python3", present: () => onPath("python3") },
  { debian: "openssl", present: () => onPath("openssl") },
  { debian: "neovim", present: () => onPath("nvim") },
  { debian: "curl", present: () => onPath("curl") },
  { debian: "python3-grpcio", present: () => ["python3", "/usr/bin/python3"].some(hasGrpc) },
  { debian: "protobuf-compiler protobuf-compiler-grpc", present: () => ["protoc", "grpc_python_plugin"].every(onPath) },
  { debian: "rustc libstd-rust-dev-wasm32", present: () => ["rustc", "/usr/bin/rustc"].some(targetsWasm) },
];

/** A compiler that has no such file answers with its name alone, and none at all with nothing. */
function forWasi(question) {
  return existsSync(asked("clang", "--target=wasm32-wasi", question) || "none");
}

function targetsWasm(rustc) {
  return existsSync(asked(rustc, "--print", "target-libdir", "--target", "wasm32-unknown-unknown") || "none");
}

function hasGrpc(python) {
  return asked(python, "-c", "import grpc, google.protobuf; print(grpc.__version__)") !== "";
}

function asked(command, ...args) {
  return spawnSync(command, args, { encoding: "utf8" }).stdout?.trim() ?? "";
}

function hasFile(folder, pattern) {
  try {
    return readdirSync(folder).some((name) => pattern.test(name));
  } catch {
    return false;
  }
}

function onPath(program) {
  return (process.env.PATH ?? "").split(":").some((folder) => existsSync(join(folder, program)));
}

/** Installs what is missing where that is possible, else says what to install; the tests run either way. */
function ensureSystemPackages() {
  const missing = needed.filter((one) => !one.present()).flatMap((one) => one.debian.split(" "));
  if (missing.length === 0) return;
  const mayInstall = process.getuid?.() === 0 && onPath("apt-get");
  if (!mayInstall) {
    console.log(`These system packages are missing, and what needs them fails or is left out: ${missing.join(", ")}`);
    console.log(`  Debian, Ubuntu:  sudo apt-get install ${missing.join(" ")}`);
    return;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // What a test machine loses when it loses power can be installed again; waiting for its disk takes longer than unpacking.
  const quick = ["-o", "Dpkg::Options::=--force-unsafe-io"];
  // Another installation may be at it, and a mirror may be slow to answer.
  const patient = ["-o", "DPkg::Lock::Timeout=600", "-o", "Acquire::Retries=5"];
  const install = ["install", "-y", "--no-install-recommends", ...quick, ...missing];
  for (const args of [["update"], install]) {
    console.log(`> apt-get ${args.join(" ")}`);
    const result = spawnSync("apt-get", ["-q", ...patient, ...args], { stdio: ["ignore", "inherit", "inherit"], env });
    // An update that failed may still leave lists that serve.
    if (result.status !== 0) console.log(`apt-get ${args[0]} ended with code ${result.status ?? result.signal}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureSystemPackages();
