import type { Finding } from './finding.ts';

/**
 * Whether a version of Node is new enough.
 *
 * @param running such as `24.21.0`
 * @param needed such as `>=24.11`
 */
export function checkNode(running: string, needed: string): Finding {
  const [major = 0, minor = 0] = numbers(running);
  const [neededMajor = 0, neededMinor = 0] = numbers(needed);
  const isEnough = major > neededMajor || (major === neededMajor && minor >= neededMinor);
  if (isEnough) return { status: 'ok', subject: 'node', message: `version ${running}` };
  return { status: 'fail', subject: 'node', message: `version ${running}, needed is ${needed}`, advice: 'install it from https://nodejs.org' };
}

function numbers(version: string): number[] {
  return (version.match(/\d+/g) ?? []).map(Number);
}
