/**
 * The library imports this module first, so that the user of a Node.js that is too old is told so before the code
 * uses anything which that version lacks. For the same reason no module imports a function by name that Node.js 16
 * does not have: loading the module would fail before the message appears.
 */
const needed = 20;
const { node } = process.versions;

if (Number(node.split('.')[0]) < needed) {
  throw new Error(
    `charnn: Node.js ${needed} or later is needed, but this is ${node}: install a newer one, for instance from https://nodejs.org`,
  );
}

export {};
