// Keeps the table up to date while somebody looks at it. The page works without this.
'use strict';

const EVERY = 4000;
const SOON = 1500; // the hub closes a moment after it said so
const body = document.body;
const live = document.getElementById('live');
const parts = [...document.querySelectorAll('[data-from]')];

function put(part, text) {
  if (part.dataset.text === text) {
    return;
  }
  const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
  part.dataset.text = text;
  part.innerHTML = text; // made by the hub with every name escaped; the page's policy runs no script in it
  if (focused) {
    const links = [...part.querySelectorAll('a')];
    links.find(link => link.getAttribute('href') === focused)?.focus({ preventScroll: true });
  }
}

// Only what can be done now is offered, and what was said about it does not stay beside what is so by now.
function followTheDoor() {
  const state = live.querySelector('[data-hub]')?.dataset.hub;
  if (!state) {
    return;
  }
  for (const offered of document.querySelectorAll('[data-when]')) {
    offered.hidden = offered.dataset.when !== state;
  }
  const said = doorsWords();
  if (said?.textContent === live.dataset.closing && state === 'closed') {
    said.remove(); // the live part says it
  } else if (said?.textContent === live.dataset.opening && state === 'open') {
    said.textContent = live.dataset.opened;
  }
}

function doorsWords() {
  const said = document.querySelector('main > [role=status]');
  return said && [live.dataset.closing, live.dataset.opening].includes(said.textContent) ? said : null;
}

async function look() {
  if (document.hidden) {
    return;
  }
  try {
    for (const part of parts) {
      const answer = await fetch(`${body.dataset.base}${part.dataset.from}`, {
        headers: { 'X-XSRFToken': body.dataset.key },
        redirect: 'manual',
        cache: 'no-store'
      });
      if (!answer.ok) {
        throw new Error(answer.status);
      }
      put(part, await answer.text());
    }
    followTheDoor();
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
  if (doorsWords()) {
    setTimeout(look, SOON);
  }
  document.addEventListener('visibilitychange', look);
}
