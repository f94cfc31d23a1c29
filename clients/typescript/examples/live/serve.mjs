// Serves the example, and passes /graphql on to the server, so that the page is of the server's
// own origin.
//
//   node examples/live/serve.mjs [--port 5173] [--server http://127.0.0.1:8080]
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));

/** The page's script, built. */
async function script() {
  const { outputFiles } = await build({
    entryPoints: [join(HERE, 'main.tsx')], bundle: true, format: 'esm', target: 'es2022', jsx: 'automatic', write: false,
    define: { 'process.env.NODE_ENV': '"production"' }, minify: true,
  });
  return outputFiles[0].text;
}

/** Listens; 0 is any port. Gives the listening server. */
export async function serve(port, target) {
  const { hostname, port: targetPort } = new URL(target);
  const files = {
    '/': ['text/html; charset=utf-8', readFileSync(join(HERE, 'index.html'))],
    '/main.js': ['text/javascript', await script()],
  };
  // The headers go along as they are: with the Host that the page came from, its Origin is the
  // server's own.
  const forward = (incoming) => request({
    host: hostname, port: targetPort, path: incoming.url, method: incoming.method, headers: incoming.headers,
  });
  const server = createServer((incoming, response) => {
    const file = files[incoming.url];
    if (file) {
      response.writeHead(200, { 'content-type': file[0] });
      response.end(file[1]);
      return;
    }
    const upstream = forward(incoming);
    upstream.on('response', (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    upstream.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
    response.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  });
  server.on('upgrade', (incoming, socket) => {
    const upstream = forward(incoming);
    upstream.on('upgrade', (answer, far, head) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
      far.write(head);
      far.pipe(socket).pipe(far);
      far.on('error', () => socket.destroy());
    });
    upstream.on('response', (answer) => socket.end(`HTTP/1.1 ${answer.statusCode} Refused\r\nconnection: close\r\n\r\n`));
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
    socket.on('close', () => upstream.destroy());
    upstream.end();
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const option = (name, standard) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : standard);
  const server = await serve(Number(option('--port', '5173')), option('--server', 'http://127.0.0.1:8080'));
  console.log(`http://localhost:${server.address().port}/`);
}
