import { randomBytes } from 'node:crypto';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { Report } from '#supervisors/kernel/report.ts';
import type { Logger } from '../logger.ts';
import type { ActorNotes, Capsule, CapsuleActor, CapsuleSummary } from './capsule.ts';
import { CAPSULE_FORMAT, describeCrash } from './capsule.ts';
import type { CapsuleFiles } from './capsule-files.ts';
import { redact } from './redact.ts';

/** With whom actors leave what a capsule is made of. */
export interface CrashRecorder {
  /** From now on, until this incarnation ends, a crash of the process of that name is told with these notes. */
  watch(name: string, notes: () => ActorNotes): void;
  /** What an actor would tell now, or told when it crashed a short time ago. */
  notesOf(name: string): ActorNotes | undefined;
  /** Writes a capsule of an actor that runs on. */
  capture(name: string, error: unknown): void;
}

export interface CrashRecorderOptions {
  readonly files: CapsuleFiles;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: readonly string[];
  /** Of this program. */
  readonly version: string;
  readonly logger: Logger;
}

/** Crashes may come faster than the disk takes them: of those that wait beyond so many nothing is written. */
const MAX_WAITING = 20;
/** Notes of crashed actors that others may still ask for. */
const MAX_CRASHED = 20;
/** 50 of them are the 20 MB that all files may take. */
const MAX_CAPSULE_BYTES = 400_000;
/** The cut of each text, tried in order until the capsule is small enough. */
const TEXT_LIMITS = [64_000, 8000, 1000, 100];

/** Writes a capsule for each actor of the kernel that crashes. Kills are none, nor is an orderly end. */
export function recordCrashes(kernel: Kernel, options: CrashRecorderOptions): CrashRecorder {
  const recorder = new Recorder(kernel, options);
  kernel.onReport((report) => recorder.onReport(report));
  return recorder;
}

type Draft = Omit<Capsule, 'versions' | 'settings' | 'format'>;

class Recorder implements CrashRecorder {
  readonly #options: CrashRecorderOptions;
  readonly #kernel: Kernel;
  readonly #watched = new Map<string, () => ActorNotes>();
  readonly #crashed = new Map<string, ActorNotes>();
  /** Crashes that are not on disk yet. */
  readonly #waiting = new Map<string, Draft>();
  readonly #onProcessExit = (): void => this.#writeAllNow();
  #written: Promise<void> = Promise.resolve();

  constructor(kernel: Kernel, options: CrashRecorderOptions) {
    this.#kernel = kernel;
    this.#options = options;
  }

  watch(name: string, notes: () => ActorNotes): void {
    this.#watched.set(name, notes);
  }

  notesOf(name: string): ActorNotes | undefined {
    return this.#crashed.get(name) ?? this.#describe(name);
  }

  capture(name: string, error: unknown): void {
    const [id = name] = name.split(':', 1);
    this.#keep({ id, name, supervisor: null }, error, this.#describe(name));
  }

  onReport(report: Report): void {
    if (report.type !== 'exit') return;
    const { id, name = id } = report.child;
    if (report.reason.kind === 'error') {
      const notes = this.#describe(name);
      if (notes !== undefined) this.#remember(name, notes);
      this.#keep({ id, name, supervisor: report.supervisor }, report.reason.error, notes);
    }
    this.#watched.delete(name);
    if (report.child.type === 'supervisor') this.#sweep();
  }

  /** The children of a supervisor that dies are not reported by name. */
  #sweep(): void {
    for (const name of this.#watched.keys()) if (this.#kernel.whereis(name) === undefined) this.#watched.delete(name);
  }

  /** Notes that cannot be made must not hide the crash. */
  #describe(name: string): ActorNotes | undefined {
    try {
      return this.#watched.get(name)?.();
    } catch (error) {
      this.#options.logger.error({ actor: name, error }, 'notes for a crash capsule could not be made');
      return undefined;
    }
  }

  #remember(name: string, notes: ActorNotes): void {
    const [oldest] = this.#crashed.keys();
    if (this.#crashed.size >= MAX_CRASHED && oldest !== undefined) this.#crashed.delete(oldest);
    this.#crashed.set(name, notes);
  }

  #keep(actor: CapsuleActor, error: unknown, notes: ActorNotes | undefined): void {
    const { logger } = this.#options;
    if (this.#waiting.size >= MAX_WAITING) return logger.warn({ actor: actor.name }, 'too many crashes at once: no capsule of this one');
    const at = new Date(this.#kernel.clock.wallTime()).toISOString();
    const id = `${at.replaceAll(':', '-')}-${actor.id.replaceAll(/[^\w-]/g, '')}-${randomBytes(3).toString('hex')}`;
    const draft: Draft = { id, at, actor, reason: describeCrash(error), ...notes };
    if (this.#waiting.set(id, draft).size === 1) process.on('exit', this.#onProcessExit);
    this.#written = this.#written.then(() => this.#write(draft)).finally(() => this.#settle(id));
  }

  #settle(id: string): void {
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) process.off('exit', this.#onProcessExit);
  }

  /** The crash with which a service gives up is the one to be known. */
  #writeAllNow(): void {
    for (const draft of this.#waiting.values()) {
      try {
        this.#options.files.writeNow(draft.id, this.#toJson(draft));
      } catch (error) {
        this.#options.logger.error({ actor: draft.actor.name, error }, 'a crash capsule could not be written');
      }
    }
  }

  async #write(draft: Draft): Promise<void> {
    const { files, logger } = this.#options;
    const { id, actor } = draft;
    try {
      await files.write(id, this.#toJson(draft));
      logger.error({ crash: id, actor: actor.name }, 'an actor has crashed: see its capsule');
    } catch (error) {
      logger.error({ actor: actor.name, error }, 'a crash capsule could not be written');
    }
  }

  #toJson({ id, at, actor, reason, ...notes }: Draft): string {
    const { settings, secrets, version } = this.#options;
    const { node, v8 } = process.versions;
    const versions = { banyan: version, node, v8, platform: `${process.platform} ${process.arch}` };
    const capsule: Capsule = { format: CAPSULE_FORMAT, id, at, actor, reason, ...notes, versions, settings };
    for (const maxText of TEXT_LIMITS) {
      const json = JSON.stringify(redact(capsule, { secrets, maxText }), undefined, 1);
      if (Buffer.byteLength(json) <= MAX_CAPSULE_BYTES) return json;
    }
    const summary: CapsuleSummary & Partial<Capsule> = { format: CAPSULE_FORMAT, id, at, actor, reason, versions, settings };
    return JSON.stringify(redact(summary, { secrets, maxText: 1000 }), undefined, 1);
  }
}
