/**
 * An ONNX graph under construction: nodes in the order in which they are computed, tensors, inputs and outputs. Field
 * numbers are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */
import { littleEndian } from '../../checkpoint/tensors.js';
import { ProtoMessage } from './protobuf.js';

/** Numbers of types in TensorProto.DataType */
const elementTypes = { float: 1, int64: 7 } as const;
export type ElementType = keyof typeof elementTypes;

/** A size, or the name of a size that is only known when the graph runs */
export type Dimension = number | string;

/** Values of the attributes of a graph's nodes: integers, floats or strings */
export type Attributes = Readonly<Record<string, number | { readonly float: number } | string>>;

/** Numbers of types in AttributeProto.AttributeType */
const attributeTypes = { float: 1, int: 2, string: 3 } as const;

export class OnnxGraph {
  private readonly nodes: ProtoMessage[] = [];
  private readonly inputs: ProtoMessage[] = [];
  private readonly outputs: ProtoMessage[] = [];
  private readonly tensors = new Map<string, ProtoMessage>();
  private count = 0;

  input(name: string, type: ElementType, shape: readonly Dimension[]): string {
    this.inputs.push(valueInfo(name, type, shape));
    return name;
  }

  output(name: string, type: ElementType, shape: readonly Dimension[]): void {
    this.outputs.push(valueInfo(name, type, shape));
  }

  /**
   * Adds a node with one result.
   * @param name of the result; by default a new one
   * @returns the name of the result
   */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    name = this.newName(operator),
  ): string {
    return this.nodeOf(operator, inputs, attributes, [name])[0];
  }

  /** Adds a node with several results, and returns their names. */
  split(
    operator: string,
    inputs: readonly string[],
    results: number,
    attributes: Attributes = {},
  ): string[] {
    const names = Array.from({ length: results }, () => this.newName(operator));
    return this.nodeOf(operator, inputs, attributes, names);
  }

  /**
   * Adds a constant tensor of numbers to the graph, unless it already has a tensor with this name, and returns the
   * name.
   */
  tensor(name: string, shape: readonly number[], values: Float32Array): string {
    return this.constant(name, 'float', shape, () => littleEndian(values));
  }

  /** Adds a constant that is a single number to the graph, and returns its name. */
  number(value: number): string {
    return this.tensor(`number_${value}`, [], Float32Array.of(value));
  }

  integers(values: readonly number[]): string {
    return this.constant(`integers_${values.join('_')}`, 'int64', [values.length], () =>
      int64Bytes(values),
    );
  }

  integer(value: number): string {
    return this.constant(`integer_${value}`, 'int64', [], () => int64Bytes([value]));
  }

  /** Returns the graph as the Protocol Buffers message GraphProto. */
  message(name: string, description: string): ProtoMessage {
    const graph = new ProtoMessage();
    for (const node of this.nodes) graph.message(1, node);
    graph.text(2, name);
    for (const tensor of this.tensors.values()) graph.message(5, tensor);
    graph.text(10, description);
    for (const input of this.inputs) graph.message(11, input);
    for (const output of this.outputs) graph.message(12, output);
    return graph;
  }

  private nodeOf(
    operator: string,
    inputs: readonly string[],
    attributes: Attributes,
    outputs: string[],
  ): string[] {
    const node = new ProtoMessage();
    for (const input of inputs) node.text(1, input);
    for (const output of outputs) node.text(2, output);
    node.text(3, `node_${this.nodes.length}`).text(4, operator);
    for (const [key, value] of Object.entries(attributes)) node.message(5, attribute(key, value));
    this.nodes.push(node);
    return outputs;
  }

  private constant(
    name: string,
    type: ElementType,
    shape: readonly number[],
    bytes: () => Uint8Array,
  ): string {
    if (!this.tensors.has(name)) {
      const tensor = new ProtoMessage();
      for (const size of shape) tensor.int(1, size);
      tensor.int(2, elementTypes[type]).text(8, name).bytes(9, bytes());
      this.tensors.set(name, tensor);
    }
    return name;
  }

  private newName(operator: string): string {
    return `${operator.toLowerCase()}_${this.count++}`;
  }
}

function int64Bytes(values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, i) => {
    bytes.writeBigInt64LE(BigInt(value), 8 * i);
  });
  return bytes;
}

/** Returns an attribute as the Protocol Buffers message AttributeProto. */
function attribute(name: string, value: Attributes[string]): ProtoMessage {
  const message = new ProtoMessage().text(1, name);
  if (typeof value === 'string') return message.text(4, value).int(20, attributeTypes.string);
  if (typeof value === 'object') return message.float(2, value.float).int(20, attributeTypes.float);
  // a negative integer would need all 64 bits, which `int` does not write, but no attribute here is negative
  return message.int(3, value).int(20, attributeTypes.int);
}

/** Returns the type and shape of an input or output as the Protocol Buffers message ValueInfoProto. */
function valueInfo(
  name: string,
  type: ElementType,
  dimensions: readonly Dimension[],
): ProtoMessage {
  const shape = new ProtoMessage();
  for (const size of dimensions) {
    const dimension = new ProtoMessage();
    if (typeof size === 'string') dimension.text(2, size);
    else dimension.int(1, size);
    shape.message(1, dimension);
  }
  const tensor = new ProtoMessage().int(1, elementTypes[type]).message(2, shape);
  return new ProtoMessage().text(1, name).message(2, new ProtoMessage().message(1, tensor));
}
