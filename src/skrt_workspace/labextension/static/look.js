/*
 * Looking at images by a double click: NiiVue's canvas, with what the server read (skrt_workspace.viewer.opening).
 *
 * A module that is loaded when the first image is opened. `Look` fills an element with one file; `Study` adds the tree
 * of a folder. Coordinates are DICOM's (LPS); NiiVue counts in RAS.
 */
import { element } from './element.js';
import { possible } from './planes.js';
import { show } from './shown.js';

export class Look {
  constructor(server, node) {
    this.server = server;
    this.node = node;
    this.node.classList.add('skrt-look');
    this.node.tabIndex = 0;
  }

  async open(path, series) {
    this.say('Opening ' + path.split('/').pop() + ' …');
    try {
      const picture = !possible();
      const shown = await this.server.ask('look', { path, series: series || '', picture });
      await this.show(shown);
    } catch (error) {
      this.say(String(error.message || error), 'skrt-look-refused');
    }
  }

  say(text, kind) {
    this.dispose();
    this.node.replaceChildren(element('p', text, kind || 'skrt-look-words'));
  }

  dispose() {
    if (this.planes) {
      this.planes.dispose();
      this.planes = null;
    }
  }

  async show(shown) {
    const title = element('h2', shown.title);
    const facts = element('table');
    for (const [name, text] of shown.facts) {
      const row = element('tr');
      row.append(element('th', name), element('td', text));
      facts.append(row);
    }
    const notes = shown.notes.map(note => element('p', note, 'skrt-look-note'));
    this.dispose();
    const body = element('div', '', 'skrt-look-scene');
    this.node.replaceChildren(title, ...(shown.facts.length ? [facts] : []), ...notes, body);
    if (shown.picture) {
      const why = 'This browser has no WebGL 2: here is a picture of the three planes.';
      const image = Object.assign(element('img'), { src: 'data:image/png;base64,' + shown.picture });
      body.append(element('p', why, 'skrt-look-note'), image);
    } else if (shown.image) {
      for (const image of [shown.image, shown.other, shown.dose, ...shown.layers].filter(Boolean)) {
        image.name = image.file;
        image.url = await this.server.image(shown.token, image.file);
      }
      this.planes = (await show(body, shown)).planes;
    }
    this.node.dataset.ready = 'true';
  }
}

export class Study {
  constructor(server, node) {
    this.server = server;
    this.node = node;
    this.node.classList.add('skrt-study');
  }

  async open(path) {
    this.node.replaceChildren(element('p', 'Looking through ' + path + ' …', 'skrt-look-words'));
    try {
      const shown = await this.server.ask('look', { path });
      this.show(path, shown);
    } catch (error) {
      this.node.replaceChildren(element('p', String(error.message || error), 'skrt-look-refused'));
    }
  }

  dispose() {
    if (this.look) {
      this.look.dispose();
    }
  }

  show(path, shown) {
    const tree = element('div', '', 'skrt-study-tree');
    const place = element('div', '', 'skrt-study-look');
    this.look = new Look(this.server, place);
    this.look.say('Choose a series.');
    for (const patient of shown.tree) {
      tree.append(element('h3', patient.label));
      for (const study of patient.studies) {
        tree.append(element('h4', study.label), ...study.series.map(series => this.row(path, series)));
      }
    }
    tree.append(...shown.notes.map(note => element('p', note, 'skrt-look-note')));
    this.node.replaceChildren(tree, place);
  }

  row(path, series) {
    const many = series.count > 1 ? ' (' + series.count + ')' : '';
    const button = element('button', series.label + many, 'skrt-study-series');
    button.addEventListener('click', () => {
      for (const other of this.node.querySelectorAll('.skrt-study-series')) {
        other.classList.toggle('skrt-chosen', other === button);
      }
      void (series.file ? this.look.open(path + '/' + series.file) : this.look.open(path, series.uid));
    });
    return button;
  }
}
