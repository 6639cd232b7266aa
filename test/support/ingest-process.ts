import { lockDataDirectory } from '#src/store/data-directory-lock.ts';
import type { JobReply, KnowledgeWrite } from '#src/store/knowledge/events.ts';
import { hasEnded, killedJob, SCOPE } from './store-examples.ts';
import { StoreWorkers } from './store-workers.ts';

/** A process that ingests and says after each piece how far it is, until it is killed: `node ingest-process.ts <directory>`. */
const directory = process.argv[2] ?? '';
await lockDataDirectory(directory, { waitMs: 0 });
const workers = new StoreWorkers(directory);
await workers.startWorker('knowledge');
const event = killedJob();
const ask = async (asked: KnowledgeWrite): Promise<JobReply> => (await workers.ask('knowledge', asked)) as JobReply;
let { job } = await ask(event);
console.log(job.done);
while (!hasEnded(job)) {
  ({ job } = await ask({ type: 'advance-job', ...SCOPE, job: event.job, at: 2000 }));
  console.log(job.done);
}
await workers.stop();
