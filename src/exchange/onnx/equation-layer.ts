/**
 * One time step of a layer whose cell is given by equations, in basic ONNX operators: every expression becomes a node.
 * Values are [B, H]; those that depend only on learned vectors and numbers are [H] or single numbers, until the full
 * shape is needed.
 */
import { type CellDefinition, defineCell } from '../../cells/definition.js';
import type { Expression } from '../../cells/syntax.js';
import { addWeights, type LayerPlace, type LayerResult } from './layer.js';
import { normEpsilon } from './step-layers.js';

interface Value {
  readonly name: string;
  /** Whether the value has the shape [B, H] */
  readonly isWhole: boolean;
}

/** Functions in equations of cells that are a single operator in ONNX */
const operators: Readonly<Record<string, string>> = {
  ...{ sigmoid: 'Sigmoid', tanh: 'Tanh', relu: 'Relu', exp: 'Exp', log: 'Log' },
  // `stop` stops the gradient, which does not change the value
  ...{ softplus: 'Softplus', max: 'Max', stop: 'Identity' },
};

const arithmetic = { '+': 'Add', '-': 'Sub', '*': 'Mul', '/': 'Div' } as const;

/** Writes a layer whose cell is given by equations to the ONNX graph. */
export function equationLayer(equations: string, place: LayerPlace): LayerResult {
  return new Writer(defineCell(equations), place).result();
}

class Writer {
  private readonly values = new Map<string, Value>();

  constructor(
    private readonly definition: CellDefinition,
    private readonly place: LayerPlace,
  ) {
    const { vectors, states } = definition;
    for (const { name } of vectors) {
      this.values.set(name, { name: this.learned(name), isWhole: false });
    }
    states.forEach((name, i) => {
      this.values.set(name, { name: place.states[i], isWhole: true });
    });
  }

  result(): LayerResult {
    const { equations, states } = this.definition;
    for (const { name, value } of equations) this.values.set(name, this.value(value));
    const after = states.map((name) => this.whole(this.values.get(`${name}'`) as Value));
    return { output: after[0], states: after };
  }

  private learned(name: string): string {
    const { graph, weights, l } = this.place;
    return addWeights(graph, weights, `rnn.${name}_l${l}`);
  }

  private value(e: Expression): Value {
    const { graph } = this.place;
    switch (e.kind) {
      case 'number':
        return { name: graph.number(e.value), isWhole: false };
      case 'name':
        return this.values.get(e.name) as Value;
      case 'negative':
        return this.operation('Neg', [this.value(e.of)]);
      case 'operation':
        return this.operation(arithmetic[e.operator], [this.value(e.left), this.value(e.right)]);
      case 'call':
        return this.call(
          e.name,
          e.arguments.map((argument) => this.value(argument)),
        );
      case 'product': {
        const isInput = e.of.kind === 'name' && e.of.name === 'x';
        const factor = isInput ? this.place.input : this.whole(this.value(e.of));
        const name = graph.node('Gemm', [factor, this.learned(e.matrix)], { transB: 1 });
        return { name, isWhole: true };
      }
    }
  }

  private call(name: string, values: readonly Value[]): Value {
    const { graph, hidden } = this.place;
    // log σ(x) = -softplus(-x), which does not overflow
    if (name === 'logsigmoid') {
      return this.operation('Neg', [this.operation('Softplus', [this.operation('Neg', values)])]);
    }
    if (name === 'norm') {
      const gain = graph.tensor('ones', [hidden], new Float32Array(hidden).fill(1));
      const normalised = graph.node('LayerNormalization', [this.whole(values[0]), gain], {
        epsilon: normEpsilon,
      });
      return { name: normalised, isWhole: true };
    }
    return this.operation(operators[name], values);
  }

  private operation(operator: string, values: readonly Value[]): Value {
    const names = values.map(({ name }) => name);
    return {
      name: this.place.graph.node(operator, names),
      isWhole: values.some(({ isWhole }) => isWhole),
    };
  }

  /** Expands a value of an equation to the shape [B, H] if it has another, and returns the name of the result. */
  private whole({ name, isWhole }: Value): string {
    if (isWhole) return name;
    const { graph, states } = this.place;
    return graph.node('Expand', [name, graph.node('Shape', [states[0]])]);
  }
}
