'use strict';
// Search over search.json, and buttons that copy examples. Everything else works without a script.
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
    .then((all) => all.map((entry) => ({ ...entry, lower: entry.name.toLowerCase(), body: entry.text.toLowerCase() })))
    .catch((error) => { entries = undefined; throw error; }));

  // 0 is best: the name itself, its beginning, a part of it, the text. Every word must occur.
  const rank = (entry, words) => {
    let worst = 0;
    for (const word of words) {
      const one = entry.lower === word ? 0 : entry.lower.startsWith(word) ? 1 : entry.lower.includes(word) ? 2 : entry.body.includes(word) ? 3 : -1;
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
    text.textContent = entry.text;
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
      const hits = all.map((entry) => [rank(entry, words), entry]).filter(([place]) => place >= 0)
        .sort(([a, one], [b, other]) => a - b || isType(one) - isType(other) || one.name.length - other.name.length);
      found.textContent = hits.length > MOST ? `${hits.length} found, the first ${MOST} are shown` : `${hits.length} found`;
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
})();
