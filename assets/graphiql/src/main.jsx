import React from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL } from 'graphiql';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { createClient } from 'graphql-ws';
import { Bar } from './bar.jsx';
import { Needs, withNeeds } from './needs.jsx';
import { asked, subscribe, token } from './session.js';
import { tabs } from './tabs.js';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './bar.css';

const url = new URL('/graphql', location.href);
const socket = new URL(url);
socket.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';

// An Authorization header of the tab's own goes before whoever is signed in; sockets send what the operation before them sent.
let written = '';
const authorization = async () => {
  if (written) return written;
  const now = await token();
  return now ? `Bearer ${now}` : '';
};
const client = createClient({
  url: socket.href,
  lazy: true,
  connectionParams: async () => {
    const value = await authorization();
    return value ? { authorization: value } : {};
  },
});
// Whoever signs in or out goes on with a socket of their own.
subscribe(() => client.terminate());

const inner = createGraphiQLFetcher({ url: url.href, wsClient: client });
const fetcher = async (params, options) => {
  const headers = { ...options?.headers };
  const name = Object.keys(headers).find(one => one.toLowerCase() === 'authorization');
  written = name ? String(headers[name]) : '';
  if (!name) {
    const value = await authorization();
    if (value) headers.Authorization = value;
  }
  return inner(params, { ...options, headers });
};

// GraphiQL would bring back the last visit's tabs. Each visit starts with the examples.
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

const shown = asked ? [asked, ...tabs] : tabs;

createRoot(document.getElementById('graphiql')).render(
  <>
    <Bar />
    <GraphiQL
      fetcher={fetcher}
      plugins={[withNeeds(explorerPlugin())]}
      defaultTabs={shown}
      variables={shown[0].variables}
      storage={storage}
      defaultEditorToolsVisibility="variables"
      shouldPersistHeaders={false}
    >
      <GraphiQL.Footer><Needs /></GraphiQL.Footer>
    </GraphiQL>
  </>,
);
