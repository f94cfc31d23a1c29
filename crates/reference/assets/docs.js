'use strict';
// Search over search.json, and buttons that copy examples and open them. Everything else works without a script.
(() => {
  const form = document.getElementById('search');
  const input = document.getElementById('query');
  const panel = document.getElementById('results');
  const found = document.getElementById('found');
  const list = panel.querySelector('ul');
  const main = document.getElementById('main');
  const MOST = 50;
  let entries;

  const load = () => (entries ??= fetch('/docs/search.json')
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
    .then((all) => all.map((entry) => ({ ...entry, lower: entry.name.toLowerCase(), body: ` ${entry.text.toLowerCase().replace(/[^a-z0-9]+/g, ' ')}` })))
    .catch((error) => { entries = undefined; throw error; }));

  // 0 is best: the name itself, its beginning, a part of it, a word's beginning in the text, a part of one. Every word must occur.
  const rank = (entry, words) => {
    let worst = 0;
    for (const word of words) {
      const places = [entry.lower === word, entry.lower.startsWith(word), entry.lower.includes(word), entry.body.includes(` ${word}`), entry.body.includes(word)];
      const one = places.indexOf(true);
      if (one < 0) return -1;
      worst = Math.max(worst, one);
    }
    return worst;
  };

  // Guides and root fields come before types.
  const isType = ({ kind }) => Number(!['guide', 'query', 'mutation', 'subscription'].includes(kind));

  const item = (entry) => {
    const line = document.createElement('li');
    const link = document.createElement('a');
    link.href = entry.path;
    link.textContent = entry.name;
    const kind = document.createElement('small');
    kind.textContent = entry.kind;
    const text = document.createElement('span');
    entry.text.split('`').forEach((part, index) => {
      const inner = document.createElement(index % 2 ? 'code' : 'span');
      inner.textContent = part;
      text.append(inner);
    });
    line.append(link, ' ', kind, ' ', text);
    return line;
  };

  const show = async () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    panel.hidden = words.length === 0;
    main.hidden = words.length > 0;
    if (words.length === 0) return;
    const asked = input.value;
    try {
      const all = await load();
      if (asked !== input.value) return;
      const ranked = (place) => all.map((entry) => [place(entry), entry]).filter(([at]) => at >= 0)
        .sort(([a, one], [b, other]) => a - b || isType(one) - isType(other) || one.name.length - other.name.length);
      let hits = ranked((entry) => rank(entry, words));
      const isPart = hits.length === 0;
      // Where nothing has every word: what has most of the longer ones, best first.
      const longer = words.filter((word) => word.length > 2);
      if (isPart) hits = ranked((entry) => {
        const missing = longer.filter((word) => rank(entry, [word]) < 0).length;
        return missing < longer.length ? missing : -1;
      });
      const count = hits.length > MOST ? `${hits.length} found, the first ${MOST} are shown` : `${hits.length} found`;
      found.textContent = isPart && hits.length ? `Nothing has all of these words. ${count}` : count;
      list.replaceChildren(...hits.slice(0, MOST).map(([, entry]) => item(entry)));
    } catch {
      found.textContent = 'The search index could not be loaded. Type again to retry.';
      list.replaceChildren();
    }
  };

  form.hidden = false;
  input.addEventListener('input', show);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    list.querySelector('a')?.click();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && !/^(input|textarea)$/i.test(event.target.tagName) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
    }
    if (event.key === 'Escape' && input.value) {
      input.value = '';
      show();
    }
  });
  if (input.value) show();

  for (const block of document.querySelectorAll('pre.copy, .guide pre')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copies';
    button.textContent = 'Copy';
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(block.querySelector('code').textContent);
        button.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(block.querySelector('code'));
        button.textContent = 'Selected';
      }
      setTimeout(() => { button.textContent = 'Copy'; }, 2000);
    });
    const box = document.createElement('div');
    box.className = 'block';
    block.replaceWith(box);
    box.append(block, button);
  }

  // The example of a field opens in GraphiQL, where the server has it.
  const [example, variables] = document.querySelectorAll('pre.copy');
  if (example && variables) {
    fetch('/graphql', { headers: { accept: 'text/html' } })
      .then(async (answer) => {
        await answer.text();
        if (!answer.ok || !(answer.headers.get('content-type') ?? '').startsWith('text/html')) return;
        const link = document.createElement('a');
        const given = new URLSearchParams({ query: `${example.textContent}\n`, variables: variables.textContent });
        link.href = `/graphql#${given}`;
        link.target = '_blank';
        // The new tab is signed in as this one is: it gets a copy of its session storage.
        link.rel = 'opener';
        link.textContent = 'Open this example in GraphiQL';
        const line = document.createElement('p');
        line.append(link);
        variables.parentElement.after(line);
      })
      .catch(() => {});
  }
})();
