const ATTEMPTS = 1000;
const EVERY_MS = 10;

/** Waits until `condition` holds, for what runs on real time; throws after ten seconds. */
export async function eventually(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  throw new Error(`not within ${ATTEMPTS * EVERY_MS}ms: ${condition.toString()}`);
}
