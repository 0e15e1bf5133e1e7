import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

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
    // Generous: only a hang should run into it, on a slow machine too.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // The end-to-end tests measure times; beside two other workers they would measure the machine.
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["test/**/*.test.ts"], exclude: ["test/e2e/**", "node_modules/**"] },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
