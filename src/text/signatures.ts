/** The first bytes of files that are not plain text, and what to do with each kind. */
import { optionName } from '../errors.js';

/** Formats that charnn unpacks itself, if the Node.js that runs it can */
export type Packing = 'gzip' | 'brotli' | 'zstd';

export interface Signature {
  /** The name of the format with its article, as messages show it */
  readonly what: string;
  readonly packing?: Packing;
  /** Advice for the user on how to get the text out of a file of this format; absent if it holds none */
  readonly advice?: string;
  /** The bytes by which a file of this format is recognised; undefined stands for any byte */
  readonly magic: readonly (number | undefined)[];
  /** Number of bytes of the file before those by which its format is recognised */
  readonly at?: number;
}

const saveAsText = 'save it as plain text first';

function ascii(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

const any4 = [undefined, undefined, undefined, undefined];

/**
 * Each signature is long enough, or contains a byte that does not occur in text, so that no text is mistaken for such a
 * file.
 */
export const signatures: readonly Signature[] = [
  {
    what: 'a gzip file',
    packing: 'gzip',
    advice: 'unpack it with gzip -d',
    magic: [0x1f, 0x8b, 8],
  },
  {
    what: 'a zstd file',
    packing: 'zstd',
    advice: 'unpack it with zstd -d',
    magic: [0x28, 0xb5, 0x2f, 0xfd],
  },
  { what: 'an xz file', advice: 'unpack it with xz -d', magic: [0xfd, ...ascii('7zXZ'), 0] },
  { what: 'a bzip2 file', advice: 'unpack it with bzip2 -d', magic: bzip2() },
  { what: 'an lz4 file', advice: 'unpack it with lz4 -d', magic: [0x04, 0x22, 0x4d, 0x18] },
  { what: 'an lzip file', advice: 'unpack it with lzip -d', magic: [...ascii('LZIP'), 1] },
  { what: 'a compress (.Z) file', advice: 'unpack it with gzip -d', magic: [0x1f, 0x9d] },
  { what: 'a 7-Zip archive', advice: 'unpack it with 7z x', magic: [...ascii('7z'), 0xbc, 0xaf] },
  { what: 'a RAR archive', advice: 'unpack it with unrar', magic: [...ascii('Rar!'), 0x1a, 7] },
  { what: 'a tar archive', advice: 'unpack it with tar -xf', magic: ascii('ustar'), at: 257 },
  { what: 'a PDF document', advice: 'turn it into text with pdftotext', magic: ascii('%PDF-') },
  {
    what: 'an old Office document',
    advice: saveAsText,
    magic: [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1],
  },
  { what: 'an RTF document', advice: saveAsText, magic: ascii('{\\rtf') },
  {
    what: 'an SQLite database',
    advice: `export the text, for example with sqlite3 -csv and a query, and read it with ${optionName('format', 'csv')}`,
    magic: [...ascii('SQLite format 3'), 0],
  },
  {
    what: 'a Parquet file',
    advice: `export the text as CSV or NDJSON and read it with ${optionName('format')}`,
    magic: [...ascii('PAR1'), 0x15],
  },
  { what: 'a PNG image', magic: [0x89, ...ascii('PNG')] },
  { what: 'a JPEG image', magic: [0xff, 0xd8, 0xff] },
  { what: 'a GIF image', magic: [...ascii('GIF89a')] },
  { what: 'a GIF image', magic: [...ascii('GIF87a')] },
  { what: 'a WebP image', magic: [...ascii('RIFF'), ...any4, ...ascii('WEBP')] },
  { what: 'a WAV recording', magic: [...ascii('RIFF'), ...any4, ...ascii('WAVE')] },
  { what: 'a TIFF image', magic: [...ascii('II*'), 0] },
  { what: 'a TIFF image', magic: [...ascii('MM'), 0, 0x2a] },
  {
    what: 'a video or an image in an MP4 container',
    magic: [0, 0, 0, undefined, ...ascii('ftyp')],
  },
  { what: 'an Ogg recording', magic: [...ascii('OggS'), 0] },
  { what: 'a FLAC recording', magic: [...ascii('fLaC'), 0] },
  { what: 'an MP3 recording', magic: [...ascii('ID3'), undefined, 0] },
  { what: 'a Matroska video', magic: [0x1a, 0x45, 0xdf, 0xa3] },
  { what: 'an ELF program', magic: [0x7f, ...ascii('ELF')] },
  { what: 'a Windows program', magic: [...ascii('MZ'), 0x90, 0] },
  { what: 'a Mach-O program', magic: [0xcf, 0xfa, 0xed, 0xfe] },
  { what: 'a WebAssembly module', magic: [0, ...ascii('asm')] },
  { what: 'a Java class', magic: [0xca, 0xfe, 0xba, 0xbe] },
];

function bzip2(): (number | undefined)[] {
  // in a bzip2 file the fourth byte is a digit, the block size; then a block begins with the first digits of π
  return [...ascii('BZh'), undefined, 0x31, 0x41, 0x59, 0x26];
}

/** The first bytes of a zip archive: one with files, an empty one, or one split into parts */
export const zipMagics = [
  [0x50, 0x4b, 3, 4],
  [0x50, 0x4b, 5, 6],
  [0x50, 0x4b, 7, 8],
] as const;

/** Kinds of zip archives, recognised by words among their first bytes; the first match counts. */
export const zipKinds: readonly { readonly word: string; readonly what: string }[] = [
  { word: 'application/epub+zip', what: 'an EPUB book' },
  { word: 'opendocument.text', what: 'an OpenDocument text' },
  { word: 'opendocument.spreadsheet', what: 'an OpenDocument spreadsheet' },
  { word: 'opendocument', what: 'an OpenDocument file' },
  { word: 'word/', what: 'a Word document' },
  { word: 'xl/', what: 'an Excel workbook' },
  { word: 'ppt/', what: 'a PowerPoint presentation' },
  { word: '[Content_Types].xml', what: 'an Office document' },
];
