import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '#config/schema.ts';
import { Failure } from '../failure.ts';
import { request, Unreachable } from '../service-client.ts';
import type { TreeNode } from '../tree/render-tree.ts';
import { ChatLoad } from './chat-load.ts';
import type { ChaosResult } from './chaos-result.ts';
import { DocumentLoad, ifAway } from './document-load.ts';
import { compareHistories } from './history.ts';
import type { KillParts } from './kill.ts';
import { kill } from './kill.ts';
import { KillLedger } from './kill-ledger.ts';
import { createRandom } from './random.ts';
import type { PlannedKill, Victim } from './schedule.ts';
import { planKills } from './schedule.ts';
import { ServedProcess } from './served-process.ts';
import type { Breach } from './session-account.ts';
import { missingIn, PROCESS, victimsOf } from './victims.ts';

export interface ChaosOptions {
  /** What Node runs: a program that serves, and its arguments. */
  readonly program: readonly string[];
  /** Of the caller; settings of Banyan in it stay outside. */
  readonly env: Environment;
  /** Empty: the service's data and its log are left in it. */
  readonly directory: string;
  readonly clients: number;
  readonly durationMs: number;
  readonly seed: number;
  readonly killEveryMs: number;
  readonly processKillEveryMs: number;
  /** Aborted: the kills end, what runs is still waited for and counted. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (sentence: string) => void;
}

/** Words a second: an answer takes some seconds, so that there is something to cut. */
const EXTRACTIVE_RATE = 25;
const WARM_UP_MS = 2500;
const READY_TIMEOUT_MS = 30_000;
const POLL_MS = 100;
/** A kill whose time went by while the service was away is left out: those after it would come too close. */
const MAX_DELAY_MS = 500;
/** The time of a turn and then some: what has not ended by then never will. */
const SETTLE_MS = 40_000;
const STOP_TIMEOUT_MS = 15_000;

/** Runs a service under load, kills its parts by a plan, and counts what its clients saw. Throws Failure where it does not start, or start again. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const run = new ChaosRun(options, await freePort());
  try {
    return await run.run();
  } catch (error) {
    throw error instanceof Unreachable ? new Failure(`The service did not come back, see ${options.directory}.`, { cause: error }) : error;
  } finally {
    await run.end();
  }
}

class ChaosRun {
  readonly #options: ChaosOptions;
  readonly #process: ServedProcess;
  readonly #breaches: Breach[] = [];
  readonly #returnsMs: number[] = [];
  #ledger = new KillLedger([]);
  #rootName = '';

  constructor(options: ChaosOptions, port: number) {
    this.#options = options;
    this.#process = new ServedProcess({
      program: options.program,
      env: environment(options, port),
      directory: options.directory,
      onRestart: ({ name, downMs }) => this.#ledger.restarted(name, downMs),
      onUp: () => this.#ledger.processUp([PROCESS, this.#rootName], performance.now()),
    });
  }

  async run(): Promise<ChaosResult> {
    const { clients, seed, onProgress = () => undefined } = this.#options;
    const service = new URL(await this.#process.whenUp());
    await whenSeeded(service);
    const documents = new DocumentLoad(service, seed);
    const chats = new ChatLoad({
      url: service.href,
      clients,
      seed,
      onBreach: (breach) => this.#note(breach),
      onReturn: (returnMs) => this.#returnsMs.push(returnMs),
    });
    chats.start();
    await sleep(WARM_UP_MS);
    const victims = await this.#findVictims(service);
    const plan = planKills({ ...this.#options, victims, root: this.#rootName });
    onProgress(`${service.href} serves ${clients} clients; ${plan.length} kills of ${victims.length} kinds follow, seed ${seed}.`);
    await this.#killAll(plan, {
      service,
      process: this.#process,
      ledger: this.#ledger,
      documents,
      random: createRandom(seed),
      onProcessKill: (atMs) => chats.serviceKilled(atMs),
    });
    onProgress('No more kills; waiting for the answers that run.');
    await chats.finish(SETTLE_MS);
    return this.#count(service, { chats, documents, victims });
  }

  async end(): Promise<void> {
    await this.#process.stop(STOP_TIMEOUT_MS);
  }

  async #findVictims(service: URL): Promise<readonly Victim[]> {
    const tree = await request<TreeNode>(service, 'admin/tree');
    this.#rootName = tree.name ?? tree.id;
    const victims = victimsOf(tree);
    this.#ledger = new KillLedger(victims);
    return victims;
  }

  async #killAll(plan: readonly PlannedKill[], parts: KillParts): Promise<void> {
    const { signal, durationMs } = this.#options;
    const startedMs = performance.now();
    const until = async (atMs: number): Promise<void> => {
      await sleep(Math.max(0, startedMs + atMs - performance.now()), undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    };
    for (const { atMs, victim } of plan) {
      await until(atMs);
      if (signal?.aborted === true) return;
      const isOverdue = performance.now() - startedMs > atMs + MAX_DELAY_MS;
      if (!isOverdue || victim.group === 'process') await kill(victim, parts);
    }
    await until(durationMs);
  }

  #note(breach: Breach): void {
    this.#breaches.push(breach);
    this.#ledger.breach(breach);
  }

  async #count(service: URL, { chats, documents, victims }: { chats: ChatLoad; documents: DocumentLoad; victims: readonly Victim[] }): Promise<ChaosResult> {
    const unfinishedJobs = await documents.unfinished(SETTLE_MS);
    const accounts = chats.accounts;
    const { unfinished, differing } = await compareHistories(service, accounts);
    for (const { lastMs } of unfinished) this.#ledger.unfinished(lastMs);
    const tree = await request<TreeNode>(service, 'admin/tree').catch(ifAway);
    const names = victims.filter(({ how }) => how === 'actor').map(({ name }) => name);
    return {
      rows: this.#ledger.rows,
      breaches: this.#breaches,
      unfinished,
      differing,
      frames: sum(accounts.map((account) => account.frames)),
      turns: sum(accounts.map((account) => account.turns.size)),
      snapshots: sum(accounts.map((account) => account.snapshots)),
      tally: chats.tally,
      returnsMs: this.#returnsMs,
      jobs: documents.accepted,
      unfinishedJobs,
      unexpectedEnds: this.#process.unexpectedEnds,
      missingActors: tree === undefined ? names : missingIn(tree, names),
    };
  }
}

/** Settings of whoever runs this stay outside; the service stands alone and answers with quotes. */
function environment({ env, directory, clients }: ChaosOptions, port: number): Environment {
  const inherited = Object.entries(env).filter(([name]) => !name.startsWith('BANYAN_') && name !== 'NODE_OPTIONS');
  return {
    ...Object.fromEntries(inherited),
    BANYAN_PORT: String(port),
    BANYAN_DATA_DIR: join(directory, 'data'),
    BANYAN_RATE_LIMIT: '0',
    BANYAN_EXTRACTIVE_RATE: String(EXTRACTIVE_RATE),
    BANYAN_MAX_CONCURRENT_QUERIES: String(4 * clients),
    // A process that was killed may hold its files for a moment longer.
    BANYAN_LOCK_WAIT_MS: '5000',
  };
}

/** One that nobody listens on at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** An empty store takes in Banyan's own guides by itself. */
async function whenSeeded(service: URL): Promise<void> {
  const giveUpAt = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < giveUpAt) {
    const { jobs } = await request<{ readonly jobs: readonly { readonly state: string }[] }>(service, 'jobs');
    if (jobs.length > 0 && jobs.every(({ state }) => state === 'succeeded')) return;
    await sleep(POLL_MS);
  }
  throw new Failure('The service has not taken in its own guides.');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
