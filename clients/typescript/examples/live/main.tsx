// A page of live stock: log in, and watch the shelves change. `node examples/live/serve.mjs`
// serves it.
import { type FormEvent, memo, useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { cookies, createClient, StockAdjustDocument, type StockRow } from '../../src/index.js';
import { EntrepotProvider, useEntrepot, useLiveLevel, useLiveStock, useMutation } from '../../src/react.js';

// The tokens are in cookies that no script can read; the page is of the server's own origin, or
// behind a proxy that keeps it.
const client = createClient({ url: '/graphql', auth: cookies() });

function Page() {
  const [signedIn, setSignedIn] = useState<boolean>();
  // After a reload the cookies are still there.
  useEffect(() => void client.query('{ viewer { tenant { slug } } }').then(() => setSignedIn(true), () => setSignedIn(false)), []);
  if (signedIn === undefined) return null;
  return signedIn ? <Stock onLogout={() => setSignedIn(false)} /> : <Login onLogin={() => setSignedIn(true)} />;
}

function Login({ onLogin }: { onLogin: () => void }) {
  const entrepot = useEntrepot();
  const [problem, setProblem] = useState('');
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    try {
      const result = await entrepot.login({ email: String(form.get('email')), password: String(form.get('password')) });
      if (result.__typename === 'TokenPair') onLogin();
      else setProblem('This account asks for a second factor. Use another one for the example.');
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <form onSubmit={submit}>
      <h1>Live stock</h1>
      <label>E-mail <input name="email" type="email" required autoComplete="username" /></label>
      <label>Password <input name="password" type="password" required autoComplete="current-password" /></label>
      <button>Log in</button>
      <p role="alert">{problem}</p>
    </form>
  );
}

function Stock({ onLogout }: { onLogout: () => void }) {
  const { levels, status, stale, error } = useLiveStock();
  const [search, setSearch] = useState('');
  const entrepot = useEntrepot();
  const shown = useMemo(() => {
    const words = search.toLowerCase();
    return levels
      .filter(({ product, store }) => `${product.sku} ${product.name} ${store.code}`.toLowerCase().includes(words))
      .sort((a, b) => a.product.sku.localeCompare(b.product.sku) || a.store.code.localeCompare(b.store.code))
      .slice(0, 40)
      .map(({ id }) => id)
      .join();
  }, [levels, search]);
  const logout = () => entrepot.logout().finally(onLogout);
  return (
    <main>
      <header>
        <h1>Live stock</h1>
        <span className={stale ? 'state stale' : 'state'} role="status">{status}{stale ? ', reconnecting' : ''}</span>
        <span>{levels.length} levels</span>
        <input aria-label="Search" placeholder="SKU, name or store" value={search} onChange={(event) => setSearch(event.target.value)} />
        <button onClick={logout}>Log out</button>
      </header>
      {error && status === 'failed' ? <p role="alert">{error.message}</p> : null}
      <table>
        <thead>
          <tr><th>Store</th><th>SKU</th><th>Product</th><th>On hand</th><th>Reserved</th><th>Available</th><th>Status</th><th /></tr>
        </thead>
        <tbody>{shown.split(',').filter(Boolean).map((id) => <Row key={id} id={id} />)}</tbody>
      </table>
    </main>
  );
}

/** One level. It renders when its own figures change, and for no other. */
const Row = memo(function Row({ id }: { id: string }) {
  const level: StockRow | undefined = useLiveLevel(id);
  const { run, loading, error } = useMutation(StockAdjustDocument);
  if (!level) return null;
  const receive = () => run({
    input: { kind: 'RECEIPT', reasonCode: 'FOUND', changes: [{ product: { id: level.product.id }, store: { id: level.store.id }, delta: 1 }] },
  });
  return (
    <tr key={level.version} className="row" data-level={`${level.store.code} ${level.product.sku}`}>
      <td>{level.store.code}</td>
      <td>{level.product.sku}</td>
      <td>{level.product.name}</td>
      <td className="number" data-figure="onHand">{level.onHand}</td>
      <td className="number">{level.reserved}</td>
      <td className="number">{level.available}</td>
      <td><span className={`status ${level.status}`}>{level.status.replaceAll('_', ' ').toLowerCase()}</span></td>
      <td><button onClick={receive} disabled={loading} title={error?.message ?? ''}>+1</button></td>
    </tr>
  );
});

createRoot(document.getElementById('root')!).render(<EntrepotProvider client={client}><Page /></EntrepotProvider>);
