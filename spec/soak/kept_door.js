// kept_door.js UPSTREAM FOLDER - a way to the emulator that speaks TLS, with FOLDER's key.pem and cert.pem, and HTTP/1.1
// alone, and keeps each connection. UPSTREAM: a port. Prints its own port, and the time at which each connection comes
// (microseconds since 1970).
'use strict';
const fs = require('node:fs');
const net = require('node:net');
const tls = require('node:tls');

const [upstream, folder] = process.argv.slice(2);

tls.createServer({
  key: fs.readFileSync(`${folder}/key.pem`),
  cert: fs.readFileSync(`${folder}/cert.pem`),
}, (client) => {
  const server = net.connect({ port: Number(upstream), host: '127.0.0.1', noDelay: true });
  client.pipe(server).pipe(client);
  for (const [end, other] of [[client, server], [server, client]]) {
    end.on('close', () => other.destroySoon());
    end.on('error', () => other.destroy());
  }
}).on('connection', () => {
  console.log(Date.now() * 1000);
}).on('tlsClientError', () => {}).listen(0, '127.0.0.1', function listening() {
  console.log(this.address().port);
});
