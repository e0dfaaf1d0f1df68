// The server of node-hl7-server as its documentation shows it: `node node_hl7_server.js PORT`. It keeps nothing.
"use strict";

const net = require("node:net");

// The package hands its address on under a name that Node.js does not know, and would listen on every network.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (options, ...rest) {
  return listen.call(this, { ...options, host: "127.0.0.1" }, ...rest);
};

const { Server } = require("node-hl7-server");

new Server().createInbound({ port: Number(process.argv[2]) }, async (request, response) => {
  await response.sendResponse("AA");
});
