'use strict';
// Prints `passed failed skipped` of vitest's JSON report; a file that failed as a whole counts as one failed test.
// With --any-failed it prints nothing and exits 0 when something failed. Runs on the system's Node, however old.
const { readFileSync } = require('node:fs');

const [file, option] = process.argv.slice(2);
const { passed, failed, skipped } = count(readFileSync(file, 'utf8'));
if (option === '--any-failed') process.exit(failed > 0 ? 0 : 1);
console.log(passed, failed, skipped);

function count(text) {
  if (text === '') return { passed: 0, failed: 0, skipped: 0 };
  const report = JSON.parse(text);
  const brokenFiles = report.testResults.filter(
    (result) => result.status === 'failed' && !result.assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
