import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The package's own name is its source, as tsconfig.json says.
  resolve: { tsconfigPaths: true },
  test: {
    include: ['test/**/*.test.ts'],
    // The bundled prices age while the tests stay the same; what is warned of is tested, and need not be printed.
    execArgv: ['--disable-warning=TOKENGUARD_STALE_PRICES', '--disable-warning=TOKENGUARD_UNGUARDED'],
    testTimeout: 60_000,
    sequence: { shuffle: true },
  },
});
