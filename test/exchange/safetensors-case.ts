/** A reader and a writer of safetensors for tests, by the format's description and apart from charnn's own. */

export interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

export type Header = Record<string, Entry> & { __metadata__?: Record<string, string> };

/** The header of a file and the bytes behind it. */
export function parts(file: Buffer): { header: Header; data: Buffer } {
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString('utf8'));
  return { header, data: file.subarray(8 + length) };
}

/** A file of this header, which may be anything. */
export function fileOf(header: unknown, data: Uint8Array): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

/** A file of float32 tensors, all of the same value. */
export function constantFile(shapes: Readonly<Record<string, readonly number[]>>): Buffer {
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const start = end;
    end += 4 * shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype: 'F32', shape, data_offsets: [start, end] };
  }
  return fileOf(header, Buffer.alloc(end));
}
