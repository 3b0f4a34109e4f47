// The preview's pages work without this module: every state is an address. With it, only what changed is swapped, and pages follow the
// files on disk.
import { again, morph } from './morph.js';
import { keys } from './keys.js';

let turn = 0;

// go shows an address. Of two that were asked for, the later one is shown, whichever comes first.
let going; // the last visit, which may be over
function go(address, how) {
  going = visit(address, how);
  return going;
}

async function visit(address, { history: step = 'push', options } = {}) {
  const mine = ++turn;
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    offline(true);
    return;
  }
  const text = await answer.text();
  if (mine !== turn) return;
  offline(false);
  if (!answer.headers.get('content-type')?.startsWith('text/html')) {
    location.assign(address);
    return;
  }
  const next = new DOMParser().parseFromString(text, 'text/html');
  const pane = document.querySelector('.pane')?.id;
  document.title = next.title;
  if (step === 'push' && answer.url !== location.href) history.pushState(null, '', answer.url);
  if (step === 'replace') history.replaceState(null, '', answer.url);
  morph(document.body, next.body);
  if (pane !== document.querySelector('.pane')?.id) document.querySelector('.pane .scroll, .pane pre')?.scrollTo(0, 0);
  ready();
}

function offline(away) {
  document.documentElement.classList.toggle('offline', away);
}

// ready shows what is of use only with this module.
function ready() {
  for (const button of document.querySelectorAll('[data-open]')) button.hidden = false;
  for (const button of document.querySelectorAll('.plainly')) button.hidden = true;
  const tabs = document.querySelector('.tabs');
  const current = tabs?.querySelector('[aria-current]');
  if (current) tabs.scrollLeft = current.offsetLeft - tabs.offsetLeft - 40;
}

document.addEventListener('click', (event) => {
  const opener = event.target.closest('[data-open]');
  if (opener) {
    document.getElementById(opener.dataset.open).showModal();
    return;
  }
  for (const drop of document.querySelectorAll('details.drop[open]')) if (!drop.contains(event.target)) drop.open = false;
  const link = event.target.closest('a[href]');
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const here = new URL(link.href);
  if (here.origin !== location.origin || here.pathname !== location.pathname) return;
  if (here.search === location.search && here.hash) return;
  event.preventDefault();
  go(here).then(() => here.hash && document.querySelector(here.hash)?.scrollIntoView({ block: 'nearest' }));
});

// A field's change is shown while somebody types, after a breath.
let breath;
document.addEventListener('input', (event) => {
  const form = event.target.closest('form[data-live]');
  if (!form) return;
  clearTimeout(breath);
  breath = setTimeout(() => submit(form), event.target.matches('select') ? 0 : 180);
});

function submit(form) {
  if (!form.checkValidity()) {
    form.querySelector(':invalid')?.setAttribute('aria-invalid', 'true');
    return;
  }
  go('/?' + new URLSearchParams(new FormData(form)), { history: 'replace' });
}

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.method === 'dialog') return;
  event.preventDefault();
  if (form.matches('[data-live]')) {
    submit(form);
    return;
  }
  const body = new URLSearchParams(new FormData(form));
  go(form.action, { history: 'stay', options: { method: 'POST', body } }).then(() => {
    form.closest('details').open = false;
    document.getElementById('notices').scrollIntoView({ block: 'nearest' });
  });
});

// A select that has the focus was the one changed: it keeps what was chosen. When it loses the focus, it shows what counts.
addEventListener('popstate', () => go(location.href, { history: 'stay' }));

// refresh shows the newest build. What comes while it is at it is shown after that, so that the first is not lost to the second; and
// whoever is on their way to another address arrives there first.
let newest;
let busy = false;
async function refresh() {
  if (busy) return;
  busy = true;
  while (newest !== document.body.dataset.build) {
    const wanted = newest;
    for (let last; last !== going; ) await (last = going).catch(() => {});
    if (newest === document.body.dataset.build) break;
    await go(location.href, { history: 'stay' });
    if (wanted === newest) break;
  }
  busy = false;
}

// follow listens for saved files. A page in the background does not: browsers open few connections to one server.
let events;
function follow() {
  if (document.hidden || !document.body.dataset.build) {
    events?.close();
    events = undefined;
    return;
  }
  if (events) return;
  events = new EventSource('/events');
  events.addEventListener('build', (event) => {
    offline(false);
    newest = String(JSON.parse(event.data).build);
    if (newest === document.body.dataset.build) return;
    document.querySelectorAll('.stage iframe').forEach(again);
    refresh();
  });
  events.addEventListener('error', () => offline(true));
}
document.addEventListener('visibilitychange', follow);

ready();
keys();
follow();
