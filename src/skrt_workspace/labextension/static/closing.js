/*
 * The hub is closed while somebody works: what the page asks its server then waits until the hub is open again, and a
 * line at the top says so. JupyterLab would take the answers of a closed hub for the end of its kernels and its server.
 *
 * It stands between the page and `fetch`, because JupyterLab's parts and other extensions ask in many places.
 */
import { element } from './element.js';

const MARK = 'Skrt-Hub-Closed'; // skrt_hub/login/pages.py
const LOOK_AGAIN = 4000; // milliseconds; everybody in the class asks
const A_MOMENT = 1000;
const SHOWN = 8000;
const GERMAN = {
  'The hub is closed for now. Your work goes on; this page comes back by itself.':
    'Der Hub ist zurzeit geschlossen. Ihre Arbeit läuft weiter; diese Seite kommt von selbst wieder.',
  'The hub is open again.': 'Der Hub ist wieder offen.'
};

const pause = time => new Promise(done => setTimeout(done, time));

export class Closing {
  /* `base`: the address of the participant's own server, below which everything waits. */
  constructor(base) {
    this.base = new URL(base, window.location.href).href;
    this.ask = window.fetch.bind(window);
    this.opened = null; // fulfilled once the hub is open again; null while it is
    this.tell = () => undefined;
    window.fetch = (what, how) => this.fetch(what, how);
  }

  async fetch(what, how) {
    const url = what instanceof Request ? what.url : new URL(what, window.location.href).href;
    if (!url.startsWith(this.base)) {
      return this.ask(what, how);
    }
    const request = new Request(what, how);
    for (let tries = 0; ; tries += 1) {
      await this.opened;
      const found = await this.ask(request.clone()).then(response => ({ response }), error => ({ error }));
      if (await this.isOfClosed(found, request)) {
        this.wait();
      } else if (found.response) {
        return found.response;
      } else if (tries || request.signal.aborted || request.method !== 'GET') {
        throw found.error;
      }
      /* Else the connection was cut just now, as closing and opening do: once more. */
    }
  }

  /* A hub on Kubernetes says of some requests only that they cannot be; then the question is asked again, plainly. */
  async isOfClosed({ response, error }, request) {
    if (error) {
      return !request.signal.aborted && (await pause(A_MOMENT), this.isClosed());
    }
    const { status, headers } = response;
    return headers.has(MARK) || ([403, 405, 424].includes(status) || status >= 500) && await this.isClosed();
  }

  async isClosed(whenAway = false) {
    try {
      return (await this.ask(this.base + 'api', { cache: 'no-store' })).headers.has(MARK);
    } catch {
      return whenAway;
    }
  }

  wait() {
    if (this.opened) {
      return;
    }
    const again = async () => {
      do {
        await pause(LOOK_AGAIN * (0.75 + Math.random() / 2));
      } while (await this.isClosed(true));
      this.opened = null;
      this.tell(false);
    };
    this.opened = again();
    this.tell(true);
  }

  /* Where it is told, once JupyterLab is there: `node` is the line's place. */
  show(apputils, node, language) {
    const say = text => /^de/i.test(language || '') && GERMAN[text] || text;
    node.style.cssText = 'display: none; align-items: center; padding: 0 8px; ' +
      'background: var(--jp-warn-color3); color: var(--jp-ui-font-color0);';
    node.setAttribute('role', 'status');
    this.tell = closed => {
      node.style.display = closed ? 'flex' : 'none';
      const line = 'The hub is closed for now. Your work goes on; this page comes back by itself.';
      node.replaceChildren(...(closed ? [element('span', say(line))] : []));
      if (!closed) {
        apputils.Notification.success(say('The hub is open again.'), { autoClose: SHOWN });
      }
    };
    if (this.opened) {
      this.tell(true);
    }
  }
}
