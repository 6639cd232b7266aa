import { documentVectors, VECTOR_SPACE } from './vector-examples.ts';
import { WorkerClient } from './worker-client.ts';

/** Writes documents one after the other, deletes each one's predecessor, and says the number of what is confirmed. */
const [, , directory = ''] = process.argv;
const worker = await WorkerClient.start(new URL('../../src/store/vectors.worker.ts', import.meta.url), { directory });
for (let document = 0; ; document += 1) {
  const { records, values, dimension } = documentVectors(document);
  await worker.ask({ type: 'upsert-vectors', space: VECTOR_SPACE, records, values, dimension });
  if (document > 0) await worker.ask({ type: 'delete-vectors', space: VECTOR_SPACE, prefix: `d${document - 1}#` });
  console.log(document);
}
