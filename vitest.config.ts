import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** End-to-end tests that are about times: beside another worker they would measure that one. */
const alone = ["absent-peer", "ending", "failover", "signaling-cluster", "voice-assistant"].map(
  (name) => `test/e2e/${name}.test.ts`,
);

export default defineConfig({
  resolve: {
    // Tests run on the sources, so the public doors lead there too.
    alias: [
      { find: /^pipeline-mesh$/, replacement: at("./runtime/platform/nodejs.ts") },
      { find: /^pipeline-mesh\/stdlib$/, replacement: at("./stdlib/index.ts") },
      { find: /^pipeline-mesh\/testing$/, replacement: at("./runtime/testing/index.ts") },
      { find: /^pipeline-mesh\/compiler$/, replacement: at("./compiler/index.ts") },
    ],
  },
  test: {
    // Generous: only a hang should run into these, on a slow machine that does other work beside and stands still now and then.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 60_000 } },
    // One more than there are cores: a good part of what the tools do is to wait for processes that they have started.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        extends: true,
        // In one process after another file: nothing here keeps state in its modules, and to load them for each file took a fourth of all.
        test: { name: "unit", include: ["test/**/*.test.ts"], exclude: ["test/e2e/**"], isolate: false },
      },
      {
        extends: true,
        test: { name: "tools", include: ["test/e2e/**/*.test.ts"], exclude: alone },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: alone,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
