// door.js UPSTREAM SEED MOST [THROTTLED] - a way to the emulator that takes time: each request waits 0 to MOST
// milliseconds at it, evenly at random and in its connection's order; replies pass at once. Request number THROTTLED is
// answered here, by a throttle of 1,500 ms. UPSTREAM: a port. Prints its own port, and of the throttle the time
// (microseconds since 1970).
'use strict';
const net = require('node:net');

const [upstream, seed, most, throttled] = process.argv.slice(2).map(Number);
const BODY = '{"RequestId":"door","Code":"Throttling.User","Message":"Request was denied due to user flow control."}';
const REFUSAL = 'HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nx-acs-retry-after: 1500\r\n'
  + `Content-Length: ${BODY.length}\r\n\r\n${BODY}`;

/** From 0 to below 1: xorshift32. */
let state = seed;
function random() {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
}

let requests = 0;

net.createServer({ noDelay: true }, (client) => {
  const server = net.connect({ port: upstream, host: '127.0.0.1', noDelay: true });
  let free = 0; // when the request before has gone on
  client.on('data', (bytes) => { // a request has no body, and comes in one piece
    requests++;
    if (requests === throttled) {
      client.write(REFUSAL);
      console.log(Date.now() * 1000);
      return;
    }
    free = Math.max(free, performance.now() + random() * most);
    setTimeout(() => server.write(bytes), free - performance.now());
  });
  server.on('data', (bytes) => client.write(bytes));
  for (const [end, other] of [[client, server], [server, client]]) {
    end.on('close', () => other.destroy());
    end.on('error', () => other.destroy());
  }
}).listen(0, '127.0.0.1', function listening() {
  console.log(this.address().port);
});
