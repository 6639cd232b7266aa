import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ReceivedFrame } from '../src/gateway/chat-client.ts';
import { ChatClient, oneTo } from '../src/gateway/chat-client.ts';
import { index } from '../src/gateway/rest-client.ts';
import type { ServeProcess } from '../support/serve-process.ts';
import { freePort, killServe, startServe } from '../support/serve-process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const GUIDE = `# Supervisors\n\nA supervisor is ${'a process that starts its children in order, and '.repeat(8)}restarts those that have crashed.`;
/** Slow enough that the process is killed in the middle of the answer. */
const SETTINGS = { BANYAN_EXTRACTIVE_RATE: '15' };

/** As src/adapters/frame-journal/segment.ts has them. */
const [HEAD_BYTES, PREFIX_BYTES] = [8, 8];

interface Cut {
  readonly session: string;
  readonly frames: readonly ReceivedFrame[];
  readonly dataDir: string;
  readonly port: number;
}

/** A client that has had some of its answer when the process is killed. */
async function cutInMidAnswer(): Promise<Cut> {
  const [dataDir, port] = [temporaryDirectory(), await freePort()];
  const service = await startServe(port, dataDir, SETTINGS);
  await index(service.url, [{ id: 'guide', text: GUIDE, title: 'Guide' }]);
  const client = await ChatClient.open(service.url);
  client.ask('q1', 'What is a supervisor?');
  await client.frame(({ seq }) => (seq ?? 0) >= 6);
  await killServe(service);
  await client.closed;
  return { session: await client.session(), frames: client.frames, dataDir, port };
}

async function comeBack({ session, frames, dataDir, port }: Cut): Promise<{ back: ChatClient; after: number; service: ServeProcess }> {
  const after = frames.findLast(({ seq }) => seq !== undefined)?.seq ?? 0;
  const service = await startServe(port, dataDir, SETTINGS);
  return { back: await ChatClient.open(service.url, `?session=${session}&after=${after}`), after, service };
}

const textOf = (frames: readonly ReceivedFrame[]): string => frames.map(({ type, text = '' }) => (type === 'answer-delta' ? text : '')).join('');

describe('a process that is killed in the middle of an answer', () => {
  test('is followed by one that goes on behind what was sent: no number and no character is lost or comes twice', async () => {
    const cut = await cutInMidAnswer();
    const { back, after } = await comeBack(cut);
    const end = await back.ofType('answer-end');
    expect(await back.ofType('ready')).toMatchObject({ resumed: true });
    expect([...cut.frames.flatMap(({ seq }) => seq ?? []), ...back.seqs]).toEqual(oneTo(end.seq ?? 0));
    expect(after).toBeGreaterThanOrEqual(6);
    expect(textOf(cut.frames) + textOf(back.frames)).toBe(end['answer']);
    expect(back.frames.filter(({ type }) => type === 'answer-end')).toHaveLength(1);
  });

  test('and whose log was truncated is followed by one that shows a snapshot, then the rest: never a gap', async () => {
    const cut = await cutInMidAnswer();
    const directory = join(cut.dataDir, 'frames');
    const newest = join(directory, readdirSync(directory).sort().at(-1) ?? '');
    truncateSync(newest, 300);
    const { back, after } = await comeBack(cut);
    const end = await back.ofType('answer-end');
    const { turns } = (await back.ofType('snapshot')) as unknown as { turns: readonly { text: string }[] };
    expect(await back.ofType('ready')).toMatchObject({ resumed: false });
    expect(back.seqs.every((seq) => seq > after)).toBe(true);
    expect((turns[0]?.text ?? '') + textOf(back.frames)).toBe(end['answer']);
  });

  test('when the store has the end and the log has not, tells the end at once', async () => {
    const [dataDir, port] = [temporaryDirectory(), await freePort()];
    let service = await startServe(port, dataDir);
    await index(service.url, [{ id: 'guide', text: GUIDE, title: 'Guide' }]);
    const client = await ChatClient.open(service.url);
    client.ask('q1', 'What is a supervisor?');
    const end = await client.ofType('answer-end');
    await killServe(service);
    dropLastLine(join(dataDir, 'frames'));
    service = await startServe(port, dataDir);
    const back = await ChatClient.open(service.url, `?session=${await client.session()}&after=${(end.seq ?? 0) - 1}`);
    expect(await back.ofType('answer-end')).toEqual(end);
  });

  test('leaves a log that may be deleted: sessions go on above all numbers that were given', async () => {
    const cut = await cutInMidAnswer();
    rmSync(join(cut.dataDir, 'frames'), { recursive: true });
    const { back, after } = await comeBack(cut);
    expect((await back.ofType('answer-end')).seq).toBeGreaterThan(after);
    expect(await back.ofType('ready')).toMatchObject({ resumed: false });
  });
});

/** As if the process had been killed between the end in the store and its frame: the last write of the log is undone. */
function dropLastLine(directory: string): void {
  const newest = join(directory, readdirSync(directory).sort().at(-1) ?? '');
  const bytes = readFileSync(newest);
  let last = HEAD_BYTES;
  for (let next = last; next < bytes.length; next = last + PREFIX_BYTES + bytes.readUInt32LE(last)) last = next;
  bytes.writeBigUInt64LE(BigInt(last));
  writeFileSync(newest, bytes.subarray(0, last));
}
