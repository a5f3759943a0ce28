/** A request that cannot be answered: the status, and a message for whoever sent it. */
export class HttpFailure extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  /** The answer, in the form that clients of this kind of interface expect */
  get body(): { readonly error: Readonly<Record<string, unknown>> } {
    const type = this.status < 500 ? 'invalid_request_error' : 'server_error';
    return { error: { message: this.message, type, param: null, code: null } };
  }
}
