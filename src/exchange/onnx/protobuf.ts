/**
 * Writes Protocol Buffers messages, as far as ONNX needs them. A message is a list of fields, each a number and a value
 * (https://protobuf.dev/programming-guides/encoding).
 */

/** Wire types of Protocol Buffers, which say how a value is encoded */
const varint = 0;
const lengthDelimited = 2;
const fourBytes = 5;

export class ProtoMessage {
  private readonly parts: Uint8Array[] = [];
  /** Number of bytes in this Protocol Buffers message */
  length = 0;

  /** @param value an integer of at least 0 */
  int(field: number, value: number): this {
    this.tag(field, varint);
    return this.append(varintBytes(value));
  }

  float(field: number, value: number): this {
    this.tag(field, fourBytes);
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    return this.append(bytes);
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  /** @param value is kept in the message, not copied */
  bytes(field: number, value: Uint8Array): this {
    this.tag(field, lengthDelimited);
    this.append(varintBytes(value.length));
    return this.append(value);
  }

  message(field: number, value: ProtoMessage): this {
    this.tag(field, lengthDelimited);
    this.append(varintBytes(value.length));
    for (const part of value.parts) this.append(part);
    return this;
  }

  /** The bytes of this Protocol Buffers message, in pieces */
  pieces(): readonly Uint8Array[] {
    return this.parts;
  }

  private tag(field: number, wireType: number): void {
    this.append(varintBytes(field * 8 + wireType));
  }

  private append(bytes: Uint8Array): this {
    this.parts.push(bytes);
    this.length += bytes.length;
    return this;
  }
}

/** Encodes an integer with seven bits per byte, lowest first; the highest bit says that another byte follows. */
function varintBytes(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
