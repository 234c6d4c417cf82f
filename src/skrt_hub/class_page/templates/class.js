// Keeps the table up to date while somebody looks at it. The page works without this.
'use strict';

const EVERY = 4000;
const body = document.body;
const live = document.getElementById('live');

function put(text) {
  if (live.dataset.text === text) {
    return;
  }
  const focused = live.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
  live.dataset.text = text;
  live.innerHTML = text; // made by the hub with every name escaped; the page's policy runs no script in it
  if (focused) {
    const links = [...live.querySelectorAll('a')];
    links.find(link => link.getAttribute('href') === focused)?.focus({ preventScroll: true });
  }
}

async function look() {
  if (document.hidden) {
    return;
  }
  try {
    const answer = await fetch(`${body.dataset.base}${live.dataset.from}`, {
      headers: { 'X-XSRFToken': body.dataset.key },
      redirect: 'manual',
      cache: 'no-store'
    });
    if (!answer.ok) {
      throw new Error(answer.status);
    }
    put(await answer.text());
    document.getElementById('lost')?.remove();
  } catch {
    if (!document.getElementById('lost')) {
      const told = Object.assign(document.createElement('p'), { id: 'lost', className: 'wrong' });
      told.setAttribute('role', 'alert');
      told.textContent = body.dataset.lost;
      live.before(told);
    }
  }
}

if (live) {
  setInterval(look, EVERY);
  document.addEventListener('visibilitychange', look);
}
