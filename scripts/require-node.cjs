'use strict';
// CommonJS without new syntax: this file must run on the very versions that it refuses.
const needed = /(\d+)\.(\d+)/.exec(require('../package.json').engines.node).slice(1).map(Number);
const found = process.versions.node.split('.').map(Number);

if (found[0] < needed[0] || (found[0] === needed[0] && found[1] < needed[1])) {
  console.error(
    'Banyan needs Node ' + needed.join('.') + ' or newer and this is Node ' + process.versions.node +
      '; `npm ci` with optional dependencies brings it along on Linux (x64 and arm64, glibc), elsewhere install it from https://nodejs.org.',
  );
  process.exit(1);
}
