/** Whether a stream is a terminal on which the cursor can be moved; `TERM=dumb` says that it cannot. */
export function isSteerable(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true && process.env.TERM !== 'dumb';
}
