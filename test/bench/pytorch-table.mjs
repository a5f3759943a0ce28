/** What pytorch.mjs measured, as the text and table of README.md. */

export const gridPoints = [
  ...[1, 2, 3].flatMap((layers) => [64, 128, 256, 512].map((hidden) => `lstm-${layers}-${hidden}`)),
  ...['gru-2-256', 'rnn-2-256', 'gru-2-512'],
];

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const geometricMean = (list) =>
  Math.exp(list.reduce((sum, x) => sum + Math.log(x), 0) / list.length);

const titles = { f32: 'fp32', bf16: 'bf16' };

/** The medians of a point */
function rowOf(name, { settings, runs }) {
  const speeds = (runsOf) =>
    Object.fromEntries(
      Object.entries(runsOf)
        .filter(([, list]) => list.length > 0)
        .map(([precision, list]) => [
          precision,
          median(list.map((run) => run.charactersPerSecond)),
        ]),
    );
  const [torch, charnn] = [speeds(runs.torch), speeds(runs.charnn)];
  const fastest = (of) => Object.keys(of).reduce((a, b) => (of[b] > of[a] ? b : a));
  const [torchBest, charnnBest] = [fastest(torch), fastest(charnn)];
  const ofBest = (list, key) => median(list.map((run) => run[key]));
  const chosen = runs.charnn[charnnBest];
  return {
    ...{ name, settings, torch, charnn },
    backends: Object.values(runs.charnn).flatMap((list) =>
      list.slice(0, 1).map((run) => run.backend),
    ),
    rounds: runs.torch.f32.length,
    ratioF32: charnn.f32 && charnn.f32 / torch.f32,
    ratioBest: charnn[charnnBest] / torch[torchBest],
    gain: charnn.bf16 && charnn.f32 && charnn.bf16 / charnn.f32,
    gflops: ofBest(chosen, 'gflops'),
    memory: ofBest(chosen, 'peakMegabytes'),
    torchMemory: ofBest(runs.torch[torchBest], 'peakMegabytes'),
    generated: ofBest(runs.charnn.f32 ?? chosen, 'generatedCharactersPerSecond'),
  };
}

const thousands = (x) => (x === undefined ? '' : (x / 1000).toFixed(1));
const times = (x) => (x === undefined ? '' : `${x.toFixed(2)}×`);
const best = (speeds, precision) =>
  Object.values(speeds).every((speed) => speed <= speeds[precision]);

/** A speed, in bold where it is the best of its side, with PyTorch's settings */
function torchCell({ torch, settings }, precision) {
  const { threads, compiled } = settings[precision].settings;
  const how = `${threads} thread${threads === 1 ? '' : 's'}${compiled ? ', compiled' : ''}`;
  return `${emphasised(torch, precision)} (${how})`;
}

function emphasised(speeds, precision) {
  if (speeds[precision] === undefined) return '';
  const text = thousands(speeds[precision]);
  return best(speeds, precision) ? `**${text}**` : text;
}

function line(row) {
  const [cell, layers, hidden] = row.name.split('-');
  const cells = [
    `${cell} ${layers} × ${hidden}`,
    ...['f32', 'bf16'].map((precision) => torchCell(row, precision)),
    ...['f32', 'bf16'].map((precision) => emphasised(row.charnn, precision)),
    ...[times(row.ratioF32), times(row.ratioBest)],
    ...[row.gflops.toFixed(0), `${row.memory} / ${row.torchMemory}`, thousands(row.generated)],
  ];
  return `| ${cells.join(' | ')} |`;
}

/** From the lowest to the highest ratio, and their geometric mean, in words */
function range(ratios) {
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
  return `${low.toFixed(2)} to ${high.toFixed(2)} times (geometric mean ${geometricMean(ratios).toFixed(2)})`;
}

/** The text and the table between README.md's marks */
export function speedText({ machine, points, compileLimit }) {
  const rows = gridPoints.filter((name) => points[name]).map((name) => rowOf(name, points[name]));
  if (rows.length === 0) throw new Error('no point of the grid has been measured');
  const { processor, cores, pytorch } = machine;
  const backends = [...new Set(rows.flatMap((row) => row.backends))].join(' and ');
  const heads = [
    ...['network', ...['f32', 'bf16'].map((p) => `PyTorch ${titles[p]}`)],
    ...['f32', 'bf16'].map((p) => `charnn ${titles[p]}`),
    ...['fp32 to fp32', 'best to best', 'GFLOP/s', 'memory, MB', 'generation'],
  ];
  const ratios = (of) => {
    const all = rows.map(of).filter((x) => x !== undefined);
    return all.length > 0 ? range(all) : undefined;
  };
  const claims = [
    [
      'In fp32, charnn trains',
      ratios((row) => row.ratioF32),
      `as fast as PyTorch ${pytorch} in fp32.`,
    ],
    [
      'In its faster precision, charnn trains',
      ratios((row) => row.ratioBest),
      'as fast as PyTorch in its faster precision.',
    ],
    ['charnn in bf16 is', ratios((row) => row.gain), 'as fast as in fp32.'],
  ];
  const ways =
    compileLimit > 0
      ? `eager or by \`torch.compile\` if that is ready within ${compileLimit} s`
      : 'eager';
  const rounds = Math.min(...rows.map((row) => row.rounds));
  const paragraphs = [
    `The table shows thousands of characters per second in training, and in generation of one character at a time. The
    benchmark is that of torch-rnn: V = 65, embedding 64, batch 50, sequence 50, Adam, clipping by norm. PyTorch ${pytorch}
    uses the best of its settings: ${ways}, 1 thread or ${cores}, fp32 or bfloat16 by autocast, fused Adam. charnn uses
    ${cores} threads and the back ends ${backends}. Figures are medians of ${rounds} alternating runs on ${processor},
    ${cores} cores, by \`node test/bench/pytorch.mjs\`. The faster precision of each program is in bold. GFLOP/s and memory
    (the peak of the whole process, first charnn, then PyTorch) are for the faster precision; generation is in fp32.`,
    claims
      .filter(([, ratio]) => ratio !== undefined)
      .map((words) => words.join(' '))
      .join(' '),
  ];
  return `${paragraphs.map(wrapped).join('\n\n')}

| ${heads.join(' | ')} |
|${heads.map(() => '-|').join('')}
${rows.map(line).join('\n')}
`;
}

/** A paragraph in lines of at most 110 characters */
function wrapped(paragraph) {
  const lines = [''];
  for (const word of paragraph.match(/`[^`]*`\S*|\S+/g)) {
    const longer = lines.at(-1) === '' ? word : `${lines.at(-1)} ${word}`;
    if (longer.length > 110) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines.join('\n');
}
