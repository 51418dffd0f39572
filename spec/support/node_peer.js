// node_peer.js: Node.js's tls module as a peer: says what it knows of each session, as words NAME=VALUE.
//   node node_peer.js server NAME=VALUE ...   prints its port; tells each client, then sends back what comes
//   node node_peer.js client                  for each line of words on stdin: connects, says a line, prints what it knows
// Names that end with File are read; the others are options of tls.
const fs = require('fs');
const tls = require('tls');
const readline = require('readline');

function optionsOf(words) {
  const options = {};
  for (const word of words.filter(Boolean)) {
    const at = word.indexOf('=');
    const name = word.slice(0, at), value = word.slice(at + 1);
    if (name.endsWith('File')) options[name.slice(0, -4)] = fs.readFileSync(value);
    else if (name === 'ALPNProtocols') options[name] = value.split(',');
    else options[name] = value === 'true' ? true : value === 'false' ? false : value;
  }
  return options;
}

function facts(socket) {
  return Object.entries({
    version: socket.getProtocol(), cipher: socket.getCipher().standardName, authorized: socket.authorized,
    alpn: socket.alpnProtocol || 'none', resumed: socket.isSessionReused(),
    name: socket.servername || 'none', subject: ((socket.getPeerCertificate() || {}).subject || {}).CN || 'none',
    exported: socket.exportKeyingMaterial(32, 'EXPERIMENTAL-beartls', Buffer.alloc(0)).toString('hex').toUpperCase(),
  }).map(([name, value]) => `${name}=${value}`).join(';') + '\n';
}

function serve(words) {
  const server = tls.createServer(optionsOf(words), (socket) => {
    socket.on('error', () => {});
    socket.write(facts(socket));
    socket.pipe(socket);
  });
  server.on('tlsClientError', (error) => console.log(`error ${error.message}`));
  server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
}

let session;

function connect(line) {
  const options = optionsOf(line.split(';'));
  if (options.resume) options.session = session;
  const socket = tls.connect({ host: '127.0.0.1', servername: 'localhost', ...options });
  let told = '';
  socket.on('session', (given) => { session = given; });
  socket.on('error', (error) => console.log(`error ${error.message}`));
  socket.on('secureConnect', () => { told = facts(socket); socket.write('from node\n'); });
  socket.on('data', () => {});
  socket.on('end', () => { socket.end(); console.log(told.trim()); });
}

if (process.argv[2] === 'server') serve(process.argv.slice(3));
else readline.createInterface({ input: process.stdin }).on('line', connect);
