import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { createClient, type StockRow } from '../src/index.js';
import { EntrepotProvider, useEntrepot, useLiveLevel, useLiveOrders, useLiveStock, useSavedView } from '../src/react.js';

function Everything() {
  const client = useEntrepot();
  const { levels, status, stale } = useLiveStock();
  const level: StockRow | undefined = useLiveLevel('lvl_x');
  const { orders } = useLiveOrders({ filter: { status: ['CONFIRMED'] } });
  const view = useSavedView<{ orders: number }>({ slug: 'sales' }, { days: 7 });
  return createElement('p', null, `${client.url} ${levels.length} ${orders.length} ${status} ${stale} ${level} ${view.status} ${view.data?.orders}`);
}

test('on a server the hooks show nothing yet, and connect to nothing', () => {
  const called: string[] = [];
  const client = createClient({
    url: 'http://127.0.0.1:9/graphql',
    fetch: async (input) => (called.push(String(input)), Promise.reject(new Error('called'))),
    WebSocket: class {
      constructor(url: string) {
        called.push(url);
      }
    } as never,
  });
  const html = renderToString(createElement(EntrepotProvider, { client }, createElement(Everything)));
  assert.equal(html, '<p>http://127.0.0.1:9/graphql 0 0 idle true undefined idle undefined</p>');
  assert.deepEqual(called, []);
});

test('a hook without a provider says what is missing', () => {
  assert.throws(() => renderToString(createElement(Everything)), /Wrap the page in <EntrepotProvider/);
});
