import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '~': new URL('./src', import.meta.url).pathname } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
    rollupOptions: { input: { index: 'index.html', docs: 'docs.html' } },
  },
  server: { proxy: { '/api': process.env.VUTLER_DEV_API ?? 'http://127.0.0.1:8000' } },
  test: {
    environment: 'jsdom',
    isolate: false,
    pool: 'threads',
    setupFiles: ['src/testing/setup.ts'],
    css: false,
  },
});
