// tls_door.js UPSTREAM FOLDER CONNECT - a way to the emulator that speaks TLS, with FOLDER's key.pem and cert.pem, and
// keeps no connection: each begins its handshake CONNECT milliseconds after it has come, and ends with its first reply.
// UPSTREAM: a port. Prints its own port.
'use strict';
const fs = require('node:fs');
const net = require('node:net');
const tls = require('node:tls');

const [upstream, folder, connect] = process.argv.slice(2);

const secure = tls.createServer({
  key: fs.readFileSync(`${folder}/key.pem`),
  cert: fs.readFileSync(`${folder}/cert.pem`),
}, (client) => {
  const server = net.connect({ port: Number(upstream), host: '127.0.0.1', noDelay: true });
  client.once('data', (bytes) => { // a request has no body, and comes in one piece
    server.write(bytes.toString('latin1').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'), 'latin1');
  });
  server.pipe(client);
  for (const [end, other] of [[client, server], [server, client]]) {
    end.on('close', () => other.destroySoon());
    end.on('error', () => other.destroy());
  }
});
secure.on('tlsClientError', () => {}); // a caller was killed

net.createServer({ noDelay: true }, (client) => {
  client.on('error', () => client.destroy());
  setTimeout(() => secure.emit('connection', client), Number(connect));
}).listen(0, '127.0.0.1', function listening() {
  console.log(this.address().port);
});
