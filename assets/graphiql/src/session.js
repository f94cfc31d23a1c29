// Who is signed in at this page: kept for the tab alone, and forgotten with it.
const PLACE = 'entrepot.session';
const listeners = new Set();

const restored = () => {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE)) ?? null;
  } catch {
    return null;
  }
};

let session = restored();
let ended = '';

// `entrepot demo` prints an address that ends in #token=…: a fragment is never sent to a server. It leaves the address bar at
// once, so that it is not copied along with the address.
const fragment = new URLSearchParams(location.hash.slice(1));
if (fragment.get('token')) keep({ accessToken: fragment.get('token') });
if (location.hash) history.replaceState(null, '', location.pathname);

/** An operation that a page of the reference asks to open; it is shown and not run. */
export const asked = fragment.get('query') && { query: fragment.get('query'), variables: fragment.get('variables') ?? undefined };

export const current = () => session;

/** Why the session ended without a click on "Sign out"; empty if it did not. */
export const notice = () => ended;

export const subscribe = listener => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

function keep(next, why = '') {
  session = next;
  ended = why;
  if (next) sessionStorage.setItem(PLACE, JSON.stringify(next));
  else sessionStorage.removeItem(PLACE);
  for (const listener of listeners) listener();
}

/** Sends one operation; throws with the server's words if it answers with errors. */
export async function ask(query, variables = {}, token = '') {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify({ query, variables }) }).catch(() => {
    throw new Error('The server cannot be reached. Try again in a moment.');
  });
  // A proxy in between answers with a page of its own.
  const answer = await response.json().catch(() => null);
  if (!answer) throw new Error(`The answer has status ${response.status} and is no JSON. Try again in a moment.`);
  if (answer.errors?.length) throw new Error(answer.errors[0].message);
  return answer.data;
}

const RESULT = `result {
  __typename
  ... on TokenPair { accessToken refreshToken accessExpiresAt }
  ... on MfaChallenge { challengeToken methods }
}
userErrors { code message }`;

/** A login, second factor or refresh that the server refuses, with the code of the refusal. */
class Refusal extends Error {
  constructor({ code, message }) {
    super(message);
    this.code = code;
  }
}

function take(payload) {
  const [error] = payload.userErrors;
  if (error) throw new Refusal(error);
  const { __typename: kind, ...result } = payload.result;
  if (kind === 'MfaChallenge') return result;
  if (kind !== 'TokenPair') throw new Error('Confirm your e-mail address first: an e-mail with a link is on its way.');
  keep(result);
  return null;
}

/** Signs in; returns the challenge if the person has a second factor. */
export async function signIn(email, password, tenant) {
  const query = `mutation ($email: String!, $password: String!, $tenant: String) {
    login(email: $email, password: $password, tenant: $tenant) { ${RESULT} }
  }`;
  return take((await ask(query, { email, password, tenant: tenant || null })).login);
}

/** Answers the challenge of a second factor. */
export async function verify(challengeToken, method, code) {
  const query = `mutation ($challengeToken: String!, $method: MfaMethod!, $code: String!) {
    mfaVerify(challengeToken: $challengeToken, method: $method, code: $code) { ${RESULT} }
  }`;
  return take((await ask(query, { challengeToken, method, code })).mfaVerify);
}

/** Uses an API key, or a token from elsewhere, if the server accepts it. */
export async function useKey(key) {
  await ask('{ viewer { __typename } }', {}, key);
  keep({ accessToken: key });
}

/** Ends the session at the server, and here in any case. A key is only forgotten. */
export async function signOut() {
  const left = session;
  keep(null);
  if (left?.refreshToken) await ask('mutation { logout { userErrors { message } } }', {}, left.accessToken).catch(() => {});
}

// One refresh at a time: others wait for it.
let refreshing = null;

/** The token to send now; refreshed if it ends within half a minute. */
export async function token() {
  const { refreshToken, accessExpiresAt, accessToken } = session ?? {};
  if (!refreshToken || Date.parse(accessExpiresAt) - Date.now() > 30_000) return accessToken ?? '';
  refreshing ??= ask(`mutation ($refreshToken: String!) { sessionRefresh(refreshToken: $refreshToken) { ${RESULT} } }`, { refreshToken })
    .then(data => take(data.sessionRefresh))
    .catch(error => {
      // A server that cannot be reached has not ended the session: the next operation tries again.
      if (error instanceof Refusal) keep(null, error.message);
    })
    .finally(() => {
      refreshing = null;
    });
  await refreshing;
  return session?.accessToken ?? '';
}
