/** What all functions that write a layer to an ONNX graph use: the layer's weights as tensors of the graph. */
import type { Model } from '../../model/model-data.js';
import { namedTensors } from '../../model/model-data.js';
import type { OnnxGraph } from './onnx-graph.js';

export interface StoredWeights {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The tensors of a model by name */
export type WeightTable = ReadonlyMap<string, StoredWeights>;

export function weightTable(model: Model): WeightTable {
  return new Map(
    namedTensors(model).map(({ parameter: { name, shape }, values }) => [name, { shape, values }]),
  );
}

export function weightsOf(table: WeightTable, name: string): StoredWeights {
  const found = table.get(name);
  if (found === undefined) throw new Error(`no tensor ${name}`);
  return found;
}

/** Adds a tensor of the model to the graph, unchanged. */
export function addWeights(graph: OnnxGraph, table: WeightTable, name: string): string {
  const { shape, values } = weightsOf(table, name);
  return graph.tensor(name, shape, values);
}

/** A layer to be written to an ONNX graph, and where it is in the network */
export interface LayerPlace {
  readonly graph: OnnxGraph;
  readonly weights: WeightTable;
  /** Index of the layer, from 0 */
  readonly l: number;
  /** H: number of units */
  readonly hidden: number;
  /** The name of the layer's input */
  readonly input: string;
  /** The names of the layer's states before the step, in the order of the cell's states */
  readonly states: readonly string[];
}

/** The names of a layer's output and of its states after the step */
export interface LayerResult {
  readonly output: string;
  readonly states: readonly string[];
}
