/** Reads the JSON of a request, which may be anything of any length. */
import type { IncomingMessage } from 'node:http';
import { Fields } from '../json/fields.js';
import { HttpFailure } from './http-failure.js';

/** Max bytes of a request that is read */
export const maxBodyBytes = 2 ** 20;
/** Number of bytes up to which a longer request is still received, but not stored, so that its sender gets an answer */
const maxIgnoredBytes = 2 ** 26;

/** @throws HttpFailure for a body that is too long, or is not a JSON object */
export async function readBody(request: IncomingMessage): Promise<Fields> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > maxIgnoredBytes) break;
    if (length <= maxBodyBytes) pieces.push(piece);
    else pieces.length = 0;
  }
  if (length > maxBodyBytes) {
    throw new HttpFailure(413, `the request is longer than ${maxBodyBytes} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch {
    throw new HttpFailure(400, 'the request is not valid JSON');
  }
  return Fields.of(value, 'the request');
}
