/*
 * A participant shows their notebooks to the organisers for a while: the question, and the line at the top of the page
 * that says so as long as it lasts, with a button that ends it.
 */
import { element } from './element.js';

const MINUTES = 30;
const GERMAN = {
  'Let organisers look at your notebooks?': 'Notebooks der Kursleitung zeigen?',
  'For {0} minutes the organisers can read what you have saved. They can change nothing, and run nothing.':
    '{0} Minuten lang kann die Kursleitung lesen, was Sie gespeichert haben. Sie kann nichts ändern und nichts ausführen.',
  'Show': 'Zeigen', 'Cancel': 'Abbrechen', 'Stop': 'Beenden',
  'Organisers may look at your notebooks until {0}': 'Die Kursleitung kann Ihre Notebooks bis {0} ansehen'
};

export class Showing {
  /* `node` is the line's place. */
  constructor(server, apputils, node, language) {
    Object.assign(this, { server, apputils, node });
    this.german = /^de/i.test(language || '');
    node.style.cssText = 'align-items: center; gap: 8px; padding: 0 8px; white-space: nowrap; ' +
      'background: var(--jp-warn-color3); color: var(--jp-ui-font-color0);';
    node.setAttribute('role', 'status');
    this.set(0);
  }

  say(text, value) {
    return ((this.german && GERMAN[text]) || text).replace('{0}', value);
  }

  /* Until when, in seconds since 1970; 0 for not at all. */
  set(until) {
    window.clearTimeout(this.timer);
    const left = 1000 * until - Date.now();
    this.node.style.display = left > 0 ? 'flex' : 'none';
    if (left <= 0) {
      this.node.replaceChildren();
      return;
    }
    const time = new Date(1000 * until).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    const stop = element('button', this.say('Stop'), 'jp-mod-styled');
    stop.addEventListener('click', () => void this.tell(0));
    this.node.replaceChildren(element('span', this.say('Organisers may look at your notebooks until {0}', time)), stop);
    this.timer = window.setTimeout(() => this.set(0), left);
  }

  async ask() {
    const { showDialog, Dialog } = this.apputils;
    const answer = await showDialog({
      title: this.say('Let organisers look at your notebooks?'),
      body: this.say(
        'For {0} minutes the organisers can read what you have saved. They can change nothing, and run nothing.', MINUTES
      ),
      buttons: [Dialog.cancelButton({ label: this.say('Cancel') }), Dialog.okButton({ label: this.say('Show') })]
    });
    if (answer.button.accept) {
      await this.tell(MINUTES);
    }
  }

  async tell(minutes) {
    try {
      this.set((await this.server.ask('showing', { minutes })).shown_until);
    } catch (error) {
      this.apputils.Notification.error(String(error.message || error), { autoClose: false });
    }
  }
}
