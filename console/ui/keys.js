// keys presses the link or button that says which key it has. Whoever does not want that turns it off in the list of keys.
const store = 'germane.keys';

function on() {
  try {
    return localStorage.getItem(store) !== 'off';
  } catch {
    return true;
  }
}

export function keys() {
  document.addEventListener('change', (event) => {
    if (event.target.id !== 'keys-on') return;
    try {
      localStorage.setItem(store, event.target.checked ? 'on' : 'off');
    } catch {
      // then they work until the page is left
    }
  });
  const box = document.getElementById('keys-on');
  if (box) box.checked = on();
  listen(document);
}

// A mail's own frame takes keys while it has the focus; nothing of ours is put into it.
function listen(page) {
  page.addEventListener('keydown', (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.target.closest('input, select, textarea, dialog') || !on()) return;
    if (event.key === 'e') {
      const field = document.querySelector('#form .field :is(input, select, textarea)');
      if (field) {
        event.preventDefault();
        field.focus();
      }
      return;
    }
    const key = event.key === 'm' ? '6' : event.key;
    const element = [...document.querySelectorAll('[data-key]')].find((one) => one.dataset.key === key);
    if (!element) return;
    event.preventDefault();
    element.click();
  });
}
