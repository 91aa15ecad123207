// Where the server under test listens: REDIS_PORT, on loopback.
export const host = '127.0.0.1';
export const port = Number(process.env.REDIS_PORT ?? 6379);
export const url = `redis://${host}:${port}`;
