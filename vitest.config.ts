import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The package's own name is its source, as tsconfig.json says.
  resolve: { tsconfigPaths: true },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    sequence: { shuffle: true },
  },
});
