import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

/** Where `python -m diemcau serve` listens by default. */
const server = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": server } },
  preview: { proxy: { "/api": server } },
  test: { include: ["src/**/*.test.ts"], setupFiles: ["src/test/setup.ts"] },
});
