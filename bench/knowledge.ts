import type { KnowledgeStore } from '#src/ports/store.ts';
import { createStore } from '#src/store/tenant-store.ts';
import { Kernel } from '#supervisors/kernel/kernel.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';
import { storeSupervisor } from '#supervisors/store.ts';

/** Runs `work` with the service's own store, supervised in this process over the files of `directory`. */
export async function withKnowledge<T>(
  { directory, language = 'en' }: { readonly directory: string; readonly language?: string },
  work: (knowledge: KnowledgeStore) => Promise<T>,
): Promise<T> {
  const kernel = new Kernel();
  const store = createStore(kernel, { language });
  const start = storeSupervisor({ directory, store, hasVectors: false });
  await kernel.boot({ name: 'bench', start: supervisor({ children: [{ id: 'store', type: 'supervisor', start }] }) });
  try {
    return await work(store.tenant('default').knowledge);
  } finally {
    await kernel.stop();
  }
}
