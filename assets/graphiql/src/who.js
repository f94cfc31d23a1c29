// Whose permissions count: the caller that the page is signed in as, asked for again when somebody signs in or out.
import { ask, current, subscribe as onSession, token } from './session.js';

const WHO = `{
  viewer {
    actor { __typename ... on Member { displayName } ... on Integration { name } }
    tenant { name slug }
    permissions { permission scope { all stores { code } } }
  }
}`;

const UNKNOWN = { who: null, lost: '' };
const listeners = new Set();
let state = UNKNOWN;

/** The caller, and why it is not known although there is a session. */
export const caller = () => state;

export const subscribe = listener => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

function keep(next) {
  state = next;
  for (const listener of listeners) listener();
}

function load() {
  const session = current();
  keep(UNKNOWN);
  if (!session) return;
  // What comes after another one has signed in is of no use.
  const keepIfStill = next => current() === session && keep(next);
  token()
    .then(now => ask(WHO, {}, now))
    .then(({ viewer }) => keepIfStill({ who: viewer, lost: '' }), error => keepIfStill({ who: null, lost: error.message }));
}
onSession(load);
load();

/** The stores of a grant, in short. */
export const where = ({ all, stores }) => (all ? 'all stores' : stores.map(store => store.code).join(', ') || 'some stores');
