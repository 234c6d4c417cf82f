/*
 * Looking at images by a double click: NiiVue's canvas, with what the server read (skrt_workspace.viewer.opening).
 *
 * A module that is loaded when the first image is opened. `Look` fills an element with one file; `Study` adds the tree
 * of a folder. Coordinates are DICOM's (LPS); NiiVue counts in RAS.
 */
import { element } from './element.js';

const WINDOWS = { 'soft tissue': [-160, 240], lung: [-1350, 150], bone: [-500, 1300], brain: [0, 80] };
const PLANES = { 'planes and 3D': 3, axial: 0, coronal: 1, sagittal: 2, '3D': 4 };
const DOSE_OPACITY = 0.4;

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
      const shown = await this.server.ask('look', { path, series: series || '' });
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
    if (this.canvas) {
      const context = this.canvas.getContext('webgl2');
      const lose = context && context.getExtension('WEBGL_lose_context');
      if (lose) {
        lose.loseContext();
      }
      this.canvas = null;
    }
  }

  async show(shown) {
    this.shown = shown;
    const title = element('h2', shown.title);
    const facts = element('table');
    for (const [name, text] of shown.facts) {
      const row = element('tr');
      row.append(element('th', name), element('td', text));
      facts.append(row);
    }
    const notes = shown.notes.map(note => element('p', note, 'skrt-look-note'));
    this.dispose();
    this.node.replaceChildren(title, ...(shown.facts.length ? [facts] : []), ...notes);
    if (shown.image) {
      await this.draw(shown);
    }
  }

  async draw(shown) {
    const canvas = element('canvas');
    if (!canvas.getContext('webgl2')) {
      const why = 'This browser has no WebGL 2, so images cannot be drawn here. In a notebook, '
        + '`from skrt_workspace import data, view` and `view(...).picture()` give a picture.';
      this.node.append(element('p', why, 'skrt-look-refused'));
      return;
    }
    const { Niivue } = await import('./niivue.js');
    this.canvas = element('canvas');
    this.readout = element('p', '', 'skrt-look-readout');
    const frame = element('div', '', 'skrt-look-frame');
    frame.append(this.canvas);
    this.node.append(frame, this.readout);
    const options = {
      backColor: [0, 0, 0, 1], show3Dcrosshair: true, isRadiologicalConvention: true, multiplanarForceRender: true,
      crosshairWidth: 1, isResizeCanvas: true, dragAndDropEnabled: false, loadingText: '', logLevel: 'error'
    };
    this.niivue = new Niivue(options);
    await this.niivue.attachToCanvas(this.canvas);
    this.niivue.onLocationChange = place => this.tell(place);
    await this.niivue.loadVolumes(await this.volumes(shown));
    shown.layers.forEach((layer, number) => {
      this.niivue.volumes[this.firstLayer + number].setColormapLabel(layer.colours);
    });
    this.niivue.updateGLVolume();
    this.niivue.setSliceType(PLANES['planes and 3D']);
    if (shown.place) {
      const [x, y, z] = shown.place;
      this.niivue.scene.crosshairPos = this.niivue.mm2frac([-x, -y, z]);
    }
    this.niivue.createOnLocationChange();
    this.niivue.drawScene();
    frame.before(this.controls(shown));
    this.node.dataset.ready = 'true';
  }

  async volumes(shown) {
    const load = async (image, more) => ({
      url: await this.server.image(shown.token, image.file), name: image.file, cal_min: image.low, cal_max: image.high,
      ...more
    });
    const found = [await load(shown.image, { colormap: shown.image.colormap || 'gray' })];
    if (shown.other) {
      found.push(await load(shown.other, { colormap: 'warm', opacity: 0.5 }));
    }
    if (shown.dose) {
      found.push(await load(shown.dose, { colormap: 'jet', opacity: DOSE_OPACITY }));
    }
    this.firstLayer = found.length;
    for (const layer of shown.layers) {
      found.push(await load(layer, { opacity: 1 }));
    }
    return found;
  }

  controls(shown) {
    const bar = element('div', '', 'skrt-look-bar');
    const own = [shown.image.low, shown.image.high];
    const windows = { 'as it is': own, ...WINDOWS };
    bar.append(choice('window', Object.keys(windows), name => this.window(...windows[name])));
    bar.append(choice('show', Object.keys(PLANES), name => this.niivue.setSliceType(PLANES[name])));
    for (const [name, start] of [['other', 0.5], ['dose', DOSE_OPACITY]]) {
      if (shown[name]) {
        const number = name === 'dose' && shown.other ? 2 : 1;
        bar.append(slider(name, start, value => this.niivue.setOpacity(number, value)));
      }
    }
    for (const one of shown.structures) {
      bar.append(this.box(one));
    }
    return bar;
  }

  window(low, high) {
    for (const volume of this.niivue.volumes.slice(0, this.shown.other ? 2 : 1)) {
      volume.cal_min = low;
      volume.cal_max = high;
    }
    this.niivue.updateGLVolume();
  }

  box(one) {
    const label = element('label', '', 'skrt-look-box');
    const mark = element('span', '■');
    mark.style.color = 'rgb(' + one.colour.join(',') + ')';
    const input = element('input');
    Object.assign(input, { type: 'checkbox', checked: true });
    input.addEventListener('change', () => {
      this.shown.layers.forEach((layer, number) => {
        const index = layer.colours.labels.indexOf(one.name);
        if (index > 0) {
          layer.colours.A[index] = input.checked ? 255 : 0;
          this.niivue.volumes[this.firstLayer + number].setColormapLabel(layer.colours);
        }
      });
      this.niivue.updateGLVolume();
    });
    label.append(input, mark, one.name);
    return label;
  }

  tell(place) {
    const [right, front, up] = place.mm;
    const values = (place.values || []).slice(0, this.firstLayer).map(value => {
      const unit = value.name.startsWith('dose') ? ' Gy' : '';
      const name = value.name.replace('.nii.gz', '');
      return name + ' ' + (unit ? value.value.toFixed(2) : Math.round(value.value * 100) / 100) + unit;
    });
    const words = [-right, -front, up].map(number => number.toFixed(1)).join(', ');
    this.readout.textContent = 'x, y, z: ' + words + ' mm (LPS)   ' + values.join('   ');
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

function choice(name, options, chosen) {
  const label = element('label', name + ' ');
  const select = element('select');
  select.append(...options.map(option => element('option', option)));
  select.addEventListener('change', () => chosen(select.value));
  label.append(select);
  return label;
}

function slider(name, value, moved) {
  const label = element('label', name + ' ');
  const input = element('input');
  Object.assign(input, { type: 'range', min: 0, max: 1, step: 0.05, value });
  input.addEventListener('input', () => moved(Number(input.value)));
  label.append(input);
  return label;
}

const style = element('style', `
.skrt-look { display: flex; flex-direction: column; padding: 6px 10px; overflow: auto; height: 100%;
  box-sizing: border-box; color: var(--jp-ui-font-color1); font-size: var(--jp-ui-font-size1); }
.skrt-look h2 { font-size: 1.1em; margin: 2px 0; }
.skrt-look p { margin: 3px 0; }
.skrt-look table { border-collapse: collapse; align-self: flex-start; }
.skrt-look th, .skrt-look td { text-align: left; padding: 2px 14px 2px 0; vertical-align: top; white-space: pre-wrap; }
.skrt-look-refused { white-space: pre-wrap; max-width: 50em; }
.skrt-look-note { color: var(--jp-ui-font-color2); }
.skrt-look-bar { display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: center; padding: 3px 0; }
.skrt-look-box span { padding: 0 3px; }
.skrt-look-frame { flex: 1 1 auto; min-height: 320px; position: relative; background: black; }
.skrt-look-frame canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
.skrt-look-readout { min-height: 1.3em; font-family: var(--jp-code-font-family); }
.skrt-study { display: flex; height: 100%; color: var(--jp-ui-font-color1); font-size: var(--jp-ui-font-size1); }
.skrt-study-tree { flex: 0 0 260px; overflow: auto; padding: 6px 8px; border-right: 1px solid var(--jp-border-color1); }
.skrt-study-tree h3 { font-size: 1em; margin: 8px 0 2px; }
.skrt-study-tree h4 { font-size: 1em; font-weight: normal; margin: 6px 0 2px; color: var(--jp-ui-font-color2); }
.skrt-study-look { flex: 1 1 auto; min-width: 0; }
.skrt-study-series { display: block; width: 100%; text-align: left; border: 0; background: none; padding: 3px 8px;
  color: inherit; cursor: pointer; }
.skrt-study-series:hover { background: var(--jp-layout-color2); }
.skrt-study-series.skrt-chosen { background: var(--jp-brand-color3); }
`);
document.head.append(style);
