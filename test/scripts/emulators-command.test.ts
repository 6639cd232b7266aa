import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';

type Child = ChildProcessByStdio<null, Readable, Readable>;

const children: Child[] = [];

function run(...args: string[]): Child {
  const child = spawn(process.execPath, ['scripts/emulators.ts', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function linesUntilReady(child: Child): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'ready') return lines;
    lines.push(line);
  }
  throw new Error('expected the emulators to be ready');
}

describe('npm run emulators', () => {
  test('prints one line per variable that the service needs, serves, and ends when it is asked to', async () => {
    const child = run('--delay-ms', '1', '--token-ms', '1', '--fault-share', '0', '--seed', '4');
    const variables = Object.fromEntries((await linesUntilReady(child)).map((line) => line.split(/=(.*)/s, 2) as [string, string]));
    expect(Object.keys(variables).sort()).toEqual(
      ['AWS_ACCESS_KEY_ID', 'AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME', 'AWS_ENDPOINT_URL_BEDROCK_RUNTIME', 'AWS_REGION',
        'AWS_SECRET_ACCESS_KEY', 'BANYAN_EMBEDDING_MODEL', 'BANYAN_MODELS', 'BANYAN_RERANKER', 'BANYAN_VECTOR_INDEX',
        'GEMINI_API_KEY', 'GOOGLE_GEMINI_BASE_URL', 'OPENAI_API_KEY', 'OPENAI_BASE_URL', 'PINECONE_API_KEY',
        'PINECONE_CONTROLLER_HOST', 'PINECONE_INDEX_HOST', 'QDRANT_API_KEY', 'QDRANT_URL'],
    );
    const scripted = await fetch(`${variables['OPENAI_BASE_URL']?.replace('/v1', '')}/_script`, { method: 'POST', body: '{"status":418}' });
    expect(scripted.status).toBe(200);
    expect((await fetch(`${variables['OPENAI_BASE_URL']}/models`)).status).toBe(418);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test.for([['--fault-share', '20'], ['--delay-ms', 'soon'], ['--faults', '1']])('refuses %s %s with how to use it', async (args) => {
    const child = run(...args);
    const text: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => text.push(chunk));
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(Buffer.concat(text).toString('utf8')).toMatch(/(?:expected|Unknown option)[\s\S]*npm run emulators/);
  });
});
