/**
 * Two network namespaces that are connected by a link, as two hosts of a cluster on one machine. No ssh is needed:
 * launchers of MPI start processes on the other host with a script that enters its namespace. It needs Linux and root.
 *
 *     node test/cluster/two-hosts.mjs --mpi mpich --rate 100mbit -- train text.txt --threads 1
 *
 * runs charnn in one process on each host, over a link of that rate, and removes the hosts.
 */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { folderOfProcess } from '../temporary-folder.mjs';

const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const prefix = 'charnn-host';
const device = 'wire';
const addresses = ['10.77.0.1', '10.77.0.2'];

const keepAlive = [
  ...['--mca', 'oob_tcp_keepalive_time', '5', '--mca', 'oob_tcp_keepalive_intvl', '2'],
  ...['--mca', 'oob_tcp_keepalive_probes', '3'],
];

/** How each launcher starts processes on the hosts, and what makes it use their link and nothing else */
const launchers = {
  openmpi: {
    command: 'mpirun.openmpi',
    arguments: (agent, variables) => [
      ...['--host', addresses.join(','), '--mca', 'plm_rsh_agent', agent],
      ...['--mca', 'btl', 'tcp,self', '--mca', 'btl_tcp_if_include', device],
      // processes that wait must not take the cores from those that compute
      ...['--mca', 'oob_tcp_if_include', device, '--mca', 'mpi_yield_when_idle', '1'],
      // otherwise it binds the processes of both hosts, which share the cores, to the first core
      ...['--bind-to', 'none'],
      // otherwise it waits for minutes when the link is cut
      ...keepAlive,
      // without this, processes on the other host do not receive variables of the environment
      ...variables.flatMap((name) => ['-x', name]),
    ],
    environment: { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
  },
  mpich: {
    command: 'mpirun.mpich',
    arguments: (agent) => [
      ...['-hosts', addresses.join(','), '-iface', device],
      ...['-launcher', 'ssh', '-launcher-exec', agent],
    ],
    // its library would find that both hosts can share memory
    environment: { UCX_TLS: 'tcp', UCX_NET_DEVICES: device },
  },
};

const run = (command, ...args) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Why there can be no such hosts here; undefined if there can */
export function reasonAgainst() {
  try {
    new TwoHosts().remove();
    return undefined;
  } catch (error) {
    const [words] = `${error.stderr || error.message}`.trim().split('\n');
    return words;
  }
}

let made = 0;

export class TwoHosts {
  constructor() {
    const id = `${prefix}-${process.pid}-${made++}`;
    this.names = addresses.map((address) => `${id}-${address}`);
    this.agent = join(folderOfProcess('charnn-agent-'), 'agent.sh');
    try {
      for (const name of this.names) run('ip', 'netns', 'add', name);
      const [one, two] = this.names;
      run(
        'ip',
        '-n',
        one,
        ...words(`link add ${device} type veth peer name ${device} netns ${two}`),
      );
      this.names.forEach((name, i) => {
        run('ip', '-n', name, ...words(`address add ${addresses[i]}/24 dev ${device}`));
        for (const each of ['lo', device]) run('ip', '-n', name, ...words(`link set ${each} up`));
      });
      // launchers call it as they call ssh: options, the host, and words that make a command line
      const entering = `ip netns exec ${id}-"$host" unshare --uts`;
      const script = `#!/bin/sh
while [ "\${1#-}" != "$1" ]; do shift; done
host=$1
shift
exec ${entering} sh -c 'hostname "host-$0" && exec sh -c "$*"' "$host" "$@"
`;
      writeFileSync(this.agent, script);
      chmodSync(this.agent, 0o755);
      run(this.agent, addresses[1], 'true');
      this.names.forEach(waitForDevice);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** Limits the rate of the link in both directions, such as `100mbit`. */
  shape(rate) {
    for (const name of this.names) {
      const filter = `qdisc replace dev ${device} root tbf rate ${rate} burst 256kb latency 100ms`;
      run('ip', 'netns', 'exec', name, 'tc', ...words(filter));
    }
  }

  /** Cuts the link. */
  cut() {
    run('ip', '-n', this.names[0], ...words(`link set ${device} down`));
  }

  /**
   * The command line, and the variables of its environment, with which a launcher starts a program in one process on
   * each host.
   * @param variables names of variables of the environment that the program receives
   */
  commandLine(launcher, program, variables = []) {
    const { command, arguments: options, environment } = launchers[launcher];
    const start = [command, ...options(this.agent, variables), '-n', '2', ...program];
    return { ...this.onFirstHost(start), environment };
  }

  /** The command line that runs a program on the first host. */
  onFirstHost(program) {
    const entering = ['netns', 'exec', this.names[0], 'unshare', '--uts', 'sh', '-c'];
    const named = ['hostname "$0" && exec "$@"', `host-${addresses[0]}`];
    return { command: 'ip', args: [...entering, ...named, ...program] };
  }

  /** Ends everything that runs on the hosts, and removes them. */
  remove() {
    for (const name of this.names) {
      try {
        for (const id of run('ip', 'netns', 'pids', name).split('\n').filter(Boolean)) {
          process.kill(Number(id), 'SIGKILL');
        }
      } catch {
        // there is no such host, or a process has ended by itself
      }
    }
    for (const name of this.names) {
      try {
        run('ip', 'netns', 'delete', name);
      } catch {
        // it was never made
      }
    }
  }
}

/** Waits until a host's end of the link works, which may take a second. */
function waitForDevice(name) {
  for (let attempt = 0; attempt < 50; attempt++) {
    if (run('ip', '-n', name, 'link', 'show', device).includes('state UP')) return;
    execFileSync('sleep', ['0.1']);
  }
  throw new Error('the link between the hosts does not work');
}

function words(line) {
  return line.split(' ');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    options: { mpi: { type: 'string', default: 'openmpi' }, rate: { type: 'string' } },
    allowPositionals: true,
  });
  const hosts = new TwoHosts();
  if (values.rate) hosts.shape(values.rate);
  const program = [process.execPath, binary, ...positionals];
  const { command, args, environment } = hosts.commandLine(values.mpi, program);
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...environment } });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('close', (status) => {
    hosts.remove();
    process.exitCode = status ?? 1;
  });
}
