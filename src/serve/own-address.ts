/**
 * Decides which requests may reach the server. A page of another site can make a browser send requests to any address,
 * also under a host name that it controls (DNS rebinding). So the requested host name must be one of this server's, and
 * a request sent by a page must come from a page of this server.
 */
import { isIP } from 'node:net';

/** Host names that always mean this machine */
const localNames = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Says why a request is refused; undefined if it is not.
 * @param host the name or address that the server was told to listen on
 * @param headers of the request
 */
export function foreignness(
  host: string,
  headers: { readonly host?: string | undefined; readonly origin?: string | undefined },
): string | undefined {
  const name = nameIn(headers.host);
  if (name === undefined) return 'the header Host is missing, or is not a name';
  // a host given by a numeric address is accepted: another site cannot make it lead here, as it can with a name
  const isOwn = [...localNames, host.toLowerCase()].includes(name) || isAddress(name);
  if (!isOwn) return `the name ${name} is not a name of this server (see --host)`;
  if (headers.origin === undefined) return undefined;
  if (headers.origin.toLowerCase() === `http://${headers.host?.toLowerCase()}`) return undefined;
  return 'the request comes from a page of another site';
}

/** The host name in a Host header, without the port */
function nameIn(header: string | undefined): string | undefined {
  return /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i.exec(header ?? '')?.[1].toLowerCase();
}

function isAddress(name: string): boolean {
  return isIP(name.replace(/^\[|\]$/g, '')) !== 0;
}
