/*
 * The page that JupyterLab opens with: the course's notebooks, the organiser's text, what is new, one's own limits.
 *
 * All words that come from people are set as text; the organiser's Markdown is drawn by JupyterLab, which cleans it.
 */
import { element } from './element.js';

const GERMAN = {
  'Start': 'Start', 'What is new': 'Neu', 'Notebooks': 'Notebooks', 'Examples': 'Beispiele',
  'New notebook': 'Neues Notebook', 'Everything else': 'Alles andere', 'What you have': 'Was Ihnen zur Verfügung steht',
  'memory': 'Arbeitsspeicher', 'processors': 'Prozessoren', 'files': 'Dateien', 'server': 'Server',
  'up to {0}': 'bis zu {0}', '{0} of {1} used': '{0} von {1} belegt', '{0} free': '{0} frei',
  'ends after {0} without use; your files stay': 'endet nach {0} ohne Benutzung; Ihre Dateien bleiben',
  'does not end by itself': 'endet nicht von selbst', '{0} min': '{0} min', '{0} h': '{0} Std.',
  'and {0} more in this folder': 'und {0} weitere in diesem Ordner',
  'Shared with your group': 'Gemeinsam mit Ihrer Gruppe', 'to read only': 'nur zum Lesen',
  'everybody who has it may change what is in it': 'alle, die ihn haben, können den Inhalt ändern',
  'There is no notebook of the course here yet.': 'Hier ist noch kein Notebook des Kurses.'
};

export class Start {
  /* `does`: open(path), command(name, arguments), draw(markdown) giving an element. */
  constructor(server, node, does, language) {
    Object.assign(this, { server, node, does });
    this.german = /^de/i.test(language || '');
    node.classList.add('skrt-start');
  }

  say(text, ...values) {
    const words = this.german ? GERMAN[text] || text : text;
    return values.reduce((all, value, number) => all.replace('{' + number + '}', value), words);
  }

  async open() {
    try {
      const found = await this.server.ask('start');
      const welcome = found.welcome ? await this.does.draw(found.welcome) : null;
      this.node.replaceChildren(element('h1', found.title), ...(welcome ? [welcome] : []), this.news(found.news),
        ...this.folders(found.folders), this.shared(found.shared || []), this.buttons(), this.limits(found.limits));
      this.node.dataset.ready = 'true';
    } catch (error) {
      this.node.replaceChildren(element('p', String(error.message || error)), this.buttons());
    }
  }

  news(texts) {
    const box = element('section');
    if (texts.length) {
      box.append(element('h2', this.say('What is new')), ...texts.map(text => element('p', text, 'skrt-start-news')));
    }
    return box;
  }

  folders(found) {
    if (!found.length) {
      return [element('p', this.say('There is no notebook of the course here yet.'))];
    }
    return found.map(folder => {
      const box = element('section');
      const list = element('ul');
      for (const one of folder.notebooks) {
        const item = element('li');
        const button = element('button', one.heading || one.path.split('/').pop(), 'skrt-start-notebook');
        button.title = one.path;
        button.addEventListener('click', () => this.does.open(one.path));
        item.append(button, element('span', one.path));
        list.append(item);
      }
      const name = folder.name === 'examples' ? this.say('Examples') : folder.name;
      box.append(element('h2', name), list);
      if (folder.more) {
        box.append(element('p', this.say('and {0} more in this folder', folder.more)));
      }
      return box;
    });
  }

  shared(found) {
    const box = element('section');
    const list = element('ul');
    for (const folder of found) {
      const item = element('li');
      if (folder.link) {
        const button = element('button', folder.name, 'skrt-start-notebook');
        button.addEventListener('click', () => this.does.command('filebrowser:go-to-path', { path: folder.link }));
        item.append(button);
      }
      const words = [folder.path];
      words.push(this.say(folder.write ? 'everybody who has it may change what is in it' : 'to read only'));
      if (folder.limit && folder.used !== null) {
        words.push(this.say('{0} of {1} used', size(folder.used), size(folder.limit)));
      }
      item.append(element('span', words.join(' · ')));
      list.append(item);
    }
    if (found.length) {
      box.append(element('h2', this.say('Shared with your group')), list);
    }
    return box;
  }

  buttons() {
    const bar = element('p');
    /* Without the kernel's name, JupyterLab would ask for it. */
    const offered = [
      ['New notebook', 'notebook:create-new', { kernelName: 'python3' }], ['Everything else', 'launcher:create', {}]
    ];
    for (const [words, command, given] of offered) {
      const button = element('button', this.say(words), 'skrt-start-button jp-mod-styled');
      button.addEventListener('click', () => this.does.command(command, given));
      bar.append(button);
    }
    return bar;
  }

  limits(found) {
    const table = element('table');
    const rows = [];
    if (found.memory) {
      rows.push(['memory', this.say('up to {0}', size(found.memory))]);
    }
    if (found.processors) {
      rows.push(['processors', this.say('up to {0}', found.processors)]);
    }
    const { used, limit, free } = found.home;
    rows.push(['files', limit ? this.say('{0} of {1} used', size(used), size(limit)) : this.say('{0} free', size(free))]);
    if (found.idle !== null && found.idle !== undefined) {
      const ends = 'ends after {0} without use; your files stay';
      rows.push(['server', found.idle ? this.say(ends, this.time(found.idle)) : this.say('does not end by itself')]);
    }
    for (const [name, words] of rows) {
      const row = element('tr');
      row.append(element('th', this.say(name)), element('td', words));
      table.append(row);
    }
    const box = element('section');
    box.append(element('h2', this.say('What you have')), table);
    return box;
  }

  time(seconds) {
    return seconds < 5400 ? this.say('{0} min', Math.round(seconds / 60)) : this.say('{0} h', Math.round(seconds / 360) / 10);
  }
}

function size(bytes) {
  return bytes < 1e9 ? Math.round(bytes / 1e6) + ' MB' : (bytes / 1e9).toFixed(1) + ' GB';
}

document.head.append(element('style', `
.skrt-start { overflow: auto; height: 100%; box-sizing: border-box; padding: 12px 28px 28px;
  color: var(--jp-ui-font-color1); font-size: var(--jp-content-font-size1); line-height: 1.5; }
.skrt-start > * { max-width: 56em; }
.skrt-start h1 { font-size: 1.6em; margin: 8px 0; }
.skrt-start h2 { font-size: 1.15em; margin: 18px 0 4px; }
.skrt-start ul { list-style: none; margin: 0; padding: 0; }
.skrt-start li span { color: var(--jp-ui-font-color2); font-size: 0.85em; padding-left: 10px; }
.skrt-start-notebook { border: 0; background: none; padding: 3px 0; font: inherit; cursor: pointer;
  color: var(--jp-content-link-color); text-align: left; }
.skrt-start-notebook:hover { text-decoration: underline; }
.skrt-start-news { white-space: pre-wrap; margin: 2px 0; }
.skrt-start-button { margin: 14px 10px 0 0; }
.skrt-start table { border-collapse: collapse; }
.skrt-start section th, .skrt-start section td { text-align: left; padding: 2px 18px 2px 0; font-weight: normal; }
.skrt-start section th { color: var(--jp-ui-font-color2); }
`));
