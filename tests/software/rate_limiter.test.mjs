// rate-limiter-flexible, with both clients.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Redis from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { createClient } from 'redis';
import { host, port, url } from './address.mjs';

let redis;
let nodeRedis;
before(async () => {
  redis = new Redis({ host, port, enableOfflineQueue: false, lazyConnect: true });
  await redis.connect();
  await redis.flushall();
  nodeRedis = await createClient({ url }).connect();
});
after(() => Promise.all([redis.quit(), nodeRedis.close()]));

for (const [name, options] of [
  ['ioredis', () => ({ storeClient: redis })],
  ['node-redis', () => ({ storeClient: nodeRedis, useRedisPackage: true })],
]) {
  test(`of a hundred at once ten are let through, by ${name}`, async () => {
    const limiter = new RateLimiterRedis({ ...options(), points: 10, duration: 5, keyPrefix: name });
    const tries = await Promise.allSettled(Array.from({ length: 100 }, () => limiter.consume('client')));
    assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 10);
    assert.ok(tries.at(-1).reason.msBeforeNext > 0);
    assert.equal((await limiter.get('client')).consumedPoints, 100);
    await limiter.block('other', 3);
    await assert.rejects(limiter.consume('other'));
    assert.equal(await limiter.delete('client'), true);
    assert.equal((await limiter.consume('client')).remainingPoints, 9);
  });
}
