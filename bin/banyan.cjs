#!/usr/bin/env node
'use strict';
/*
 * The `banyan` command. Runs dist/banyan.js with Node 24: this one, else the one that came as a dependency. In a checkout
 * it builds dist/ first when that is missing or older than the sources. Must itself run on an old Node.
 */
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const root = path.join(__dirname, '..');
const program = path.join(root, 'dist', 'banyan.js');
const buildScript = path.join(root, 'scripts', 'build.mjs');
const sources = ['src', 'agents', 'supervisors', 'config', 'package.json', 'scripts/build.mjs'];

const node = findNode();
if (node === undefined) {
  fail(
    `Banyan needs Node ${neededVersion().join('.')} or newer and this is Node ${process.versions.node}; ` +
      'install it from https://nodejs.org, or on Linux (x64 and arm64, glibc) install Banyan with its optional dependencies.',
  );
} else {
  buildWhenStale(node);
  if (node === process.execPath) runHere();
  else runWith(node);
}

function neededVersion() {
  return /(\d+)\.(\d+)/.exec(require('../package.json').engines.node).slice(1).map(Number);
}

function findNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [neededMajor, neededMinor] = neededVersion();
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return process.execPath;
  try {
    const manifest = require.resolve(`node-${process.platform}-${process.arch}/package.json`, { paths: [root] });
    return path.join(path.dirname(manifest), 'bin', 'node');
  } catch {
    return undefined;
  }
}

/** An installed package has no sources, so nothing there is ever stale. */
function buildWhenStale(node) {
  if (!fs.existsSync(path.join(root, 'src')) || !isStale()) return;
  const built = spawnSync(node, [buildScript], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (built.status !== 0) fail('Banyan could not be built from its sources.');
}

function isStale() {
  if (!fs.existsSync(program)) return true;
  const builtAt = fs.statSync(program).mtimeMs;
  return sources.some((source) => isNewer(path.join(root, source), builtAt));
}

function isNewer(file, thanMs) {
  if (!fs.existsSync(file)) return false;
  const stats = fs.statSync(file);
  if (stats.mtimeMs > thanMs) return true;
  return stats.isDirectory() && fs.readdirSync(file).some((name) => isNewer(path.join(file, name), thanMs));
}

function runHere() {
  process.setSourceMapsEnabled(true);
  process.argv[1] = program;
  import(pathToFileURL(program).href);
}

function runWith(node) {
  const child = spawn(node, ['--enable-source-maps', program, ...process.argv.slice(2)], { stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`Node at ${node} cannot be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
