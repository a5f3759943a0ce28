#!/usr/bin/env node
try {
  await import('../dist/main.js');
} catch (error) {
  // the program itself words its errors; this one is of loading it
  const { code } = error;
  if (code !== 'EMFILE' && code !== 'ENFILE') throw error;
  process.stderr.write(
    'charnn: cannot load the program: too many files are open; allow more, for instance with ulimit -n 256\n',
  );
  process.exitCode = 1;
}
