import { existsSync } from 'node:fs';
import { access, constants, stat, statfs } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { ServiceError } from '#src/errors.ts';
import { checkStore } from '#src/store/check.ts';
import { lockDataDirectory } from '#src/store/data-directory-lock.ts';
import type { Finding } from './finding.ts';

/** Below this the service will soon refuse documents; below the other it is about to. */
const LOW_BYTES = 1024 ** 3;
const CRITICAL_BYTES = 100 * 1024 ** 2;

const SUBJECT = 'data';

/** The data directory and the databases in it, without changing them. `isServing` tells that a service answers. */
export async function checkData(directory: string, isServing: boolean): Promise<readonly Finding[]> {
  const path = resolve(directory);
  if (!existsSync(path)) return [await checkParent(path)];
  const locked = await lockFailure(path);
  if (locked === undefined) return checkDatabases(path);
  return locked.code === 'DATA_DIR_LOCKED' ? describeHolder(locked, isServing) : [unusable(path, locked)];
}

/** The directory will be made: can it be? */
async function checkParent(path: string): Promise<Finding> {
  const parent = nearestExisting(path);
  const isUsable = (await stat(parent)).isDirectory() && (await access(parent, constants.W_OK).then(() => true, () => false));
  if (isUsable) return { status: 'ok', subject: SUBJECT, message: `${path} does not exist yet; the service will make it` };
  const message = `${path} does not exist and cannot be made in ${parent}`;
  return { status: 'fail', subject: SUBJECT, message, advice: 'make it writable or set BANYAN_DATA_DIR' };
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}

/** Why the directory cannot be this process's own; undefined when it could. */
async function lockFailure(path: string): Promise<ServiceError | undefined> {
  try {
    const lock = await lockDataDirectory(path, { waitMs: 0 });
    lock.release();
    return undefined;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return error;
  }
}

function describeHolder({ message }: ServiceError, isServing: boolean): readonly Finding[] {
  const unchecked: Finding = { status: 'warn', subject: 'databases', message: 'not checked: a running service holds them', advice: 'stop it to have them checked' };
  if (isServing) return [{ status: 'ok', subject: SUBJECT, message }, unchecked];
  return [{ status: 'warn', subject: SUBJECT, message: `${message}, and no service answers at the address of the settings`, advice: 'wait for it or end it' }, unchecked];
}

function unusable(path: string, { details }: ServiceError): Finding {
  const reason = details?.[0]?.got ?? 'unknown reason';
  return { status: 'fail', subject: SUBJECT, message: `${path} cannot be used: ${reason}`, advice: 'make it writable or set BANYAN_DATA_DIR' };
}

async function checkDatabases(path: string): Promise<readonly Finding[]> {
  const findings = await checkStore(path);
  const usable: Finding = { status: 'ok', subject: SUBJECT, message: `${path} is writable and free` };
  return [usable, ...findings.map(({ file, check, isOk, message }): Finding => {
    const found = { subject: basename(file), message: `${check}: ${message}` };
    return isOk ? { status: 'ok', ...found } : { status: 'fail', ...found, advice: adviceFor(check) };
  })];
}

function adviceFor(check: string): string {
  if (check === 'version') return 'use the version of Banyan that wrote it';
  return check === 'index' ? 'rebuild it: start the service and POST /reindex' : 'restore it from a backup, or move it away and seed again';
}

/** The room on the disk of the data directory. */
export async function checkDisk(directory: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(nearestExisting(resolve(directory)));
  return describeDisk(bavail * bsize);
}

export function describeDisk(freeBytes: number): Finding {
  const status = freeBytes < CRITICAL_BYTES ? 'fail' : freeBytes < LOW_BYTES ? 'warn' : 'ok';
  const message = `${describeBytes(freeBytes)} free`;
  return status === 'ok' ? { status, subject: 'disk', message } : { status, subject: 'disk', message, advice: 'make room, or set BANYAN_DATA_DIR to another disk' };
}

function describeBytes(bytes: number): string {
  return bytes < 1024 ** 3 ? `${Math.floor(bytes / 1024 ** 2)} MiB` : `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
