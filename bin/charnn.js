#!/usr/bin/env node
// This file is in the JavaScript of any age, because an old Node.js has to be able to read it.
/* biome-ignore-all lint: as above */
var needed = 20;
var major = Number(process.versions.node.split('.')[0]);
if (major < needed) {
  process.stderr.write(
    'charnn: Node.js ' +
      needed +
      ' or later is needed, but this is ' +
      process.versions.node +
      ': install a newer one, for instance from https://nodejs.org\n',
  );
  process.exitCode = 1;
} else {
  require('./start.js');
}
