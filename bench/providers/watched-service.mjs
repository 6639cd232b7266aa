/**
 * The built service, which tells at `GET /` of the port in its first argument what its heap holds after a collection.
 * Plain JavaScript: it costs the process under measurement no type stripping.
 */
import { createServer } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

createServer((_request, response) => {
  collect();
  response.end(String(process.memoryUsage().heapUsed));
}).listen(Number(process.argv[2]), '127.0.0.1').unref();

await import('../../dist/main.js');
