// dead.js - a service that is out of order: answers every request with 503. Prints its port, and a line for each request.
'use strict';
const http = require('node:http');

http.createServer((request, response) => {
  console.log('request');
  response.writeHead(503).end();
}).listen(0, '127.0.0.1', function listening() {
  console.log(this.address().port);
});
