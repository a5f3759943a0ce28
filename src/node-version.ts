/**
 * Imported first by the library, so that an older Node.js is told so before anything that it has not is used. A
 * function that Node.js 16 does not have is therefore never imported by its name: loading would fail first.
 */
const needed = 20;
const { node } = process.versions;

if (Number(node.split('.')[0]) < needed) {
  throw new Error(
    `charnn: Node.js ${needed} or later is needed, and this is ${node}: install a newer one, for instance from https://nodejs.org`,
  );
}

export {};
