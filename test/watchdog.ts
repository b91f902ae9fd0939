// SPDX-License-Identifier: Apache-2.0
// Preloaded into each test file's process. A file whose process does not end in time fails, and says what kept it:
// the runner's own limit ends a test, not a process that a forgotten timer or thread keeps alive.
const { NODE_TEST_CONTEXT, TEST_FILE_LIMIT_S } = process.env;

if (NODE_TEST_CONTEXT !== undefined && TEST_FILE_LIMIT_S !== undefined) {
  delete process.env.TEST_FILE_LIMIT_S;
  const end = (): never => {
    const kept = process.getActiveResourcesInfo().join(', ') || 'nothing that Node knows';
    process.stderr.write(`${process.argv[1]} did not end within ${TEST_FILE_LIMIT_S} s; open: ${kept}\n`);
    process.exit(1);
  };
  setTimeout(end, Number(TEST_FILE_LIMIT_S) * 1000).unref();
}

export {};
