import type { Benchmark, Measured } from '../benchmark.ts';
import { ingest, postJson } from '../ingest.ts';
import type { EmulatorName } from '../providers/emulator-process.ts';
import type { EmulatedProviders } from '../providers/with-emulators.ts';
import { withEmulators } from '../providers/with-emulators.ts';
import { withService } from '../service-process.ts';
import type { ServiceProcess } from '../service-process.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';

const IDLE_MS = 5000;
const DOCUMENT = { id: 'otters', text: 'The otter floats on its back and opens mussels with a stone.' };
const CONFIGURED: readonly EmulatorName[] = ['gemini', 'bedrock', 'pinecone'];

/** What the service holds once it is configured for Gemini, Bedrock and Pinecone and has called each. */
export const benchmark: Benchmark = {
  targets: { configured_rss_mb: { max: 200 } },
  measure: () =>
    withTemporaryDirectory((dataDir) =>
      withEmulators({}, (emulators) => withService({ dataDir, env: emulators.environment }, (service) => measure(service, emulators))),
    ),
};

async function measure(service: ServiceProcess, emulators: EmulatedProviders): Promise<Measured> {
  const started = service.memoryMb().now;
  await ingest(service.url, [DOCUMENT]);
  const { model, degraded } = await postJson<{ model: string; degraded: readonly string[] }>(`${service.url}/query`, { question: 'What does the otter do?' });
  if (degraded.length > 0) throw new Error(`the question was answered without ${degraded.join(', ')}`);
  for (const name of CONFIGURED) await checkCalled(emulators, name);
  const { peak } = service.memoryMb();
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const figures = { configured_rss_mb: service.memoryMb().now, peak_rss_mb: peak, started_rss_mb: started };
  return { figures, notes: [`one document, one question, answered by ${model}; resident memory after ${IDLE_MS / 1000} s of rest`] };
}

async function checkCalled(emulators: EmulatedProviders, name: EmulatorName): Promise<void> {
  const { count } = await emulators.see(name);
  if (count === 0) throw new Error(`the service did not call ${name}`);
}
