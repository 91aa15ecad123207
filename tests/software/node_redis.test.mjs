// node-redis 5 in RESP3, with its client-side cache, pools, pub/sub and iterators.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { after, before, beforeEach, test } from 'node:test';
import { BasicClientSideCache, createClient, createClientPool } from 'redis';
import { url } from './address.mjs';

let client;
before(async () => {
  client = await createClient({ url, RESP: 3 }).connect();
});
after(() => client.close());
beforeEach(() => client.flushAll());

async function eventually(condition) {
  for (let tries = 0; tries < 500; ++tries) {
    if (await condition()) return;
    await pause(10);
  }
  assert.fail(`never came true: ${condition}`);
}

test('types of RESP3', async () => {
  await client.hSet('h', { a: '1', b: '2' });
  assert.deepEqual({ ...(await client.hGetAll('h')) }, { a: '1', b: '2' });
  await client.zAdd('z', [{ score: 1.5, value: 'a' }, { score: 2, value: 'b' }]);
  assert.equal(await client.zScore('z', 'a'), 1.5);
  assert.deepEqual(await client.zRangeWithScores('z', 0, -1),
    [{ value: 'a', score: 1.5 }, { value: 'b', score: 2 }]);
  await client.sAdd('s', ['x', 'y']);
  assert.deepEqual([...(await client.sMembers('s'))].sort(), ['x', 'y']);
  assert.equal(await client.get('none'), null);
  await assert.rejects(client.lPush('h', 'x'), /WRONGTYPE/);
});

test('transactions', async () => {
  assert.deepEqual(await client.multi().set('a', '1').incr('a').get('a').exec(), ['OK', 2, '2']);
  const watching = await createClient({ url, RESP: 3 }).connect();
  await watching.watch('a');
  await client.set('a', '9');
  await assert.rejects(watching.multi().incr('a').exec(), { name: 'Error' });
  assert.equal(await client.get('a'), '9');
  await watching.close();
});

test('a pool of clients', async () => {
  const pool = await createClientPool({ url, RESP: 3 }, { minimum: 2, maximum: 10 }).connect();
  const values = await Promise.all(Array.from({ length: 200 }, () => pool.incr('n')));
  assert.equal(new Set(values).size, 200);
  await pool.close();
});

test('scan iterators', async () => {
  await client.mSet(Array.from({ length: 500 }, (_, i) => [`k${i}`, `${i}`]));
  const keys = new Set();
  for await (const some of client.scanIterator({ COUNT: 50 })) for (const key of some) keys.add(key);
  assert.equal(keys.size, 500);
});

test('channels, patterns and shard channels beside ordinary commands', async () => {
  const subscriber = await createClient({ url, RESP: 3 }).connect();
  const heard = [];
  await subscriber.subscribe('news', (message, channel) => heard.push([channel, message]));
  await subscriber.pSubscribe('n*', (message, channel) => heard.push(['n*', channel, message]));
  await subscriber.sSubscribe('shard', (message, channel) => heard.push([channel, message]));
  await client.publish('news', 'one');
  await client.sPublish('shard', 'two');
  assert.equal(await subscriber.set('a', '1'), 'OK');
  await eventually(() => heard.length === 3);
  assert.deepEqual(heard, [['news', 'one'], ['n*', 'news', 'one'], ['shard', 'two']]);
  assert.deepEqual({ ...(await client.pubSubNumSub(['news', 'none'])) }, { news: 1, none: 0 });
  await subscriber.unsubscribe('news');
  await subscriber.close();
});

test('the client-side cache is told of changes', async () => {
  const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 0 });
  const cached = await createClient({ url, RESP: 3, clientSideCache: cache }).connect();
  await client.set('page', 'one');
  assert.equal(await cached.get('page'), 'one');
  assert.equal(await cached.get('page'), 'one');
  assert.equal(cache.stats().hitCount, 1);
  await client.set('page', 'two');
  await eventually(async () => (await cached.get('page')) === 'two');
  await client.del('page');
  await eventually(async () => (await cached.get('page')) === null);
  await client.mSet([['a', '1'], ['b', '2']]);
  assert.deepEqual(await cached.mGet(['a', 'b']), ['1', '2']);
  await client.flushAll();
  await eventually(async () => (await cached.mGet(['a', 'b'])).every((value) => value === null));
  await cached.close();
});

test('functions and scripts', async () => {
  await client.functionLoad(`#!lua name=counters
    redis.register_function('up', function(keys, args) return redis.call('INCRBY', keys[1], args[1]) end)
    redis.register_function{function_name = 'peek', flags = {'no-writes'},
      callback = function(keys) return redis.call('GET', keys[1]) end}`, { REPLACE: true });
  assert.equal(await client.fCall('up', { keys: ['n'], arguments: ['5'] }), 5);
  assert.equal(await client.fCallRo('peek', { keys: ['n'] }), '5');
  const [library] = await client.functionList();
  assert.equal(library.library_name, 'counters');
  const sha = await client.scriptLoad('return {1, "two", {3}}');
  assert.deepEqual(await client.evalSha(sha), [1, 'two', [3]]);
  await client.functionFlush();
});

test('a stream read by a group', async () => {
  await client.xGroupCreate('log', 'g', '0', { MKSTREAM: true });
  const id = await client.xAdd('log', '*', { kind: 'start' });
  const streams = await client.xReadGroup('g', 'me', [{ key: 'log', id: '>' }], { COUNT: 10 });
  // A map in RESP3: stream -> entries.
  assert.deepEqual(JSON.parse(JSON.stringify(streams)), { log: [[id, ['kind', 'start']]] });
  assert.equal(await client.xAck('log', 'g', id), 1);
});
