/** A request that cannot be answered: the status, and a message for whoever sent it. */
export class HttpFailure extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  /** The body of the answer, with the message in the form in which clients of `/v1/completions` expect errors */
  get body(): { readonly error: Readonly<Record<string, unknown>> } {
    const type = this.status < 500 ? 'invalid_request_error' : 'server_error';
    return { error: { message: this.message, type, param: null, code: null } };
  }
}
