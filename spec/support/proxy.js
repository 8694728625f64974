// proxy.js USER:PASSWORD - a proxy of its own on 127.0.0.1, that opens tunnels (CONNECT, RFC 9110 9.3.6) to this machine
// for who says so. Prints its port, and a line for each request: its target and the status of the answer.
'use strict';
const http = require('node:http');
const net = require('node:net');

const wanted = `Basic ${Buffer.from(process.argv[2]).toString('base64')}`;

function answer(client, target, status) {
  console.log(`${target} ${status}`);
  client.write(`HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n${status === 200 ? '' : 'Content-Length: 0\r\n'}\r\n`);
}

http.createServer((request, reply) => {
  console.log(`${request.url} 405`);
  reply.writeHead(405).end();
}).on('connect', (request, client) => {
  const [, host, port] = /^(localhost|127\.[\d.]+):(\d+)$/.exec(request.url) ?? [];
  const status = request.headers['proxy-authorization'] !== wanted ? 407 : host ? 0 : 403;
  client.on('error', () => client.destroy());
  if (status) {
    answer(client, request.url, status);
    client.end();
    return;
  }
  let open = false;
  const server = net.connect({ host: '127.0.0.1', port }, () => {
    open = true;
    answer(client, request.url, 200);
    server.pipe(client).pipe(server);
  });
  server.on('error', () => {
    if (!open) answer(client, request.url, 502);
    client.end();
  });
  client.on('close', () => server.destroy());
}).listen(0, '127.0.0.1', function listening() {
  console.log(this.address().port);
});
