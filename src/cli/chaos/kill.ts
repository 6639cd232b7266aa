import { ServiceError } from '#src/errors.ts';
import { request, Unreachable } from '../service-client.ts';
import type { TreeNode } from '../tree/render-tree.ts';
import type { DocumentLoad } from './document-load.ts';
import type { KillLedger } from './kill-ledger.ts';
import { pickOne } from './random.ts';
import type { Victim } from './schedule.ts';
import type { ServedProcess } from './served-process.ts';

/** The supervisor whose children run only while documents are taken in. */
const JOBS = 'jobs';
const REQUEST_TIMEOUT_MS = 5000;
const RETRY_MS = 50;
/** A service that is away for longer does not come back. */
const AWAY_MS = 30_000;

export interface KillParts {
  readonly service: URL;
  readonly process: ServedProcess;
  readonly ledger: KillLedger;
  readonly documents: DocumentLoad;
  readonly random: () => number;
  /** Told right before the process dies. */
  readonly onProcessKill: (atMs: number) => void;
}

/** Carries a kill out, where there is somebody to kill. */
export async function kill(victim: Victim, parts: KillParts): Promise<void> {
  const { process, ledger, onProcessKill } = parts;
  if (victim.how === 'child') return killChild(victim, parts);
  if (victim.how !== 'process') return killActor(victim, victim.name, parts);
  const atMs = performance.now();
  onProcessKill(atMs);
  ledger.killing(victim, victim.name, atMs);
  process.kill();
}

/** Which one is left to chance; a job is begun first, since most of the time there is none. */
async function killChild(victim: Victim, parts: KillParts): Promise<void> {
  if (victim.name === JOBS) {
    const job = await ifThere(() => parts.documents.begin());
    if (job !== undefined) await killActor(victim, `job:${job}`, parts);
    return;
  }
  const supervisor = await ifThere(() => request<TreeNode>(parts.service, `admin/actors/${victim.name}`, { timeoutMs: REQUEST_TIMEOUT_MS }));
  const running = supervisor?.children.filter(({ status }) => status === 'running') ?? [];
  const name = pickOne(running, parts.random)?.name ?? null;
  if (name !== null) await killActor(victim, name, parts);
}

async function killActor(victim: Victim, name: string, { service, process, ledger }: KillParts): Promise<void> {
  const path = `admin/actors/${encodeURIComponent(name)}/kill`;
  const killed = await ifThere(() => {
    ledger.missed(name);
    ledger.killing(victim, name, performance.now());
    if (victim.how === 'root') process.expectEnd();
    return request(service, path, { body: {}, timeoutMs: REQUEST_TIMEOUT_MS });
  });
  if (killed === undefined) ledger.missed(name);
}

/** What the service answers, once the gateway is there. Undefined where it refuses, since there is nobody of that name. */
async function ifThere<Reply>(work: () => Promise<Reply>): Promise<Reply | undefined> {
  const giveUpAt = performance.now() + AWAY_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ServiceError) return undefined;
      if (!(error instanceof Unreachable) || performance.now() > giveUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
