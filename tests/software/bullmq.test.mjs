// BullMQ: queues of jobs in lists, sorted sets, streams and some fifty Lua scripts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FlowProducer, Queue, QueueEvents, Worker } from 'bullmq';
import Redis from 'ioredis';
import { host, port } from './address.mjs';

const connection = { host, port };
let redis;
before(async () => {
  redis = new Redis(connection);
  await redis.flushall();
});
after(() => redis.quit());

async function withQueue(name, work) {
  const queue = new Queue(name, { connection });
  const events = new QueueEvents(name, { connection });
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  try {
    await work(queue, events);
  } finally {
    await events.close();
    await queue.close();
  }
}

test('a job is added, processed, and its result awaited', () => withQueue('one', async (queue, events) => {
  const worker = new Worker('one', async (job) => job.data.n * 2, { connection });
  const job = await queue.add('double', { n: 21 });
  assert.equal(await job.waitUntilFinished(events, 10_000), 42);
  await worker.close();
}));

test('a job that fails is tried again, and then is among the failed', () => withQueue('fails', async (queue, events) => {
  let tries = 0;
  const worker = new Worker('fails', async () => {
    ++tries;
    throw new Error('no luck');
  }, { connection });
  const job = await queue.add('try', {}, { attempts: 3, backoff: { type: 'fixed', delay: 20 } });
  await assert.rejects(job.waitUntilFinished(events, 10_000), /no luck/);
  assert.equal(tries, 3);
  assert.equal(await queue.getFailedCount(), 1);
  await worker.close();
}));

test('delays and priorities', () => withQueue('order', async (queue, events) => {
  await queue.pause();
  const low = await queue.add('low', {}, { priority: 10 });
  const high = await queue.add('high', {}, { priority: 1 });
  const late = await queue.add('late', {}, { delay: 300 });
  const seen = [];
  const worker = new Worker('order', async (job) => seen.push(job.name), { connection });
  await queue.resume();
  await Promise.all([low, high, late].map((job) => job.waitUntilFinished(events, 10_000)));
  assert.deepEqual(seen, ['high', 'low', 'late']);
  await worker.close();
}));

test('a job repeats', () => withQueue('repeats', async (queue) => {
  let count = 0;
  let done;
  const thrice = new Promise((resolve) => { done = resolve; });
  const worker = new Worker('repeats', async () => { if (++count === 3) done(); }, { connection });
  await queue.upsertJobScheduler('tick', { every: 100 }, { name: 'tick' });
  await thrice;
  assert.equal(await queue.removeJobScheduler('tick'), true);
  await worker.close();
}));

test('a flow: the parent runs after its children', () => withQueue('flow', async (queue, events) => {
  const order = [];
  const worker = new Worker('flow', async (job) => {
    order.push(job.name);
    return job.name === 'parent' ? Object.values(await job.getChildrenValues()).length : job.name;
  }, { connection });
  const flows = new FlowProducer({ connection });
  const { job } = await flows.add({
    name: 'parent', queueName: 'flow',
    children: ['a', 'b', 'c'].map((name) => ({ name, queueName: 'flow' })),
  });
  assert.equal(await job.waitUntilFinished(events, 10_000), 3);
  assert.equal(order.at(-1), 'parent');
  await flows.close();
  await worker.close();
}));

test('ten thousand jobs, each processed once', () => withQueue('many', async (queue) => {
  const count = 10_000;
  const seen = new Map();
  const workers = Array.from({ length: 4 }, () => new Worker('many', async (job) => {
    seen.set(job.data.i, (seen.get(job.data.i) ?? 0) + 1);
  }, { connection, concurrency: 50 }));
  for (let first = 0; first < count; first += 1000) {
    await queue.addBulk(Array.from({ length: 1000 }, (_, i) => ({ name: 'n', data: { i: first + i } })));
  }
  while ((await queue.getCompletedCount()) < count) await new Promise((next) => setTimeout(next, 50));
  assert.equal(seen.size, count);
  assert.ok([...seen.values()].every((times) => times === 1));
  await Promise.all(workers.map((worker) => worker.close()));
  await queue.obliterate({ force: true });
  assert.deepEqual(await redis.keys('bull:many:*'), []);
}));
