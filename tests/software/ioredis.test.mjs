// ioredis as applications use it: pipelines, transactions, scripts, pub/sub, streams, scans, blocking pops.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import Redis from 'ioredis';
import { host, port } from './address.mjs';

let redis;
let other;
before(() => {
  redis = new Redis({ host, port });
  other = new Redis({ host, port, connectionName: 'other' });
});
after(() => Promise.all([redis.quit(), other.quit()]));
beforeEach(() => redis.flushall());

test('strings, hashes and expiry', async () => {
  assert.equal(await redis.set('a', '1', 'EX', 100), 'OK');
  assert.equal(await redis.incrby('a', 41), 42);
  assert.equal(await redis.get('a'), '42');
  assert.ok((await redis.ttl('a')) > 90);
  await redis.hset('h', { name: 'x', size: 3 });
  assert.deepEqual(await redis.hgetall('h'), { name: 'x', size: '3' });
  assert.equal(await redis.get('none'), null);
  assert.deepEqual(await redis.getBuffer('a'), Buffer.from('42'));
});

test('a pipeline of ten thousand', async () => {
  const pipeline = redis.pipeline();
  for (let i = 0; i < 10_000; ++i) pipeline.set(`k${i}`, i);
  const results = await pipeline.exec();
  assert.equal(results.length, 10_000);
  assert.ok(results.every(([error, reply]) => error === null && reply === 'OK'));
  assert.equal(await redis.dbsize(), 10_000);
});

test('automatic pipelining', async () => {
  const automatic = new Redis({ host, port, enableAutoPipelining: true });
  const values = await Promise.all(Array.from({ length: 500 }, (_, i) => automatic.incr(`n${i % 10}`)));
  assert.equal(values.filter((value) => value === 50).length, 10);
  await automatic.quit();
});

test('transactions and watched keys', async () => {
  assert.deepEqual(await redis.multi().set('a', 1).incr('a').exec(), [[null, 'OK'], [null, 2]]);
  await redis.watch('a');
  await other.set('a', 7);
  assert.equal(await redis.multi().incr('a').exec(), null);
  const results = await redis.multi().set('a', 'x').incr('a').get('a').exec();
  assert.match(results[1][0].message, /not an integer/);
  assert.equal(results[2][1], 'x');
});

test('commands defined in Lua', async () => {
  redis.defineCommand('raise', {
    numberOfKeys: 1,
    lua: `local value = tonumber(redis.call('GET', KEYS[1]) or '0') + tonumber(ARGV[1])
          redis.call('SET', KEYS[1], value)
          return {value, redis.call('TTL', KEYS[1]), 'done'}`,
  });
  assert.deepEqual(await redis.raise('n', 5), [5, -1, 'done']);
  assert.deepEqual(await redis.raise('n', 6), [11, -1, 'done']);
  await redis.script('FLUSH');
  assert.deepEqual(await redis.raise('n', 1), [12, -1, 'done']);
  await assert.rejects(redis.eval("return redis.error_reply('NO reason')", 0), /NO reason/);
});

test('channels and patterns', async () => {
  const subscriber = new Redis({ host, port });
  assert.equal(await subscriber.subscribe('news', 'music'), 2);
  assert.equal(await subscriber.psubscribe('news.*'), 3);
  const heard = [];
  const all = new Promise((resolve) => {
    const note = (...message) => heard.push(message) === 3 && resolve();
    subscriber.on('message', (channel, message) => note(channel, message));
    subscriber.on('pmessage', (pattern, channel, message) => note(pattern, channel, message));
  });
  assert.equal(await redis.publish('news', 'one'), 1);
  assert.equal(await redis.publish('news.today', 'two'), 1);
  assert.equal(await redis.publish('music', 'three'), 1);
  assert.equal(await redis.publish('nobody', 'x'), 0);
  await all;
  assert.deepEqual(heard, [['news', 'one'], ['news.*', 'news.today', 'two'], ['music', 'three']]);
  await subscriber.unsubscribe('news', 'music');
  assert.equal(await subscriber.punsubscribe(), 0);
  assert.equal(await subscriber.ping(), 'PONG');
  await subscriber.quit();
});

test('keyspace notifications', async () => {
  await redis.config('SET', 'notify-keyspace-events', 'KEA');
  const subscriber = new Redis({ host, port });
  await subscriber.psubscribe('__keyevent@0__:*');
  const heard = once(subscriber, 'pmessage');
  await redis.set('watched', 1);
  assert.deepEqual(await heard, ['__keyevent@0__:*', '__keyevent@0__:set', 'watched']);
  await redis.config('SET', 'notify-keyspace-events', '');
  await subscriber.quit();
});

test('a stream with a consumer group', async () => {
  await redis.xgroup('CREATE', 'log', 'workers', '$', 'MKSTREAM');
  const waiting = other.xreadgroup('GROUP', 'workers', 'one', 'BLOCK', 5000, 'STREAMS', 'log', '>');
  const id = await redis.xadd('log', '*', 'kind', 'start', 'size', 3);
  assert.deepEqual(await waiting, [['log', [[id, ['kind', 'start', 'size', '3']]]]]);
  assert.equal((await redis.xpending('log', 'workers'))[0], 1);
  assert.equal(await redis.xack('log', 'workers', id), 1);
  assert.equal((await redis.xinfo('STREAM', 'log'))[1], 1);
});

test('a scan as a stream of keys', async () => {
  await redis.mset(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`user:${i}`, i])));
  await redis.set('other', 1);
  const keys = new Set();
  for await (const some of redis.scanStream({ match: 'user:*', count: 100 })) {
    for (const key of some) keys.add(key);
  }
  assert.equal(keys.size, 1000);
});

test('a blocking pop, and a connection that comes back', async () => {
  const popped = other.blpop('jobs', 5);
  await redis.rpush('jobs', 'one');
  assert.deepEqual(await popped, ['jobs', 'one']);
  const id = await other.client('ID');
  const again = once(other, 'ready');
  assert.equal(await redis.client('KILL', 'ID', id), 1);
  await again;
  assert.equal(await other.get('none'), null);
  assert.notEqual(await other.client('ID'), id);
});
