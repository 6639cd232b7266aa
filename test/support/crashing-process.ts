import { CapsuleFiles } from '#src/telemetry/capsules/capsule-files.ts';
import { recordCrashes } from '#src/telemetry/capsules/crash-recorder.ts';
import { createLogging } from '#src/telemetry/logger.ts';
import { crashed, SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import { Kernel } from '#supervisors/kernel/kernel.ts';
import type { Handle, StartContext } from '#supervisors/kernel/process.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';

/** A process of its own in which two actors crash and that ends as soon as it hears of the second: `node crashing-process.ts <directory>`. */
const [, , directory = ''] = process.argv;
const logger = (await createLogging({ level: 'silent', isPretty: false }))('crashes');
const kernel = new Kernel({ onOrphanFailure: () => undefined });
recordCrashes(kernel, { files: new CapsuleFiles(directory), settings: {}, secrets: [], version: '0.0.0', logger });
const contexts: StartContext[] = [];
const start = (context: StartContext): Handle => {
  contexts.push(context);
  return { send: () => undefined, shutdown: () => context.exit(SHUTDOWN), kill: () => undefined };
};
const children = ['first', 'last'].map((id) => ({ id, name: id, restart: 'temporary' as const, start }));
await kernel.boot({ name: 'crashing', start: supervisor({ children }) });
let alive = children.length;
kernel.onReport(({ type }) => {
  if (type === 'exit') alive -= 1;
  if (alive === 0) process.exit(1);
});
for (const context of contexts) context.exit(crashed(new Error(`the ${context.id}`)));
