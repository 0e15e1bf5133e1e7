import mesh from "pipeline-mesh/vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [mesh()],
  build: { target: "es2022" },
});
