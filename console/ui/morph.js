// morph makes one tree of elements equal another in place, so that scroll, focus, selection and open details stay.

// A field that somebody types in keeps what they typed, and details stay as they left them.
const own = {
  INPUT: ['value', 'checked'],
  TEXTAREA: ['value'],
  DETAILS: ['open'],
  DIALOG: ['open'],
  IFRAME: ['src'],
};

export function morph(from, to) {
  if (from.isEqualNode(to)) {
    if (from.nodeType === Node.ELEMENT_NODE) settle(from, to);
    return;
  }
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName || (from.id ?? '') !== (to.id ?? '')) {
    from.replaceWith(from.ownerDocument.importNode(to, true));
    return;
  }
  if (from.nodeType !== Node.ELEMENT_NODE) {
    from.nodeValue = to.nodeValue;
    return;
  }
  attributes(from, to);
  children(from, to);
  settle(from, to);
}

function attributes(from, to) {
  const kept = own[from.nodeName] ?? [];
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !kept.includes(name) && !(name === 'hidden' && from.dataset.open)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value && !(from.nodeName === 'IFRAME' && name === 'src') && !(name === 'open') && !(name === 'hidden' && from.dataset.open)) from.setAttribute(name, value);
  }
}

// children are matched by id first, then by their place.
function children(from, to) {
  const byId = new Map([...from.children].filter((child) => child.id).map((child) => [child.id, child]));
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const known = wanted.id && byId.get(wanted.id);
    if (known) {
      if (known === at) at = at.nextSibling;
      else from.insertBefore(known, at);
      morph(known, wanted);
    } else if (at && !at.id && !wanted.id && at.nodeName === wanted.nodeName) {
      const next = at.nextSibling;
      morph(at, wanted);
      at = next;
    } else {
      from.insertBefore(from.ownerDocument.importNode(wanted, true), at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

// settle brings what attributes do not say up to date: values of fields, and frames.
function settle(from, to) {
  switch (from.nodeName) {
    case 'INPUT':
    case 'TEXTAREA': {
      const value = to.nodeName === 'INPUT' ? to.getAttribute('value') ?? '' : to.textContent;
      if (from !== document.activeElement && from.value !== value && from.type !== 'checkbox' && !from.dataset.keep) from.value = value;
      return;
    }
    case 'SELECT':
      if (from !== document.activeElement) from.value = to.value;
      return;
    case 'IFRAME':
      if (from.ownerDocument === document) show(from, to.getAttribute('src')); // a mail has no frames that load
      return;
  }
  if (from.isEqualNode(to)) {
    const inside = from.querySelectorAll('input, textarea, select, iframe');
    const news = to.querySelectorAll('input, textarea, select, iframe');
    inside.forEach((element, i) => settle(element, news[i]));
  }
}

// show shows another mail in a frame. Its document is changed in place: nothing flashes, and it stays where it was scrolled to. A document
// whose pictures come from elsewhere has another policy: it is loaded anew, without a step in the history.
async function show(frame, src) {
  const shown = frame.dataset.shown ?? frame.getAttribute('src');
  if (!src || shown === src) return;
  frame.dataset.shown = src;
  const filled = policy(shown) === policy(src) && await fill(frame, src, () => frame.dataset.shown === src);
  if (!filled) frame.contentWindow.location.replace(src);
}

// again shows the mail of the same address anew. The page around it follows, and may say that it has another one now.
export function again(frame) {
  const src = frame.dataset.shown ?? frame.getAttribute('src');
  return fill(frame, src, () => src === (frame.dataset.shown ?? frame.getAttribute('src')));
}

// fill makes a frame's document that of an address, unless it is not wanted any more when it comes.
async function fill(frame, src, wanted) {
  const page = frame.contentDocument;
  if (page?.readyState !== 'complete') return false;
  const answer = await fetch(src);
  const text = await answer.text();
  if (!wanted()) return true;
  if (!answer.ok || frame.contentDocument !== page) return false;
  morph(page.documentElement, new page.defaultView.DOMParser().parseFromString(text, 'text/html').documentElement);
  return true;
}

// policy is what an address says of where pictures come from.
function policy(src) {
  const address = new URL(src, location.href);
  return address.pathname + ' ' + address.searchParams.get('images');
}
