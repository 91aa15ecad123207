// connect-redis: an HTTP server's sessions.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { createClient } from 'redis';
import { url } from './address.mjs';

let client;
let server;
let base;
before(async () => {
  client = await createClient({ url }).connect();
  await client.flushAll();
  const store = new RedisStore({ client, prefix: 'session:', ttl: 100 });
  const sessions = session({ store, secret: 'a secret', resave: false, saveUninitialized: false });
  server = http.createServer((request, response) => sessions(request, response, () => {
    if (request.url === '/out') return request.session.destroy(() => response.end('bye'));
    request.session.views = (request.session.views ?? 0) + 1;
    response.end(String(request.session.views));
  })).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${server.address().port}`;
});
after(async () => {
  server.close();
  await client.close();
});

test('a session lasts over requests, expires and ends', async () => {
  const first = await fetch(base);
  assert.equal(await first.text(), '1');
  const headers = { cookie: first.headers.get('set-cookie').split(';')[0] };
  assert.equal(await (await fetch(base, { headers })).text(), '2');
  const keys = await client.keys('session:*');
  assert.equal(keys.length, 1);
  const ttl = await client.ttl(keys[0]);
  assert.ok(ttl > 90 && ttl <= 100, `${ttl}`);
  assert.equal(await (await fetch(`${base}/out`, { headers })).text(), 'bye');
  assert.equal(await (await fetch(base, { headers })).text(), '1');
});
