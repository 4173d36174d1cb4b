import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const OF_PAGES = /^(?!.*(?:swagger-ui|src\/docs\.ts|docs\.html))/;
const OF_LISTS = new RegExp(
  [
    '@mantine/core/esm/components/(?:ActionIcon|Alert|AppShell|Avatar|Badge|Burger|CloseButton|Collapse|Combobox',
    '|Floating|Input|InlineInput|Kbd|Menu|Modal|ModalBase|NavLink|Overlay|Popover|Portal|ScrollArea|Select|Skeleton',
    '|Switch|Table|TextInput|Tooltip|Transition)/|@floating-ui|@mantine/spotlight|react-remove-scroll',
    '|src/design/(?!ValueTree|VirtualRows|download)|src/app/shell/',
  ].join(''),
);

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '~': new URL('./src', import.meta.url).pathname } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false }, // it would tie the API's documentation to what the pages begin with
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: { index: 'index.html', docs: 'docs.html' },
      output: {
        // Few files instead of a hundred small ones: what every page begins with, and what the shell and lists draw with.
        codeSplitting: {
          groups: [
            { name: 'start', tags: ['$initial'], test: OF_PAGES, priority: 2 },
            { name: 'inside', test: OF_LISTS, priority: 1 },
          ],
        },
      },
    },
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
