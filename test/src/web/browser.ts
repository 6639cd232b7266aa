import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** Debian's package. */
export const CHROMIUM = '/usr/bin/chromium';
export const hasChromium = existsSync(CHROMIUM);

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0',
];

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** A page of a headless Chromium, driven over the DevTools protocol; it ends with the test. */
export class BrowserPage {
  /** Uncaught errors, and what the browser itself logged as an error: refused requests, breaches of the policy. */
  readonly errors: string[] = [];
  /** The addresses that the page asked for. */
  readonly requests: string[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  #lastId = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data)) as Reply));
  }

  async goTo(url: string): Promise<void> {
    await this.#command('Page.navigate', { url });
  }

  async reload(): Promise<void> {
    await this.#command('Page.reload');
  }

  /** Runs an expression in the page; its value has to be JSON. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#command('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails !== undefined) throw new Error(`the page threw: ${JSON.stringify(exceptionDetails)}`);
    return (result as { readonly value: T }).value;
  }

  /** The text that a reader sees of the first element that matches; empty where there is none. */
  text(selector: string): Promise<string> {
    return this.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`);
  }

  async click(selector: string): Promise<void> {
    await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`);
  }

  /** Types into what has the focus. */
  async type(text: string): Promise<void> {
    await this.#command('Input.insertText', { text });
  }

  async pressEnter(): Promise<void> {
    const key = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' };
    await this.#command('Input.dispatchKeyEvent', { type: 'keyDown', ...key });
    await this.#command('Input.dispatchKeyEvent', { type: 'keyUp', ...key });
  }

  async resize(width: number, height: number): Promise<void> {
    await this.#command('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
  }

  async prefer(scheme: 'dark' | 'light'): Promise<void> {
    await this.#command('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.#command('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(String(data), 'base64');
  }

  async listen(): Promise<void> {
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await this.#command(`${domain}.enable`);
  }

  #command(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    this.#lastId += 1;
    const waiting = Promise.withResolvers<Record<string, unknown>>();
    this.#waiting.set(this.#lastId, waiting);
    this.#socket.send(JSON.stringify({ id: this.#lastId, method, params }));
    return waiting.promise;
  }

  #receive({ id, method, params = {}, result, error }: Reply): void {
    if (id !== undefined) {
      if (error === undefined) this.#waiting.get(id)?.resolve(result ?? {});
      else this.#waiting.get(id)?.reject(new Error(error.message));
      this.#waiting.delete(id);
    } else if (method === 'Network.requestWillBeSent') this.requests.push((params['request'] as { readonly url: string }).url);
    else if (method === 'Runtime.exceptionThrown') this.errors.push(JSON.stringify(params['exceptionDetails']));
    else if (method === 'Log.entryAdded') this.#note(params['entry'] as { readonly level: string; readonly text: string });
  }

  #note({ level, text }: { readonly level: string; readonly text: string }): void {
    if (level === 'error') this.errors.push(text);
  }
}

/** Starts a browser with one empty page. */
export async function openBrowser(): Promise<BrowserPage> {
  const profile = temporaryDirectory();
  const browser = spawn(CHROMIUM, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(browser, 'exit');
  onTestFinished(async () => {
    browser.kill('SIGKILL');
    await exited;
  });
  const port = await debuggingPort(browser.stderr);
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { readonly type: string; readonly webSocketDebuggerUrl: string }[];
  const target = targets.find(({ type }) => type === 'page');
  if (target === undefined) throw new Error('the browser has no page');
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await once(socket, 'open');
  onTestFinished(() => socket.close());
  const page = new BrowserPage(socket);
  await page.listen();
  return page;
}

async function debuggingPort(stderr: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stderr })) {
    const port = /^DevTools listening on ws:\/\/[^:]+:(\d+)\//.exec(line)?.[1];
    if (port !== undefined) return port;
  }
  throw new Error('the browser ended before it listened');
}
