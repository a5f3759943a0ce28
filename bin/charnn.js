#!/usr/bin/env node
// This file uses only JavaScript that every version of Node.js can read, so that an old one can print the message
// below.
/* biome-ignore-all lint: every version of Node.js has to be able to read this file */
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
