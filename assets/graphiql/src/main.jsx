import React from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL } from 'graphiql';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { createClient } from 'graphql-ws';
import { tabs } from './tabs.js';
import 'graphiql/style.css';

// `entrepot demo` prints an address that ends in #token=…: a fragment is never sent to a server. It leaves the address bar at
// once, so that it is not copied along with the address.
const given = new URLSearchParams(location.hash.slice(1)).get('token');
if (given) {
  sessionStorage.setItem('entrepot.token', given);
  history.replaceState(null, '', location.pathname);
}
const token = given ?? sessionStorage.getItem('entrepot.token') ?? '';
// Without a token it is sent like this too: an empty one counts as none.
const headers = JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2);

const url = new URL('/graphql', location.href);
const socket = new URL(url);
socket.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';

// The header editor is the one place for the token: what stands there when an operation starts is what sockets send too.
let current = headers;
const credentials = () => {
  try {
    const entries = Object.entries(JSON.parse(current));
    const found = entries.find(([name]) => name.toLowerCase() === 'authorization');
    return found ? { authorization: String(found[1]) } : {};
  } catch {
    return {};
  }
};
// As long as nothing runs the socket is closed, so a new token counts from the next operation on.
const client = createClient({ url: socket.href, lazy: true, connectionParams: credentials });
const inner = createGraphiQLFetcher({ url: url.href, wsClient: client });
const fetcher = (params, options) => {
  // It asks for the schema before the header editor is there; then it has no headers yet.
  const sent = options?.headers ?? JSON.parse(headers);
  current = JSON.stringify(sent);
  return inner(params, { ...options, headers: sent });
};

// GraphiQL would bring back the last visit's tabs, with no token in them. Each visit starts with the examples and today's token.
const kept = new Map();
const storage = {
  get length() {
    return kept.size;
  },
  getItem: name => kept.get(name) ?? null,
  setItem: (name, value) => kept.set(name, value),
  removeItem: name => kept.delete(name),
  clear: () => kept.clear(),
};

createRoot(document.getElementById('graphiql')).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={tabs.map(tab => ({ ...tab, headers }))}
    defaultHeaders={headers}
    storage={storage}
    defaultEditorToolsVisibility="variables"
    shouldPersistHeaders={false}
  />,
);
