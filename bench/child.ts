import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process of the benchmark's own that answers each message with one message. */
export interface Child {
  ask<Answer>(message: object): Promise<Answer>;
}

/** Runs `work` with a program in a process of its own, ended afterwards. Its questions reject when it dies. */
export async function withChild<T>(program: URL, work: (child: Child) => Promise<T>): Promise<T> {
  const process = fork(fileURLToPath(program));
  try {
    return await work({ ask: (message) => ask(process, message) });
  } finally {
    process.kill();
  }
}

async function ask<Answer>(process: ChildProcess, message: object): Promise<Answer> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const died = once(process, 'exit', { signal }).then(([code]) => {
    throw new Error(`a process of the benchmark ended with exit code ${code}`);
  });
  const answered = once(process, 'message', { signal });
  process.send(message);
  try {
    const [answer] = (await Promise.race([answered, died])) as [Answer];
    return answer;
  } finally {
    waiting.abort();
    await Promise.allSettled([died, answered]);
  }
}
