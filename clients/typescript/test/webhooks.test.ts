import assert from 'node:assert/strict';
import { createHmac, createPrivateKey, sign } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { after, before, test } from 'node:test';
import { SignatureError, type SignatureFault, verifyWebhook } from '../src/webhooks.js';
import { Server, tenant, until } from './server.js';

interface Received {
  headers: IncomingHttpHeaders;
  body: Buffer;
}
const received: Received[] = [];
const receiver = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    received.push({ headers: request.headers, body: Buffer.concat(chunks) });
    response.end();
  });
});
let server: Server;
let secret = '';
let publicKey = '';

before(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as { port: number };
  server = await Server.start('--webhooks-allow', '127.0.0.0/8');
  const shop = await tenant(server, 'hooks', 1);
  const made = await server.ask(
    'mutation ($i: WebhookEndpointCreateInput!) { it: webhookEndpointCreate(input: $i) { secret webhookEndpoint { publicKeys } userErrors { message } } }',
    { i: { url: `http://127.0.0.1:${port}/hooks`, eventTypes: ['stock.changed'] } }, shop.accessToken,
  );
  assert.deepEqual(made['it'].userErrors, []);
  secret = made['it'].secret;
  publicKey = made['it'].webhookEndpoint.publicKeys[0];
  await server.ask(
    'mutation ($i: StockAdjustInput!) { stockAdjust(input: $i) { userErrors { message } } }',
    { i: { idempotencyKey: 'w', reasonCode: 'CORRECTION', changes: [{ product: { sku: 'SKU-0' }, store: { code: 'LDN' }, delta: 1 }] } }, shop.accessToken,
  );
  await until(() => received.length > 0, 'the message');
});
after(async () => {
  await server?.stop();
  await new Promise((resolve) => receiver.close(resolve));
});

async function fault(work: Promise<unknown>): Promise<SignatureFault> {
  const error = await work.then(() => assert.fail('the message was accepted'), (caught: unknown) => caught);
  assert.ok(error instanceof SignatureError, String(error));
  return error.fault;
}

test('a message of the server is accepted, by its secret and by its public key', async () => {
  const [message] = received;
  for (const key of [secret, publicKey, ['whsec_AAAA', secret]]) {
    const event = await verifyWebhook<{ levels: Array<{ onHand: number }> }>(message!.body, message!.headers, key);
    assert.equal(event.type, 'stock.changed');
    assert.equal(event.data.levels[0]!.onHand, 11);
    assert.equal(event.id, message!.headers['webhook-id']);
  }
  const headers = new Headers(message!.headers as Record<string, string>);
  assert.ok(await verifyWebhook(message!.body.toString(), headers, secret), 'a text and Headers do as well');
});

test('anything else is refused, and says why', async () => {
  const { headers, body } = received[0]!;
  const at = Number(headers['webhook-timestamp']) * 1000;
  const other = Buffer.from(body);
  other[10]! ^= 1;
  const without = (name: string) => Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
  const cases: Array<[SignatureFault, () => Promise<unknown>]> = [
    ['NO_MATCH', () => verifyWebhook(other, headers, secret)],
    ['NO_MATCH', () => verifyWebhook(other, headers, publicKey)],
    ['NO_MATCH', () => verifyWebhook(body, { ...headers, 'webhook-id': 'msg_x' }, secret)],
    ['NO_MATCH', () => verifyWebhook(body, headers, 'whsec_AAAA')],
    ['NO_MATCH', () => verifyWebhook(body, headers, [])],
    ['NO_MATCH', () => verifyWebhook(body, { ...headers, 'webhook-signature': 'v1,!!! v2,AAAA' }, secret)],
    ['TOO_OLD', () => verifyWebhook(body, headers, secret, { now: at + 301_000 })],
    ['TOO_NEW', () => verifyWebhook(body, headers, secret, { now: at - 301_000 })],
    ['TOO_OLD', () => verifyWebhook(body, headers, secret, { now: at + 11_000, toleranceSeconds: 10 })],
    ['BAD_TIMESTAMP', () => verifyWebhook(body, { ...headers, 'webhook-timestamp': 'now' }, secret)],
    ['MISSING_HEADER', () => verifyWebhook(body, without('webhook-signature'), secret)],
    ['MISSING_HEADER', () => verifyWebhook(body, without('webhook-id'), secret)],
    ['BAD_SECRET', () => verifyWebhook(body, headers, 'secret')],
    ['BAD_SECRET', () => verifyWebhook(body, headers, 'whsec_!')],
  ];
  for (const [expected, work] of cases) assert.equal(await fault(work()), expected);
  assert.ok(await verifyWebhook(body, headers, secret, { now: at + 299_000 }));
});

test('the vectors of Standard Webhooks hold', async () => {
  // The example of the specification's reference libraries.
  const key = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const body = '{"test": 2432232314}';
  const headers = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  };
  assert.ok(await verifyWebhook(body, headers, key, { now: 1614265330_000 }));
  const mine = createHmac('sha256', Buffer.from(key.slice(6), 'base64')).update(`msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.${body}`).digest('base64');
  assert.equal(headers['webhook-signature'], `v1,${mine}`);
});

test('a body that is signed and no JSON is refused', async () => {
  const seed = Buffer.alloc(32, 7);
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const { x } = key.export({ format: 'jwk' });
  const headers = { 'webhook-id': 'm', 'webhook-timestamp': '1000' };
  const signature = `v1a,${sign(null, Buffer.from('m.1000.{'), key).toString('base64')}`;
  const pub = `whpk_${Buffer.from(x!, 'base64url').toString('base64')}`;
  assert.equal(await fault(verifyWebhook('{', { ...headers, 'webhook-signature': signature }, pub, { now: 1000_000 })), 'BAD_BODY');
});
