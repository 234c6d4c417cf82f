/*
 * The side bar's list of cohorts: how far each is, why patients failed, and buttons to cancel one or to try again.
 *
 * It asks the server only while somebody sees it. All words that come from people are set as text.
 */
import { element } from './element.js';

const GERMAN = {
  '{0} of {1} done': '{0} von {1} fertig', '{0} failed': '{0} fehlgeschlagen', '{0} running': '{0} in Arbeit',
  'running': 'läuft', 'waiting': 'wartet', 'cancelled': 'abgebrochen', 'finished': 'beendet',
  'Cancel': 'Abbrechen', 'Try again': 'Noch einmal versuchen',
  'A cohort is a function that is done for many patients, also while you are away.':
    'Eine Kohorte ist eine Funktion, die für viele Patienten ausgeführt wird, auch wenn Sie nicht da sind.'
};
const EVERY = 3000;

export class Cohorts {
  constructor(server, node, language) {
    Object.assign(this, { server, node });
    this.german = /^de/i.test(language || '');
    this.last = '';
    node.classList.add('skrt-cohorts');
  }

  say(text, ...values) {
    const words = this.german ? GERMAN[text] || text : text;
    return values.reduce((all, value, number) => all.replace('{' + number + '}', value), words);
  }

  /* Begin and end to look, as the panel comes into sight and goes. */
  show() {
    if (!this.timer) {
      void this.look();
      this.timer = window.setInterval(() => document.hidden || void this.look(), EVERY);
    }
  }

  hide() {
    window.clearInterval(this.timer);
    this.timer = 0;
  }

  /* A server that answers slowly is not asked again meanwhile, but for what somebody pressed. */
  async look(change) {
    if (this.asking && !change) {
      return;
    }
    this.asking = true;
    try {
      this.draw((await this.server.ask('cohorts', change)).cohorts);
    } catch (error) {
      this.node.replaceChildren(element('p', String(error.message || error)));
      this.last = '';
    } finally {
      this.asking = false;
    }
  }

  draw(found) {
    const text = JSON.stringify(found);
    if (text === this.last) {
      return;  /* a button that somebody is about to press stays the same */
    }
    this.last = text;
    const about = 'A cohort is a function that is done for many patients, also while you are away.';
    const example = element('pre', 'from skrt_workspace import cohort\ncohort.run(function, patients)');
    this.node.replaceChildren(
      ...(found.length ? found.map(one => this.one(one)) : [element('p', this.say(about)), example])
    );
    this.node.dataset.ready = 'true';
  }

  one(found) {
    const box = element('section');
    const bar = element('progress');
    Object.assign(bar, { max: found.total, value: found.done + found.failed });
    const words = [this.say('{0} of {1} done', found.done, found.total)];
    if (found.failed) {
      words.push(this.say('{0} failed', found.failed));
    }
    if (found.running) {
      words.push(this.say('{0} running', found.running));
    }
    box.append(element('h3', found.name), bar, element('p', [...words, this.say(found.state)].join(', ')));
    for (const { patient, error } of found.errors) {
      box.append(element('p', patient + ': ' + error, 'skrt-cohorts-error'));
    }
    if (found.state === 'running' || found.state === 'waiting') {
      box.append(this.button('Cancel', found.name, 'cancel'));
    } else if (found.failed || found.state === 'cancelled') {
      box.append(this.button('Try again', found.name, 'retry'));
    }
    return box;
  }

  button(words, name, what) {
    const made = element('button', this.say(words), 'jp-mod-styled');
    made.addEventListener('click', () => {
      made.disabled = true;
      void this.look({ name, what });
    });
    return made;
  }
}

document.head.append(element('style', `
.skrt-cohorts { overflow: auto; padding: 10px; color: var(--jp-ui-font-color1); font-size: var(--jp-ui-font-size1); }
.skrt-cohorts section { border-bottom: 1px solid var(--jp-border-color2); padding-bottom: 10px; margin-bottom: 10px; }
.skrt-cohorts h3 { margin: 4px 0; font-size: 1.1em; overflow-wrap: anywhere; }
.skrt-cohorts progress { width: 100%; }
.skrt-cohorts p { margin: 4px 0; overflow-wrap: anywhere; }
.skrt-cohorts pre { white-space: pre-wrap; }
.skrt-cohorts-error { color: var(--jp-error-color1); }
`));
