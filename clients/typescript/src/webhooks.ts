/** An event as a webhook brings it. */
export interface WebhookEvent<Data = Record<string, unknown>> {
  /** `stock.changed`, `order.created`, … */
  type: string;
  timestamp: string;
  tenantId: string;
  epoch: string;
  /** The event's number in the tenant's journal. */
  seq: number;
  data: Data & { isTruncated?: boolean };
  /** The message's id, from its header: the same at each attempt. Take a message once. */
  id: string;
}

/** Why a message was refused. */
export type SignatureFault = 'MISSING_HEADER' | 'BAD_TIMESTAMP' | 'TOO_OLD' | 'TOO_NEW' | 'NO_MATCH' | 'BAD_SECRET' | 'BAD_BODY';

/** A message that is not ours, or not of now. Answer it with 400. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
  readonly fault: SignatureFault;
  constructor(fault: SignatureFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** Options of `verifyWebhook`. */
export interface VerifyOptions {
  /** How far the timestamp may be from now, in seconds. Default 300. */
  toleranceSeconds?: number;
  /** The moment to compare with, in milliseconds. Default: now. */
  now?: number;
}

type HeadersLike = { get(name: string): string | null } | Record<string, string | string[] | undefined>;

function header(headers: HeadersLike, name: string): string {
  const found = typeof (headers as Headers).get === 'function'
    ? (headers as Headers).get(name)
    : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  const value = Array.isArray(found) ? found[0] : found;
  if (typeof value !== 'string' || value === '') throw new SignatureError('MISSING_HEADER', `The header ${name} is missing.`);
  return value;
}

function bytesOf(base64: string, what: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    throw new SignatureError('BAD_SECRET', `${what} is not base64 after its prefix.`);
  }
}

async function webCrypto(): Promise<SubtleCrypto> {
  if (globalThis.crypto?.subtle) return globalThis.crypto.subtle;
  // Node 18 has it in a module only. The name is computed so that bundlers for browsers leave it
  // alone.
  const name = ['node', 'crypto'].join(':');
  return ((await import(name)) as { webcrypto: { subtle: SubtleCrypto } }).webcrypto.subtle;
}

/**
 * Whether one of the signatures is this secret's: `whsec_…` for v1 (HMAC-SHA256), `whpk_…` for v1a
 * (Ed25519). In constant time.
 */
async function fits(subtle: SubtleCrypto, secret: string, signed: Uint8Array<ArrayBuffer>, signatures: string[]): Promise<boolean> {
  const isPublic = secret.startsWith('whpk_');
  if (!isPublic && !secret.startsWith('whsec_')) throw new SignatureError('BAD_SECRET', 'A secret begins with whsec_, a public key with whpk_.');
  const raw = bytesOf(secret.replace(/^wh(sec|pk)_/, ''), isPublic ? 'The public key' : 'The secret');
  // Anybody can sign with an empty secret.
  if (raw.length === 0) throw new SignatureError('BAD_SECRET', 'The secret has nothing after its prefix.');
  if (isPublic && raw.length !== 32) throw new SignatureError('BAD_SECRET', 'A public key has 32 bytes.');
  const version = isPublic ? 'v1a,' : 'v1,';
  const algorithm = isPublic ? { name: 'Ed25519' } : { name: 'HMAC', hash: 'SHA-256' };
  const key = await subtle.importKey('raw', raw, algorithm, false, ['verify']);
  for (const signature of signatures.filter((text) => text.startsWith(version))) {
    let given: Uint8Array<ArrayBuffer>;
    try {
      given = bytesOf(signature.slice(version.length), 'The signature');
    } catch {
      continue;
    }
    if (await subtle.verify(algorithm.name, key, given, signed)) return true;
  }
  return false;
}

/**
 * Checks a message's signature and returns its event. `body` is what came, byte for byte;
 * `secrets` are those that are good now,
 * `whsec_…` or `whpk_…`, two while one is being replaced. Throws `SignatureError`.
 */
export async function verifyWebhook<Data = Record<string, unknown>>(
  body: string | Uint8Array, headers: HeadersLike, secrets: string | readonly string[], options: VerifyOptions = {},
): Promise<WebhookEvent<Data>> {
  const id = header(headers, 'webhook-id');
  const timestamp = header(headers, 'webhook-timestamp');
  const signatures = header(headers, 'webhook-signature').split(' ');
  if (!/^\d{1,12}$/.test(timestamp)) throw new SignatureError('BAD_TIMESTAMP', 'The header webhook-timestamp is not a number of seconds.');
  const age = (options.now ?? Date.now()) / 1000 - Number(timestamp);
  const tolerance = options.toleranceSeconds ?? 300;
  if (age > tolerance) throw new SignatureError('TOO_OLD', `The message was sent ${Math.round(age)} seconds ago; ${tolerance} are accepted.`);
  if (age < -tolerance) throw new SignatureError('TOO_NEW', `The message was sent ${Math.round(-age)} seconds in the future; check the clock.`);
  const encoder = new TextEncoder();
  const content = typeof body === 'string' ? encoder.encode(body) : body;
  const prefix = encoder.encode(`${id}.${timestamp}.`);
  const signed = new Uint8Array(prefix.length + content.length);
  signed.set(prefix);
  signed.set(content, prefix.length);
  const subtle = await webCrypto();
  const known = typeof secrets === 'string' ? [secrets] : secrets;
  let matches = false;
  for (const secret of known) matches ||= await fits(subtle, secret, signed, signatures);
  if (!matches) throw new SignatureError('NO_MATCH', 'No signature fits. Check the secret, and that the body is passed as it came.');
  try {
    return { ...(JSON.parse(new TextDecoder().decode(content)) as WebhookEvent<Data>), id };
  } catch {
    throw new SignatureError('BAD_BODY', 'The signed body is not JSON.');
  }
}
