import { defineConfig } from "vite";

export default defineConfig({
  build: {
    outDir: "../static",
    emptyOutDir: true,
    // The page's policy allows no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/api": "http://127.0.0.1:7860",
      "/ws": { target: "ws://127.0.0.1:7860", ws: true },
      "/ingest": { target: "ws://127.0.0.1:7860", ws: true },
    },
  },
});
