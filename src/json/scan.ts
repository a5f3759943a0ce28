/**
 * Finds the parts of a model file without reading it as a whole: small fields are parsed, but only the position of a
 * tensor's data is recorded. So a file can be larger than V8's longest string (512 MB), and every size is known before
 * memory is allocated.
 */
import { CharnnError } from '../errors.js';
import { limits } from '../limits.js';
import { requireHeap } from '../machine/memory.js';
import { quoteText } from '../messages/quote.js';
import { type ByteSource, bytesInMemory } from './byte-source.js';
import type { JsonObject } from './fields.js';

/** Max bytes of heap that a value takes per byte of its JSON; `{},`, the smallest object with its comma, has three. */
const heapPerByte = 24;

/** Position of a value's text in the file: from byte `start` to before byte `end` */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface ScannedTensor {
  /** All fields of the tensor except `data` */
  readonly head: JsonObject;
  /** The position of the tensor's `data`, including brackets or quotes */
  readonly data: Span | undefined;
}

export interface ScannedFile {
  /** All fields of a model file except `tensors`, in their order */
  readonly head: JsonObject;
  readonly tensors: readonly ScannedTensor[] | undefined;
}

const maxDepth = 64;
const windowBytes = 1 << 16;

const code = (character: string): number => character.charCodeAt(0);
const [quoteMark, backslash, colon, comma] = ['"', '\\', ':', ','].map(code);
const [openBrace, closeBrace, openBracket, closeBracket] = ['{', '}', '[', ']'].map(code);
const spaces: ReadonlySet<number> = new Set([' ', '\t', '\n', '\r'].map(code));
const scalarEnds: ReadonlySet<number> = new Set([...spaces, comma, closeBrace, closeBracket, -1]);

/**
 * Scans a file.
 * @param where name of the file, for messages
 * @throws CharnnError for a file that is not a JSON object, or that exceeds the limits
 */
export function scanFile(source: ByteSource, where: string): ScannedFile {
  return new Scanner(source, where, 'damaged, or not a charnn file').whole((scanner) =>
    scanner.file(),
  );
}

/**
 * Scans a JSON object without tensors.
 * @param where what messages call it
 * @returns its fields, in their order
 * @throws CharnnError as `scanFile` does
 */
export function scanObject(source: ByteSource, where: string): JsonObject {
  return new Scanner(source, where, 'it is damaged').whole((scanner) => scanner.fields());
}

/**
 * Parses a JSON value from text with any content.
 * @throws CharnnError as `scanFile` does
 */
export function parseChecked(text: string, where: string): unknown {
  const source = bytesInMemory(Buffer.from(text));
  return new Scanner(source, where, 'it is damaged').whole((scanner) => scanner.value());
}

class Scanner {
  private readonly window = Buffer.allocUnsafe(windowBytes);
  private windowStart = 0;
  private windowLength = 0;
  private position = 0;
  private headBytes = 0;

  constructor(
    private readonly source: ByteSource,
    private readonly where: string,
    /** The part of a message that says what is probably wrong if the text is not JSON */
    private readonly suspicion: string,
  ) {}

  /** Reads the whole text with the given function, and refuses anything else after what that has read. */
  whole<T>(read: (scanner: Scanner) => T): T {
    this.skipSpaces();
    const result = read(this);
    this.skipSpaces();
    if (this.peek() !== -1) this.fail('there is more after its end');
    return result;
  }

  file(): ScannedFile {
    let tensors: ScannedTensor[] | undefined;
    const head = this.object((key) => {
      if (key !== 'tensors') return this.parsed();
      tensors = this.tensors();
      return undefined;
    });
    return { head, tensors };
  }

  fields(): JsonObject {
    return this.object(() => this.parsed());
  }

  value(): unknown {
    return this.parsed();
  }

  private tensors(): ScannedTensor[] {
    const list: ScannedTensor[] = [];
    this.sequence(openBracket, closeBracket, () => {
      if (list.length === limits.tensors) {
        throw new CharnnError(`${this.where} has more than ${limits.tensors} tensors`);
      }
      let data: Span | undefined;
      const head = this.object((key) => {
        if (key !== 'data') return this.parsed();
        data = this.data();
        return undefined;
      });
      list.push({ head, data });
    });
    return list;
  }

  // --- objects, lists and single values ---

  /** Reads an object's fields, and drops those for which `read` returns undefined. */
  private object(read: (key: string) => unknown): JsonObject {
    const fields = new Map<string, unknown>();
    const seen = new Set<string>();
    this.sequence(openBrace, closeBrace, () => {
      if (this.peek() !== quoteMark) this.fail();
      const key = this.parsed() as string;
      if (seen.has(key)) this.fail(`the field ${quoteText(key)} is there twice`);
      seen.add(key);
      this.skipSpaces();
      this.expect(colon);
      this.skipSpaces();
      const value = read(key);
      if (value !== undefined) fields.set(key, value);
    });
    // unlike an assignment, `fromEntries` makes a field of its own even of the name __proto__
    return Object.fromEntries(fields);
  }

  /** Reads items between brackets, separated by commas. */
  private sequence(open: number, close: number, item: () => void): void {
    this.skipSpaces();
    this.expect(open);
    this.skipSpaces();
    if (this.peek() === close) {
      this.position++;
      return;
    }
    for (;;) {
      this.skipSpaces();
      item();
      this.skipSpaces();
      if (this.peek() === close) break;
      this.expect(comma);
    }
    this.position++;
  }

  /** Parses a JSON value of any kind. */
  private parsed(): unknown {
    const { start, end } = this.skipValue();
    this.headBytes += end - start;
    if (this.headBytes > limits.headBytes) {
      throw new CharnnError(
        `${this.where}: the fields other than the tensors' data have more than ${limits.headBytes} bytes`,
      );
    }
    requireHeap(heapPerByte * this.headBytes, `the fields of ${this.where} other than its tensors`);
    const bytes = Buffer.allocUnsafe(end - start);
    this.source.read(bytes, start);
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch (cause) {
      return this.fail(undefined, cause);
    }
  }

  /** Finds the extent of a tensor's data: a base64 string, which has no escapes, or a list. */
  private data(): Span {
    if (this.peek() !== quoteMark) return this.skipValue();
    const start = this.position++;
    for (;;) {
      if (this.peek() === -1) this.fail();
      const found = this.window
        .subarray(0, this.windowLength)
        .indexOf(quoteMark, this.position - this.windowStart);
      if (found < 0) this.position = this.windowStart + this.windowLength;
      else {
        this.position = this.windowStart + found + 1;
        return { start, end: this.position };
      }
    }
  }

  // --- the end of a value is found by its brackets and quotes alone; parsing it afterwards checks everything else ---

  private skipValue(): Span {
    const start = this.position;
    const first = this.peek();
    if (first === quoteMark) this.skipString();
    else if (first === openBrace || first === openBracket) this.skipNested();
    else while (!scalarEnds.has(this.peek())) this.position++;
    if (this.position === start) this.fail();
    return { start, end: this.position };
  }

  private skipNested(): void {
    let depth = 0;
    do {
      const byte = this.peek();
      if (byte === -1) this.fail();
      if (byte === quoteMark) {
        this.skipString();
        continue;
      }
      if (byte === openBrace || byte === openBracket) depth++;
      else if (byte === closeBrace || byte === closeBracket) depth--;
      if (depth > maxDepth) this.fail(`it is nested more than ${maxDepth} deep`);
      this.position++;
    } while (depth > 0);
  }

  private skipString(): void {
    this.position++;
    for (;;) {
      const byte = this.peek();
      if (byte === -1) this.fail();
      this.position += byte === backslash ? 2 : 1;
      if (byte === quoteMark) return;
    }
  }

  // --- reading the bytes of the file ---

  /** The byte at the position, or -1 at the end of the file. */
  private peek(): number {
    const at = this.position - this.windowStart;
    if (at < this.windowLength) return this.window[at];
    this.windowStart = this.position;
    this.windowLength = this.source.read(this.window, this.position);
    return this.windowLength > 0 ? this.window[0] : -1;
  }

  private skipSpaces(): void {
    while (spaces.has(this.peek())) this.position++;
  }

  private expect(byte: number): void {
    if (this.peek() !== byte) this.fail();
    this.position++;
  }

  private fail(reason = this.suspicion, cause?: unknown): never {
    const place = this.peek() === -1 ? 'it ends too early' : `at byte ${this.position}`;
    throw new CharnnError(`${this.where} is not valid JSON, ${place}: ${reason}`, 1, { cause });
  }
}
