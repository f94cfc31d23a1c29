import React, { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { current, notice, signIn, signOut, subscribe, useKey, verify } from './session.js';
import { caller, subscribe as onCaller, where } from './who.js';

const METHODS = { TOTP: 'Authenticator app', BACKUP_CODE: 'Backup code', EMAIL: 'Code sent by e-mail' };

/** Above GraphiQL: who is signed in, what they may do, and the way to the reference. */
export function Bar() {
  const session = useSyncExternalStore(subscribe, current);
  const ended = useSyncExternalStore(subscribe, notice);
  const { who, lost } = useSyncExternalStore(onCaller, caller);
  const bar = useRef(null);
  const [isOpen, setOpen] = useState(false);

  // The button that opened the form is gone after a login: the next Tab starts at the bar.
  const close = () => {
    setOpen(false);
    if (current()) bar.current.focus();
  };

  return (
    <header ref={bar} className="entrepot-bar" tabIndex={-1}>
      <strong>Entrepot</strong>
      <a href="/docs" target="_blank" rel="opener">API reference</a>
      <span className="entrepot-gap" />
      {!session && ended && <span className="entrepot-error" role="alert" title={ended}>{ended}</span>}
      {!session && <button type="button" className="entrepot-main" onClick={() => setOpen(true)}>Sign in</button>}
      {session && (
        <>
          {who && <Who who={who} />}
          {lost && <span className="entrepot-error" role="alert" title={lost}>Not signed in: {lost}</span>}
          {lost && <button type="button" className="entrepot-main" onClick={() => setOpen(true)}>Sign in</button>}
          <button type="button" onClick={signOut}>Sign out</button>
        </>
      )}
      {isOpen && <SignIn close={close} />}
    </header>
  );
}

/** The caller's name, and behind it the caller's permissions, until Escape or a click elsewhere. */
function Who({ who: { actor, tenant, permissions } }) {
  const box = useRef(null);
  useEffect(() => {
    const leave = event => {
      if (!box.current.contains(event.target)) box.current.open = false;
    };
    document.addEventListener('pointerdown', leave);
    return () => document.removeEventListener('pointerdown', leave);
  }, []);
  const onEscape = event => {
    if (event.key !== 'Escape' || !box.current.open) return;
    box.current.open = false;
    box.current.querySelector('summary').focus();
  };
  const name = actor.displayName ?? actor.name ?? 'System';
  return (
    <details ref={box} className="entrepot-who" onKeyDown={onEscape}>
      <summary>{name} <span>· {tenant.name}</span></summary>
      <div>
        <p>{actor.__typename === 'Integration' ? 'API key of an integration' : 'Member'} of tenant <code>{tenant.slug}</code> with {permissions.length} permissions:</p>
        <ul aria-label="Permissions">
          {[...permissions].sort((one, other) => one.permission.localeCompare(other.permission)).map(({ permission, scope }) => (
            <li key={permission} data-permission={permission}><code>{permission}</code> <span>{where(scope)}</span></li>
          ))}
        </ul>
      </div>
    </details>
  );
}

function SignIn({ close }) {
  const dialog = useRef(null);
  const form = useRef(null);
  const [kind, setKind] = useState('password');
  const [challenge, setChallenge] = useState(null);
  const [error, setError] = useState('');
  const [isBusy, setBusy] = useState(false);

  const field = name => form.current?.elements.namedItem(name);
  // Closed and not only removed, the dialog gives the focus back to where it was.
  const leave = () => dialog.current?.close();

  // A dialog that opens puts the focus on its first control, which is no field to type in.
  useEffect(() => {
    dialog.current.showModal();
    field('email').focus();
  }, []);

  const submit = async event => {
    event.preventDefault();
    if (isBusy) return;
    const given = Object.fromEntries(new FormData(event.target));
    setBusy(true);
    setError('');
    try {
      let more = null;
      if (challenge) more = await verify(challenge.challengeToken, given.method, given.code.trim());
      else if (kind === 'key') await useKey(given.key.trim());
      else more = await signIn(given.email.trim(), given.password, given.tenant.trim());
      if (more) setChallenge(more);
      else leave();
    } catch (caught) {
      setError(caught.message);
      // Too many wrong codes, or too late: a new login is needed, and the form asks for the password again.
      if (challenge && caught.code === 'TOKEN_EXPIRED') setChallenge(null);
      else {
        const wrong = field(challenge ? 'code' : kind);
        wrong?.focus();
        wrong?.select();
      }
    } finally {
      setBusy(false);
    }
  };

  return (
    <dialog ref={dialog} className="entrepot-sign-in" aria-labelledby="entrepot-sign-in" onClose={close}>
      <form ref={form} onSubmit={submit}>
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
          <button type="button" onClick={leave}>Cancel</button>
          <button type="submit" className="entrepot-main" aria-disabled={isBusy}>{isBusy ? 'Signing in…' : 'Sign in'}</button>
        </p>
      </form>
    </dialog>
  );
}
