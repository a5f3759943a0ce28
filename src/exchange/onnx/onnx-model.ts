/**
 * The network of a model as an ONNX graph, for one time step or for a whole sequence. Its inputs are ids and states,
 * its outputs logits and states, so that a text can be read in pieces. It uses version 8 of the format with operator
 * set 17, which onnxruntime reads since version 1.12.
 */
import { modelContents } from '../../checkpoint/model-file.js';
import { CharnnError, optionName } from '../../errors.js';
import { cellOf, isWrittenOut } from '../../model/cells/cells.js';
import { isResidual, type ModelConfig } from '../../model/model-config.js';
import type { Model } from '../../model/model-data.js';
import { version } from '../../version.js';
import { metadataOf } from '../metadata.js';
import { equationLayer } from './equation-layer.js';
import { addWeights, type LayerPlace, type LayerResult, weightTable } from './layer.js';
import { OnnxGraph } from './onnx-graph.js';
import { ProtoMessage } from './protobuf.js';
import { hasOperator, sequenceLayer } from './sequence-layers.js';
import { stepLayer } from './step-layers.js';

export const graphKinds = ['step', 'sequence'] as const;
export type GraphKind = (typeof graphKinds)[number];

const formatVersion = 8;
const operatorSet = 17;
/** Max bytes of a Protocol Buffers message */
const maxBytes = 2 ** 31 - 1;

/** Whether ONNX has an operator for the layers of a network over a whole sequence */
export function hasSequenceOperator({ cell, layerNorm }: ModelConfig): boolean {
  return hasOperator(cell) && !layerNorm;
}

/**
 * Makes the file of a model, in pieces. It contains only the network, without counts.
 * @throws CharnnError for a model that is too large for the format
 */
export function onnxModel(model: Model, kind: GraphKind): readonly Uint8Array[] {
  const file = new ProtoMessage()
    .int(1, formatVersion)
    .text(2, 'charnn')
    .text(3, version)
    .message(7, networkGraph(model, kind).message('charnn', description(model, kind)))
    .message(8, new ProtoMessage().text(1, '').int(2, operatorSet));
  const { training: _, history: __, counts: ___, ...fields } = modelContents(model).fields;
  for (const [key, value] of Object.entries(metadataOf(fields))) {
    file.message(14, new ProtoMessage().text(1, key).text(2, value));
  }
  if (file.length > maxBytes) {
    throw new CharnnError(
      `the model is too large for ONNX, whose files may have at most ${maxBytes} bytes: export it with ${optionName('format', 'safetensors')}`,
    );
  }
  return file.pieces();
}

function networkGraph(model: Model, kind: GraphKind): OnnxGraph {
  const { config } = model;
  const { layers: L, hidden: H, vocabulary: V } = config;
  const cell = cellOf(config);
  const graph = new OnnxGraph();
  const weights = weightTable(model);
  const rows = kind === 'step' ? ['batch'] : ['steps', 'batch'];
  const ids = graph.input('ids', 'int64', rows);
  const states = cell.states.map((name) => graph.input(`state_${name}`, 'float', [L, 'batch', H]));
  const after: string[][] = [];
  let x = inputOf(graph, config, weights, ids);
  for (let l = 0; l < L; l++) {
    // a scalar index gives the layer's state as [B, H] for a single step, a list of one index gives [1, B, H] for a
    // sequence
    const index = kind === 'step' ? graph.integer(l) : graph.integers([l]);
    const before = states.map((state) => graph.node('Gather', [state, index], { axis: 0 }));
    const place = { graph, weights, l, hidden: H, input: x, states: before };
    const layer = layerOf(config, kind, place);
    after.push([...layer.states]);
    x = isResidual(config, l) ? graph.node('Add', [x, layer.output]) : layer.output;
  }
  logits(graph, weights, kind, x);
  graph.output('logits', 'float', [...rows, V]);
  cell.states.forEach((name, i) => {
    const ends = after.map((layer) =>
      kind === 'step' ? graph.node('Unsqueeze', [layer[i], graph.integers([0])]) : layer[i],
    );
    graph.node('Concat', ends, { axis: 0 }, `next_${name}`);
    graph.output(`next_${name}`, 'float', [L, 'batch', H]);
  });
  return graph;
}

/** The input of the first layer: embedded or one-hot characters */
function inputOf(
  graph: OnnxGraph,
  { embedding, vocabulary }: ModelConfig,
  weights: ReturnType<typeof weightTable>,
  ids: string,
): string {
  if (embedding > 0) {
    return graph.node('Gather', [addWeights(graph, weights, 'embedding.weight'), ids], { axis: 0 });
  }
  const values = graph.tensor('off_and_on', [2], Float32Array.of(0, 1));
  return graph.node('OneHot', [ids, graph.integer(vocabulary), values]);
}

function layerOf(config: ModelConfig, kind: GraphKind, place: LayerPlace): LayerResult {
  const { cell, equations, layerNorm = false } = config;
  if (equations !== undefined) return equationLayer(equations, place);
  if (!isWrittenOut(cell)) throw new Error(`no cell ${cell}`);
  return kind === 'step' ? stepLayer(cell, layerNorm, place) : sequenceLayer(cell, place);
}

function logits(
  graph: OnnxGraph,
  weights: ReturnType<typeof weightTable>,
  kind: GraphKind,
  top: string,
): void {
  const [weight, bias] = ['output.weight', 'output.bias'].map((name) =>
    addWeights(graph, weights, name),
  );
  if (kind === 'step') {
    graph.node('Gemm', [top, weight, bias], { transB: 1 }, 'logits');
    return;
  }
  // Gemm accepts only matrices, but over a sequence the output of the last layer has three dimensions
  const product = graph.node('MatMul', [top, graph.node('Transpose', [weight])]);
  graph.node('Add', [product, bias], {}, 'logits');
}

function description({ config, counts }: Model, kind: GraphKind): string {
  const { cell, layers, hidden, vocabulary } = config;
  const reads = kind === 'step' ? 'one character a row' : 'a sequence of characters a row';
  return [
    `${layers} x ${cell} of ${hidden}, reading ${reads}.`,
    'ids: positions in the symbols of the metadata "vocabulary";',
    `the last id, ${vocabulary - 1}, stands for characters that the model does not know.`,
    'state_*: zeros before a text, then what next_* was.',
    'logits: log-probabilities of the next character, up to a constant.',
    ...(counts ? ['The model also has n-gram counts, which are not part of this file.'] : []),
  ].join(' ');
}
