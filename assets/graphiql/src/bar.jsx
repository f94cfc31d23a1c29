import React, { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { ask, current, signIn, signOut, subscribe, token, useKey, verify } from './session.js';

const WHO = `{
  viewer {
    actor { __typename ... on Member { displayName } ... on Integration { name } }
    tenant { name slug }
    permissions { permission scope { all stores { code } } }
  }
}`;

const METHODS = { TOTP: 'Authenticator app', BACKUP_CODE: 'Backup code', EMAIL: 'Code sent by e-mail' };

/** Above GraphiQL: who is signed in, what they may do, and the way to the reference. */
export function Bar() {
  const session = useSyncExternalStore(subscribe, current);
  const [who, setWho] = useState(null);
  const [lost, setLost] = useState('');
  const [isOpen, setOpen] = useState(false);

  useEffect(() => {
    let isLate = false;
    setWho(null);
    setLost('');
    if (session) {
      token()
        .then(now => ask(WHO, {}, now))
        .then(data => isLate || setWho(data.viewer), error => isLate || setLost(error.message));
    }
    return () => {
      isLate = true;
    };
  }, [session]);

  return (
    <header className="entrepot-bar">
      <strong>Entrepot</strong>
      <a href="/docs" target="_blank" rel="opener">API reference</a>
      <span className="entrepot-gap" />
      {!session && <button type="button" className="entrepot-main" onClick={() => setOpen(true)}>Sign in</button>}
      {session && (
        <>
          {who && <Who who={who} />}
          {lost && <span className="entrepot-error" role="alert" title={lost}>Not signed in: {lost}</span>}
          {lost && <button type="button" className="entrepot-main" onClick={() => setOpen(true)}>Sign in</button>}
          <button type="button" onClick={signOut}>Sign out</button>
        </>
      )}
      {isOpen && <SignIn close={() => setOpen(false)} />}
    </header>
  );
}

/** The caller's name, and behind it the caller's permissions. */
function Who({ who: { actor, tenant, permissions } }) {
  const name = actor.displayName ?? actor.name ?? 'System';
  const where = ({ all, stores }) => (all ? 'all stores' : stores.map(store => store.code).join(', ') || 'some stores');
  return (
    <details className="entrepot-who">
      <summary>{name} <span>· {tenant.name}</span></summary>
      <div>
        <p>{actor.__typename === 'Integration' ? 'API key of an integration' : 'Member'} of tenant <code>{tenant.slug}</code> with {permissions.length} permissions:</p>
        <ul>
          {[...permissions].sort((one, other) => one.permission.localeCompare(other.permission)).map(({ permission, scope }) => (
            <li key={permission}><code>{permission}</code> <span>{where(scope)}</span></li>
          ))}
        </ul>
      </div>
    </details>
  );
}

function SignIn({ close }) {
  const dialog = useRef(null);
  const [kind, setKind] = useState('password');
  const [challenge, setChallenge] = useState(null);
  const [error, setError] = useState('');
  const [isBusy, setBusy] = useState(false);

  useEffect(() => dialog.current.showModal(), []);

  const submit = async event => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(event.target));
    setBusy(true);
    setError('');
    try {
      let more = null;
      if (challenge) more = await verify(challenge.challengeToken, given.method, given.code.trim());
      else if (kind === 'key') await useKey(given.key.trim());
      else more = await signIn(given.email.trim(), given.password, given.tenant.trim());
      if (more) setChallenge(more);
      else close();
    } catch (caught) {
      setError(caught.message);
    } finally {
      setBusy(false);
    }
  };

  return (
    <dialog ref={dialog} className="entrepot-sign-in" aria-labelledby="entrepot-sign-in" onClose={close}>
      <form onSubmit={submit}>
        <h2 id="entrepot-sign-in">Sign in</h2>
        {!challenge && (
          <div className="entrepot-kinds">
            {[['password', 'E-mail and password'], ['key', 'API key or token']].map(([value, text]) => (
              <label key={value}>
                <input type="radio" name="kind" value={value} checked={kind === value} onChange={() => setKind(value)} /> {text}
              </label>
            ))}
          </div>
        )}
        {!challenge && kind === 'password' && (
          <>
            <label>E-mail<input name="email" type="email" autoComplete="username" required autoFocus /></label>
            <label>Password<input name="password" type="password" autoComplete="current-password" required /></label>
            <label>Tenant <small>(its slug; your oldest if empty)</small><input name="tenant" autoComplete="organization" /></label>
          </>
        )}
        {!challenge && kind === 'key' && <label>Key<input name="key" type="password" autoComplete="off" placeholder="epk_live_…" required autoFocus /></label>}
        {challenge && (
          <>
            <label>Second factor
              <select name="method">{challenge.methods.map(method => <option key={method} value={method}>{METHODS[method] ?? method}</option>)}</select>
            </label>
            <label>Code<input name="code" autoComplete="one-time-code" required autoFocus /></label>
          </>
        )}
        {error && <p className="entrepot-error" role="alert">{error}</p>}
        <p className="entrepot-buttons">
          <button type="button" onClick={close}>Cancel</button>
          <button type="submit" className="entrepot-main" disabled={isBusy}>{isBusy ? 'Signing in…' : 'Sign in'}</button>
        </p>
      </form>
    </dialog>
  );
}
