import { createEmbeddedVectorIndex } from '#src/adapters/vector-index/embedded.ts';
import { VECTORS_ACTOR } from '#src/store/vectors/events.ts';
import { worker } from '#supervisors/kernel/handles/worker.ts';
import { startTree } from '../../../support/start-tree.ts';
import { temporaryDirectory } from '../../../support/store-directory.ts';
import { describeVectorIndex } from './contract.ts';

describeVectorIndex('The embedded index', async () => {
  const url = new URL('../../../../src/store/vectors.worker.ts', import.meta.url);
  const input = { directory: temporaryDirectory() };
  const { kernel } = await startTree(() => [{ id: VECTORS_ACTOR, name: VECTORS_ACTOR, start: worker({ url, input }) }]);
  return { index: createEmbeddedVectorIndex({ link: kernel, model: 'example:model', restartWaitMs: 10_000 }), close: () => Promise.resolve() };
});
