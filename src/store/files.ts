import { join } from 'node:path';

/** The files of a data directory. Only the owner of its lock may open them. */
export function conversationsFile(directory: string): string {
  return join(directory, 'conversations.db');
}

export function knowledgeFile(directory: string): string {
  return join(directory, 'knowledge.db');
}

export function lockFile(directory: string): string {
  return join(directory, 'lock.db');
}

/** The log of frames that were sent. */
export function frameDirectory(directory: string): string {
  return join(directory, 'frames');
}

/** What is known of parts that crashed. */
export function crashDirectory(directory: string): string {
  return join(directory, 'crashes');
}

/** Names the process that holds, or held, the lock. */
export function lockOwnerFile(directory: string): string {
  return join(directory, 'lock.pid');
}
