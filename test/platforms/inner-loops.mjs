/**
 * How much of a product's time on arm64 is multiply-adds, which cannot be measured where there is no such processor:
 * their share of the instructions in the innermost loops, by LLVM's disassembler (Debian: llvm-19).
 *
 *     node test/platforms/inner-loops.mjs FILE ...
 *
 * prints a line for each loop of a whole tile, which is one with the most multiply-adds.
 */
import { fileURLToPath } from 'node:url';
import { run } from './processes.mjs';

/** A loop of a tile multiplies and adds, loads, and moves pointers on; loops with anything else are of other kernels. */
const ofTile =
  /^(?:fmla(?:\.4s)?|ld[rpu]\w*|ld1r(?:\.4s)?|prfu?m|add|subs?|cmp|mov|st[rp]|b\..+|cbn?z)$/;
const branch = /^(?:b|b\..+|bl|blr|br|ret|cbn?z|tbn?z)$/;

/** Loops without a branch inside, each a list of instructions */
function innermostLoops(disassembly) {
  const instructions = [...disassembly.matchAll(/^\s*([0-9a-f]+):\s+(\S+)[ \t]*(.*)$/gm)].map(
    ([, address, name, operands]) => ({ address: Number.parseInt(address, 16), name, operands }),
  );
  const places = new Map(instructions.map(({ address }, place) => [address, place]));
  const loops = [];
  instructions.forEach(({ name, operands }, end) => {
    if (!branch.test(name)) return;
    const target = Number.parseInt(/0x([0-9a-f]+)/.exec(operands)?.[1], 16);
    const begin = places.get(target);
    if (begin === undefined || begin >= end) return;
    const body = instructions.slice(begin, end + 1);
    if (!body.slice(0, -1).some((inside) => branch.test(inside.name))) loops.push(body);
  });
  return loops;
}

/** @returns for each loop of a whole tile: multiply-adds, instructions, and those that touch the stack (spills) */
export function tileLoops(file) {
  const disassembly = run('llvm-objdump-19', ['-d', '--no-show-raw-insn', file]);
  const ofTiles = innermostLoops(disassembly).filter((body) =>
    body.every(({ name }) => ofTile.test(name)),
  );
  const counted = ofTiles.map((body) => ({
    multiplyAdds: body.filter(({ name }) => name.startsWith('fmla')).length,
    instructions: body.length,
    spills: body.filter(({ operands }) => /\[sp\b/.test(operands)).length,
  }));
  const most = Math.max(...counted.map(({ multiplyAdds }) => multiplyAdds));
  return counted.filter(({ multiplyAdds }) => multiplyAdds === most);
}

/** A line about a loop */
export function inWords({ multiplyAdds, instructions, spills }) {
  const share = ((100 * multiplyAdds) / instructions).toFixed(1);
  return `${multiplyAdds} multiply-adds of ${instructions} instructions (${share} %), ${spills} of them spills`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of process.argv.slice(2)) {
    for (const loop of tileLoops(file)) console.log(`${file}: ${inWords(loop)}`);
  }
}
