import { FRAMES, frameLog, framesAgent } from '#agents/frames/frames.agent.ts';
import type { Sessions } from '#agents/session/session.agent.ts';
import { createSessions, SESSIONS } from '#agents/session/session.agent.ts';
import { memoryJournal } from '#src/adapters/frame-journal/memory.ts';
import type { ChildSpec } from '#supervisors/kernel/child-spec.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { sessionsSupervisor } from '#supervisors/sessions.ts';
import type { ConversationStore, TenantStore } from '#src/ports/store.ts';
import type { Figures } from '../benchmark.ts';
import { usedHeapBytes } from './garbage.ts';
import { withKernel } from './kernel-tree.ts';

const KIB = 1024;
const NEVER_MS = 86_400_000;

/** Heap of one idle session actor: the real machine, its name, its supervisor's row. The store has no turn of it. */
export function measureIdleSessions(count: number): Promise<Figures> {
  const children: ChildSpec[] = [
    { id: 'frames', name: FRAMES, start: framesAgent(memoryJournal({ maxBytes: KIB, maxSessionBytes: KIB })) },
    { id: 'sessions', name: SESSIONS, type: 'supervisor', start: sessionsSupervisor(2 * count) },
  ];
  return withKernel(children, async (kernel) => {
    const sessions = idleSessions(kernel);
    await openAll(sessions, 'warm-up', 1000);
    for (let index = 0; index < count; index += 1) listen(kernel, `idle-${index}`);
    const before = await usedHeapBytes();
    const cpuBefore = process.threadCpuUsage();
    await openAll(sessions, 'idle', count);
    const { user, system } = process.threadCpuUsage(cpuBefore);
    const heapKb = ((await usedHeapBytes()) - before) / KIB / count;
    return { idle_actor_heap_kb: heapKb, session_open_us: (user + system) / count };
  });
}

function idleSessions(kernel: Kernel): Sessions {
  const conversations: Pick<ConversationStore, 'unfinishedTurns'> = { unfinishedTurns: () => Promise.resolve([]) };
  return createSessions({
    kernel,
    store: { tenant: 'bench', conversations } as unknown as TenantStore,
    queueLength: 8,
    turnTimeoutMs: 30_000,
    idleMs: NEVER_MS,
    onTurnEnded: () => undefined,
    onLostRecord: () => undefined,
  });
}

/** A session without a listener would end its actor. */
function listen(kernel: Kernel, session: string): void {
  frameLog(kernel)?.subscribe(session, undefined, { frames: () => undefined, status: () => undefined });
}

async function openAll(sessions: Sessions, name: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await sessions.open(`${name}-${index}`);
}
